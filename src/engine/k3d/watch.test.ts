import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../kubernetes/client.ts";
import { type NodeState, stateOf } from "./nodes.ts";
import { type ContainerState, judgeContainers, judgeDisk, judgePressure, silenceOf } from "./watch.ts";

const running: ContainerState = {
  name: "k3d-a-server-0",
  status: "running",
  startedAt: "2026-01-01T00:00:00Z",
  oomKilled: false,
  exitCode: 0,
};

function node(conditions: { type: string; status: string; message?: string }[]): KubeObject {
  return { apiVersion: "v1", kind: "Node", metadata: { name: "n" }, status: { conditions } };
}

const ready: NodeState = { name: "n", ready: true, why: "", pressures: [] };

describe("a node", () => {
  it("says why it is not ready", () => {
    const state = stateOf(node([{ type: "Ready", status: "False", message: "cni plugin not initialized" }]));
    expect(state).toEqual({ name: "n", ready: false, why: "cni plugin not initialized", pressures: [] });
  });

  it("is not ready when it says nothing, or does not know", () => {
    expect(stateOf(node([])).ready).toBe(false);
    expect(stateOf(node([{ type: "Ready", status: "Unknown" }])).ready).toBe(false);
  });

  it("reports only pressures that hold", () => {
    const state = stateOf(
      node([
        { type: "MemoryPressure", status: "False" },
        { type: "DiskPressure", status: "True", message: "kubelet has disk pressure" },
        { type: "Ready", status: "True" },
      ]),
    );
    expect(state.ready).toBe(true);
    expect(state.pressures).toEqual([{ type: "DiskPressure", message: "kubelet has disk pressure" }]);
  });
});

describe("a node's container", () => {
  const judge = (now: ContainerState | undefined) =>
    judgeContainers(new Map([["id", running]]), now ? new Map([["id", now]]) : new Map())?.what;

  it("that runs on is fine", () => {
    expect(judge(running)).toBeUndefined();
  });

  it.each([
    ["removed", undefined, "the node k3d-a-server-0 was removed"],
    [
      "ended",
      { ...running, status: "exited", exitCode: 137 },
      "the node k3d-a-server-0 is exited (exit code 137)",
    ],
    [
      "out of memory",
      { ...running, status: "exited", oomKilled: true },
      "the node k3d-a-server-0 was killed because memory ran out",
    ],
    [
      "started again",
      { ...running, startedAt: "2026-01-01T00:01:00Z" },
      "the node k3d-a-server-0 ended and was started again",
    ],
  ])("that is %s is lost", (_, now, what) => {
    expect(judge(now)).toBe(what);
  });
});

describe("pressure", () => {
  const full = { folder: "/var/lib/docker", free: 0.5e9, total: 14e9 };
  const under = (type: string): NodeState => ({ ...ready, pressures: [{ type, message: "m" }] });

  it("of the disk is called a full disk, with the numbers", () => {
    expect(judgePressure([ready, under("DiskPressure")], full)).toBe(
      "the disk is full: n reports DiskPressure (m), 500 MB of 14 GB are free in /var/lib/docker",
    );
    expect(judgePressure([under("DiskPressure")], undefined)).toBe(
      "the disk is full: n reports DiskPressure (m)",
    );
  });

  it("of memory and of processes is told as well", () => {
    expect(judgePressure([under("MemoryPressure")], full)).toBe(
      "memory ran out: n reports MemoryPressure (m)",
    );
    expect(judgePressure([under("PIDPressure")], full)).toBe("n reports PIDPressure (m)");
  });

  it("is not there without a report", () => {
    expect(judgePressure([ready], full)).toBeUndefined();
    expect(judgePressure("no answer", full)).toBeUndefined();
  });
});

it("a disk is full where nothing can be written any more", () => {
  expect(judgeDisk({ folder: "/d", free: 0.1e9, total: 10e9 })).toBe(
    "the disk is full: 100 MB of 10 GB are free in /d",
  );
  expect(judgeDisk({ folder: "/d", free: 0.5e9, total: 10e9 })).toBeUndefined();
  expect(judgeDisk(undefined)).toBeUndefined();
});

describe("silence", () => {
  const away: NodeState = { ...ready, ready: false, why: "kubelet stopped posting status" };

  it("is borne for a while, and told with what was said last", () => {
    const silence = silenceOf();
    expect(silence([away], 0)).toBeUndefined();
    expect(silence("the API server did not answer", 30_000)).toBeUndefined();
    expect(silence([ready, away], 46_000)).toBe("n is not Ready: kubelet stopped posting status (for 46 s)");
  });

  it("begins anew after an answer", () => {
    const silence = silenceOf();
    expect(silence("gone", 0)).toBeUndefined();
    expect(silence([ready], 40_000)).toBeUndefined();
    expect(silence("gone", 50_000)).toBeUndefined();
    expect(silence("gone", 96_000)).toBe("gone (for 46 s)");
  });
});
