import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { silentLog } from "../runner/log.ts";
import { takeLock } from "./lock.ts";
import { recordingLog } from "./testing/recording-log.ts";
import { tempFolder } from "./testing/temp-folder.ts";

describe("the lock", () => {
  it("lets the second wait, showing what the first announces, until the first is done", async () => {
    const path = join(await tempFolder(), "not/there/yet");
    const order: string[] = [];
    const first = await takeLock({ path, log: silentLog });
    first.announce("3 of 9 programs linked");
    const log = recordingLog();
    const second = takeLock({ path, log }).then((lock) => {
      order.push("second has it");
      return lock;
    });
    await expect.poll(() => log.lines).toContain(`update: process ${process.pid}: 3 of 9 programs linked`);
    order.push("first is done");
    await first[Symbol.asyncDispose]();
    await (await second)[Symbol.asyncDispose]();
    expect(order).toEqual(["first is done", "second has it"]);
    expect(log.lines[0]).toBe("step: Waiting for another rehearsal to prepare the toolchain");
    expect(log.lines.at(-1)).toBe("done: ");
    expect(existsSync(`${path}.lock`)).toBe(false);
    expect(existsSync(`${path}.progress`)).toBe(false);
  });

  it("stops waiting when aborted", async () => {
    const path = join(await tempFolder(), "x");
    await using _first = await takeLock({ path, log: silentLog });
    const abort = new AbortController();
    const log = recordingLog();
    const second = takeLock({ path, log, signal: abort.signal });
    await expect.poll(() => log.lines.length).toBeGreaterThan(0);
    abort.abort(new Error("enough"));
    await expect(second).rejects.toThrow("enough");
    expect(log.lines.at(-1)).toBe("failed: ");
  });

  // Takes 2 s: proper-lockfile takes no lock for stale that is younger.
  it("of a process that was killed is taken over once it is stale", async () => {
    const path = join(await tempFolder(), "x");
    const script = `
      import { takeLock } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))};
      import { silentLog } from ${JSON.stringify(join(import.meta.dirname, "../runner/log.ts"))};
      const lock = await takeLock({ path: process.argv[1], log: silentLog });
      lock.announce("building");
      setTimeout(() => console.log("taken"), 100);
      setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ["--input-type=module", "-e", script, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    holder.kill("SIGKILL");
    await new Promise((resolve) => holder.once("exit", resolve));
    expect(existsSync(`${path}.lock`)).toBe(true);
    const log = recordingLog();
    await using lock = await takeLock({ path, log, staleMs: 2_000 });
    expect(lock.signal.aborted).toBe(false);
    expect(log.lines).toContain(`update: process ${holder.pid} has died; its lock expires soon`);
  });

  it("stays fresh for as long as it is held", async () => {
    const path = join(await tempFolder(), "x");
    await using _lock = await takeLock({ path, log: silentLog, staleMs: 2_000 });
    const taken = (await stat(`${path}.lock`)).mtimeMs;
    await setTimeout(1_400);
    expect((await stat(`${path}.lock`)).mtimeMs).toBeGreaterThan(taken);
  });
});
