import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { identityOf, isRunning } from "./process-identity.ts";

test("a process is the same until it ends, and no other is", async () => {
  const child = spawn("sleep", ["30"], { stdio: "ignore" });
  const identity = await identityOf(child.pid ?? 0);
  if (identity === undefined) throw new Error("no such process");
  expect(await isRunning(identity)).toBe(true);
  expect(await isRunning({ ...identity, started: "1" })).toBe(false);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await isRunning(identity)).toBe(false);
});

test("what cannot be seen from here has no identity", async () => {
  expect(await identityOf(0)).toBeUndefined(); // the parent of a container's first process
});
