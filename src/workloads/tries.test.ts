import { describe, expect, it } from "vitest";
import type { ContainerStatus } from "./objects.ts";
import { backsOff, ends, pod, runsAgain, started } from "./pod-fixture.ts";
import { durationOf, mustGoOn, nextTries } from "./tries.ts";

function statusIn({ containerStatuses }: { containerStatuses?: ContainerStatus[] }): ContainerStatus {
  const [status] = containerStatuses ?? [];
  if (!status) throw new Error("there is no status");
  return status;
}

describe("the tries of a container", () => {
  it("count each failure once, through its end, its back-off and its next run", () => {
    const ended: ContainerStatus = { name: "app", restartCount: 0, state: { terminated: ends() } };
    let tries = nextTries(undefined, ended, true, 100_000);
    expect(tries).toMatchObject({ failures: 1, beganAt: 98_000, ranMs: 2_000, runningSince: undefined });
    tries = nextTries(tries, statusIn(backsOff(1)), true, 101_000);
    expect(tries).toMatchObject({ failures: 1, beganAt: 98_000 });
    tries = nextTries(tries, statusIn(runsAgain(1)), true, 111_000);
    expect(tries).toMatchObject({
      failures: 1,
      beganAt: 98_000,
      runningSince: 111_000,
      restartedAt: 111_000,
    });
    tries = nextTries(tries, statusIn(backsOff(2)), true, 114_000);
    expect(tries).toMatchObject({
      failures: 2,
      beganAt: 112_000,
      runningSince: undefined,
      restartedAt: 111_000,
    });
  });

  it("are none of one that runs and has never ended", () => {
    const tries = nextTries(
      nextTries(undefined, statusIn(started()), true, 1_000),
      statusIn(started()),
      true,
      9_000,
    );
    expect(tries).toMatchObject({ failures: 0, runningSince: 1_000, restartedAt: undefined });
  });

  it("have not failed where an end with 0 is what was wanted", () => {
    const done: ContainerStatus = {
      name: "app",
      restartCount: 0,
      state: { terminated: ends({ exitCode: 0 }) },
    };
    expect(nextTries(undefined, done, false, 0).failures).toBe(0);
    expect(nextTries(undefined, done, true, 0).failures).toBe(1);
  });

  it("ran for as long as their own clock says, and not since 1970", () => {
    expect(durationOf(ends())).toBe(2_000);
    expect(durationOf(ends({ startedAt: "1970-01-01T00:00:00Z" }))).toBe(0);
    expect(durationOf(ends({ startedAt: null }))).toBe(0);
  });
});

it("a container has to go on as its Pod says, an init container only as a sidecar", () => {
  const job = pod({ spec: { restartPolicy: "Never" } });
  expect(mustGoOn(pod(), { name: "a" }, false)).toBe(true);
  expect(mustGoOn(job, { name: "a" }, false)).toBe(false);
  expect(mustGoOn(pod(), { name: "a" }, true)).toBe(false);
  expect(mustGoOn(job, { name: "a", restartPolicy: "Always" }, true)).toBe(true);
});
