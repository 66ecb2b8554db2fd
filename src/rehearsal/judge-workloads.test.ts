import { describe, expect, it } from "vitest";
import { passing, underTest } from "./application-fixture.ts";
import { createBoard } from "./board.ts";
import { type JudgeOptions, judge } from "./judge.ts";
import { containerPace } from "./pace.ts";
import type { Finality, Reason } from "./reason.ts";
import { conclude } from "./result.ts";

const options: JudgeOptions = {
  fidelity: () => [],
  servedMerge: () => true,
  places: { ofApplication: () => undefined, ofReason: () => undefined },
  misled: undefined,
  timedOut: false,
};
const now: Finality = { when: "now" };

/** The verdict where each of these Applications fails for what its Pods say, and the others pass. */
function judged(reasons: Record<string, Reason | undefined>, changes: Partial<JudgeOptions> = {}) {
  const board = createBoard({
    underTest,
    allowEmpty: [],
    settleMs: 3_000,
    pace: containerPace,
    workloads: {
      assess({ metadata }) {
        const reason = reasons[metadata.name];
        const failure = reason && { reason, finality: now };
        return {
          failure,
          hint: undefined,
          detail: undefined,
          working: false,
          changedAt: 0,
          unsettledUntil: 0,
        };
      },
    },
  });
  for (const [name, reason] of Object.entries(reasons)) {
    const health = reason ? "Progressing" : "Healthy";
    board.observe("Application", passing(name, { "status.health.status": health }), false, 0);
  }
  let state = "running";
  for (let at = 100; at <= 20_000 && state === "running"; at += 100) state = board.conclude(at).state;
  const parts = judge(board.all, { ...options, ...changes });
  return { ...parts, ...conclude(parts, state === "passed") };
}

const crash: Reason = { code: "crash", class: "change", message: "container app crashes: exit code 1" };
const unreachable: Reason = {
  code: "image",
  class: "infrastructure",
  message: "image db cannot be pulled: no such host",
};
const full: Reason = { code: "unschedulable", class: "infrastructure", message: "the cluster is full" };
const denied: Reason = {
  code: "image",
  class: "configuration",
  message: "image x cannot be pulled: 401 Unauthorized",
};

describe("a rehearsal with real containers", () => {
  it("fails for a container that crashes", () => {
    const { result, summary } = judged({ web: crash, db: undefined });
    expect({ result, summary }).toEqual({
      result: "failed",
      summary: "1 of 2 Applications did not pass; at fault: web.",
    });
  });

  it("proves nothing where an image could not be pulled, nor where the cluster is full", () => {
    expect(judged({ web: unreachable }).result).toBe("infrastructure");
    expect(judged({ web: full }).result).toBe("infrastructure");
  });

  it("was misconfigured where a registry wants credentials", () => {
    expect(judged({ web: denied }).result).toBe("misused");
  });

  it("does not blame what crashes for want of what could not be pulled", () => {
    const { result, applications } = judged({ web: crash, db: unreachable });
    expect(result).toBe("infrastructure");
    expect(applications.find(({ name }) => name === "web")?.reason).toMatchObject({
      class: "infrastructure",
      message: "container app crashes: exit code 1 (db could not be rehearsed, and may have brought it)",
    });
  });

  it("carries what its Pods told, where they were asked", () => {
    const diagnosis = { pods: [], others: ["event FailedCreate"], nodes: [], incomplete: [] };
    const { applications } = judged(
      { web: crash, db: undefined },
      { diagnoses: new Map([["argocd/web", diagnosis]]) },
    );
    expect(applications.map(({ diagnosis }) => diagnosis)).toEqual([undefined, diagnosis]);
  });
});
