import { describe, expect, it } from "vitest";
import { containerPace } from "../pace.ts";
import type { Finality, Finding, Reason } from "../reason.ts";
import type { Assessment } from "./assess.ts";
import { refine } from "./refine.ts";

const crash: Reason = {
  code: "crash",
  class: "change",
  message: "container app crashes: exit code 1, 3 times so far",
};
const image: Reason = {
  code: "image",
  class: "infrastructure",
  message: "image x cannot be pulled: no such host",
};
const habit: Finality = { when: "tried", beganAt: 1_000 };
const once: Finality = { when: "tried", beganAt: undefined };
const lasting: Finality = { when: "lasting", ms: 20_000 };

const passed: Finding = { state: "passed" };
const progressing: Finding = { state: "progressing", detail: "apps/Deployment web is Progressing" };

function says(changes: Partial<Assessment>): Assessment {
  return {
    failure: undefined,
    hint: undefined,
    detail: undefined,
    working: false,
    changedAt: 0,
    unsettledUntil: 0,
    ...changes,
  };
}

function suspect(code: Reason["code"], finality: Finality): Finding {
  return { state: "suspect", reason: { code, class: "change", message: `Argo CD says ${code}` }, finality };
}

const refined = (finding: Finding, changes: Partial<Assessment>) =>
  refine(finding, says(changes), containerPace);

describe("what Argo CD says", () => {
  it("stays where there are no Pods, or they say nothing", () => {
    for (const finding of [
      passed,
      progressing,
      suspect("manifests", { when: "now" }),
      { state: "needs-sync" } as const,
    ]) {
      expect(refine(finding, undefined, containerPace)).toEqual(finding);
      expect(refined(finding, {})).toEqual(finding);
    }
  });

  it("is Progressing, and the Pods say why it will not end", () => {
    expect(refined(progressing, { failure: { reason: crash, finality: habit } })).toEqual({
      state: "suspect",
      reason: crash,
      finality: habit,
    });
    expect(refined(progressing, { failure: { reason: image, finality: lasting } })).toMatchObject({
      state: "suspect",
      reason: image,
    });
  });

  it("is Progressing, and the Pods say what they do", () => {
    expect(refined(progressing, { working: true, detail: "pulling image x" })).toEqual({
      state: "progressing",
      detail: "apps/Deployment web is Progressing; pulling image x",
    });
  });

  it("is Healthy, and stays so but for what crashes again and again", () => {
    expect(refined(passed, { failure: { reason: crash, finality: habit } }).state).toBe("suspect");
    expect(refined(passed, { failure: { reason: crash, finality: once } })).toEqual(passed);
    expect(
      refined(passed, { failure: { reason: { ...crash, code: "probe" }, finality: { when: "quiet" } } }),
    ).toEqual(passed);
    expect(refined(passed, { failure: { reason: image, finality: lasting } })).toEqual(passed);
    expect(refined(passed, { working: true, hint: crash })).toEqual(passed);
  });

  it("is Degraded, and the Pods say why and when that is final", () => {
    const degraded = suspect("degraded", lasting);
    expect(refined(degraded, { failure: { reason: crash, finality: habit } })).toMatchObject({
      reason: { code: "crash" },
      finality: habit,
    });
    // Degraded for long enough is enough, where the Pods have not decided.
    expect(refined(degraded, { failure: { reason: crash, finality: once } })).toMatchObject({
      reason: { code: "crash" },
      finality: { when: "lasting", ms: containerPace.degradedMs },
    });
    expect(refined(degraded, {})).toMatchObject({
      reason: { code: "degraded" },
      finality: { when: "lasting", ms: containerPace.degradedMs },
    });
  });

  it("is a wave that failed, whose tries its own rules count", () => {
    const wave = suspect("degraded", { when: "retried", times: 3 });
    expect(refined(wave, { failure: { reason: image, finality: habit } })).toMatchObject({
      reason: { code: "image", class: "infrastructure" },
      finality: { when: "retried", times: 3 },
    });
  });

  it("is a hook that failed, and both are told; whoever the Pod blames is at fault", () => {
    const hook = suspect("hook", { when: "now" });
    expect(refined(hook, { failure: { reason: image, finality: lasting } })).toEqual({
      state: "suspect",
      reason: {
        code: "hook",
        class: "infrastructure",
        message: "Argo CD says hook: image x cannot be pulled: no such host",
      },
      finality: { when: "now" },
    });
  });

  it("is anything else, and no Pod knows better", () => {
    const rejected = suspect("rejected", { when: "now" });
    expect(refined(rejected, { failure: { reason: crash, finality: habit } })).toEqual(rejected);
  });
});
