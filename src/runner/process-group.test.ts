import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { tryRunGroup } from "./process-group.ts";

/** A zombie is listed until its parent looks, and does nothing any more. */
function isAlive(pid: number): boolean {
  const state = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
  return state !== "" && !state.startsWith("Z");
}

/** Starts a shell with a child that outlives it unless killed too, and gives the pids of both. */
async function startFamily(script: string) {
  const abort = new AbortController();
  const lines: string[] = [];
  const { promise: told, resolve: tell } = Promise.withResolvers<void>();
  const running = tryRunGroup("sh", ["-c", script], {
    signal: abort.signal,
    onLine: (line) => {
      lines.push(line);
      if (lines.length === 2) tell();
    },
  });
  running.catch(() => undefined);
  await told;
  return { abort, running, pids: lines.map(Number) };
}

describe("a group of processes", () => {
  it("ends whole when aborted, and only then the promise settles", async () => {
    const { abort, running, pids } = await startFamily("sleep 300 & echo $!; echo $$; wait");
    expect(pids.map(isAlive)).toEqual([true, true]);
    abort.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    expect(pids.map(isAlive)).toEqual([false, false]);
  });

  it("ends even where its members ignore signals", async () => {
    const { abort, running, pids } = await startFamily(
      "trap '' TERM; sh -c 'echo $$; while :; do sleep 1; done' & echo $$; wait; wait",
    );
    abort.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    expect(pids.map(isAlive)).toEqual([false, false]);
  });

  it("gives output and exit code of one that ends by itself", async () => {
    const result = await tryRunGroup("sh", ["-c", "echo out; echo err >&2; exit 3"], {});
    expect(result).toEqual({ stdout: "out\n", stderr: "err\n", exitCode: 3 });
  });

  it("says what could not be started", async () => {
    await expect(tryRunGroup("no-such-program-here", [], {})).rejects.toThrow(
      "cannot start no-such-program-here",
    );
  });
});
