import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { InfrastructureError } from "./errors.ts";
import { CommandError, lastLines, mergeEnvironment, run, tryRun, withhold } from "./process.ts";

function shell(script: string, options: Parameters<typeof tryRun>[2] = {}) {
  return tryRun("sh", ["-c", script], options);
}

describe("a program", () => {
  test("gives what it printed, to the byte, and its code, whatever that is", async () => {
    expect(await shell("printf 'a\\n\\n'; printf b >&2; exit 3")).toEqual({
      stdout: "a\n\n",
      stderr: "b",
      exitCode: 3,
    });
  });

  test("gets its input, its folder and its environment, and no shell", async () => {
    const { stdout } = await tryRun("sh", ["-c", 'cat; pwd; echo "$ONLY-$GONE-$1"', "sh", "$(id); *"], {
      input: "in\n",
      cwd: "/",
      env: { ONLY: "this", GONE: undefined },
    });
    expect(stdout).toBe("in\n/\nthis--$(id); *\n");
  });

  test("tells its lines as they come", async () => {
    const lines: string[] = [];
    await shell("echo one; echo two >&2; sleep 0.1; printf three", { onLine: (line) => lines.push(line) });
    expect(lines.toSorted()).toEqual(["one", "three", "two"]);
  });

  test("that is killed has a code of its own", async () => {
    expect((await shell("kill -KILL $$")).exitCode).toBe(128);
  });

  test("that takes too long is ended, and says so", async () => {
    const startedAt = Date.now();
    const { exitCode, stderr } = await shell("echo early >&2; exec sleep 60", { timeoutMs: 300 });
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    expect(exitCode).toBe(128);
    expect(stderr).toBe("early\nsh took longer than 0.3 s");
  });

  test("that cannot be started is the infrastructure's fault", async () => {
    const failed = tryRun("no-such-program-anywhere", []);
    await expect(failed).rejects.toThrow(InfrastructureError);
    await expect(failed).rejects.toThrow(/^cannot start no-such-program-anywhere: /);
  });

  test("is ended with its signal, and throws the signal's reason", async () => {
    const abort = new AbortController();
    // What keeps the output open is a child of it, and neither heeds a kind word.
    const running = shell("trap '' TERM; sh -c \"trap '' TERM; sleep 60; sleep 60\" & wait; wait; sleep 60", {
      signal: abort.signal,
      onLine: () => undefined,
    });
    await sleep(200);
    const abortedAt = Date.now();
    abort.abort(new InfrastructureError("interrupted by SIGINT"));
    await expect(running).rejects.toThrow("interrupted by SIGINT");
    expect(Date.now() - abortedAt).toBeLessThan(5_000);
    await expect(shell("true", { signal: abort.signal })).rejects.toThrow("interrupted by SIGINT");
  });
});

test("a program that is aborted may put its things away first", async () => {
  const abort = new AbortController();
  const lines: string[] = [];
  const running = shell("trap 'echo tidy; exit' TERM; echo ready; sleep 60 & wait", {
    signal: abort.signal,
    onLine: (line) => {
      lines.push(line);
      if (line === "ready") abort.abort(new Error("enough"));
    },
  });
  await expect(running).rejects.toThrow("enough");
  expect(lines).toEqual(["ready", "tidy"]);
});

test("what has to succeed throws what it said last", async () => {
  const failed = run("sh", ["-c", "echo one >&2; echo two >&2; exit 4"]);
  await expect(failed).rejects.toThrow(
    "sh -c echo one >&2; echo two >&2; exit 4 failed with code 4: one | two",
  );
  const error = await failed.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CommandError);
  expect(error).toMatchObject({ result: { exitCode: 4, stderr: "one\ntwo\n" } });
});

test("the last lines of a text are its last that say anything, each cut where it is very long", () => {
  expect(lastLines("a\n\n b\nc\n \n", 2)).toBe(" b | c");
  expect(lastLines("", 3)).toBe("");
  expect(lastLines("x".repeat(1_000), 1).length).toBeLessThan(400);
});

test("an environment is this one's, with changes", () => {
  const merged = mergeEnvironment({ ADDED: "1", PATH: undefined });
  expect(merged).toMatchObject({ ADDED: "1" });
  expect("PATH" in merged).toBe(false);
  expect(process.env.PATH).toBeDefined();
});

test("what is withheld is seen by no program that is started from then on", async () => {
  process.env.REHEARSAL_TEST_SECRET = "s3cret";
  onTestFinished(() => {
    delete process.env.REHEARSAL_TEST_SECRET;
  });
  const print = ["-e", "console.log(process.env.REHEARSAL_TEST_SECRET, process.env.PATH !== undefined)"];
  expect((await run(process.execPath, print)).stdout).toBe("s3cret true\n");
  withhold(["REHEARSAL_TEST_SECRET"]);
  expect((await run(process.execPath, print)).stdout).toBe("undefined true\n");
});
