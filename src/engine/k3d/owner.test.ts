import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { formatOwner, isGone, type Owner, parseOwner, thisProcess, viewFromHere } from "./owner.ts";

const day = 24 * 60 * 60;

describe("an owner", () => {
  it("survives being a label", async () => {
    const owner = await thisProcess();
    expect(owner.pid).toBe(process.pid);
    expect(formatOwner(owner)).toMatch(/^[\w.-]+$/);
    expect(parseOwner(formatOwner(owner))).toEqual(owner);
  });

  it.each(["", "1", "1.2.3.4", "x.2.3.4.5", "1.2.3.4.5.6", "1.2.$(x).4.5", "-1.2.3.4.5"])(
    "is not made from %j",
    (text) => {
      expect(parseOwner(text)).toBeUndefined();
    },
  );
});

describe("an owner that runs", () => {
  it("is not gone", async () => {
    expect(await isGone(await thisProcess(), await viewFromHere(true))).toBe(false);
  });

  it("is gone once it ended", async () => {
    const child = spawn("sleep", ["60"], { stdio: "ignore" });
    await once(child, "spawn");
    const view = await viewFromHere(true);
    const started = await view.startOf(child.pid ?? 0);
    const owner = { ...(await thisProcess()), pid: child.pid ?? 0, started: started ?? "" };
    expect(await isGone(owner, view)).toBe(false);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await isGone(owner, view)).toBe(true);
  });

  it("is another one under the same pid, where it started at another time", async () => {
    const owner = { ...(await thisProcess()), started: "1" };
    expect(await isGone(owner, await viewFromHere(true))).toBe(true);
  });
});

describe("an owner that cannot be looked at", () => {
  const now = 2_000_000_000;
  const here = { space: "pid1", boot: "b", nowS: now, startOf: async () => undefined };
  const owner: Owner = { pid: 1, started: "5", space: "pid1", boot: "b", madeAt: now - 60 };

  it.each([
    ["in another container", { ...owner, space: "pid2" }, true, false],
    ["in another container, a day ago", { ...owner, space: "pid2", madeAt: now - day - 1 }, true, true],
    ["before the machine was booted", { ...owner, boot: "a" }, true, true],
    ["on what may be another machine", { ...owner, boot: "a" }, false, false],
    ["on another machine, a day ago", { ...owner, boot: "a", madeAt: now - day - 1 }, false, true],
  ])("%s", async (_, who, dockerIsHere, gone) => {
    expect(await isGone(who, { ...here, dockerIsHere })).toBe(gone);
  });
});
