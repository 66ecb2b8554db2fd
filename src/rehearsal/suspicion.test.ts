import { describe, expect, it } from "vitest";
import { fault, progressing } from "./finding.ts";
import type { Finality } from "./reason.ts";
import { carryOn, finalReason, type Suspicion, wantsRefresh } from "./suspicion.ts";

function suspected(finality: Finality, message = "x"): Suspicion {
  const suspicion = carryOn(undefined, fault("sync", message, finality), 0);
  if (!suspicion) throw new Error("a fault is suspected");
  return suspicion;
}

describe("a refresh", () => {
  it("is asked for less and less often", () => {
    const suspicion = suspected({ when: "lasting", ms: 60_000 });
    const asked: number[] = [];
    for (let now = 0; now <= 60_000; now += 100) {
      if (!wantsRefresh(suspicion, now)) continue;
      asked.push(now);
      suspicion.refreshes.asked += 1;
      suspicion.refreshes.lastAskedAt = now;
    }
    expect(asked).toEqual([2_000, 6_000, 14_000, 29_000, 44_000, 59_000]);
  });

  it("is not asked for where it would tell nothing", () => {
    expect(wantsRefresh(suspected({ when: "now" }), 60_000)).toBe(false);
    expect(wantsRefresh(suspected({ when: "retried", times: 3 }), 60_000)).toBe(false);
    const repeated = suspected({ when: "repeated" });
    expect(wantsRefresh(repeated, 60_000)).toBe(true);
    repeated.refreshes.repeated = 1;
    expect(wantsRefresh(repeated, 60_000)).toBe(false);
  });
});

describe("a failure", () => {
  it.each([
    [{ when: "now" }, 0, undefined, true],
    [{ when: "repeated" }, 600_000, 0, false],
    [{ when: "retried", times: 2 }, 600_000, 0, false],
    [{ when: "lasting", ms: 5_000 }, 4_999, 0, false],
    [{ when: "lasting", ms: 5_000 }, 5_000, undefined, true],
    [{ when: "quiet" }, 600_000, undefined, false],
    [{ when: "quiet" }, 10_000, 2_001, false],
    [{ when: "quiet" }, 10_000, 2_000, true],
    [{ when: "quiet" }, 7_999, 0, false],
    [{ when: "tried", beganAt: 2_000 }, 10_000, 2_000, true],
    [{ when: "tried", beganAt: 2_000 }, 9_999, 2_000, false],
    [{ when: "tried", beganAt: 1_999 }, 600_000, 2_000, false],
    [{ when: "tried", beganAt: 2_000 }, 600_000, undefined, false],
    [{ when: "tried", beganAt: undefined }, 600_000, 0, false],
  ] satisfies [Finality, number, number | undefined, boolean][])(
    "%j after %i ms, quiet since %s, is final: %s",
    (finality, now, quietSince, final) => {
      expect(finalReason(suspected(finality), now, quietSince, 8_000) !== undefined).toBe(final);
    },
  );

  it("keeps what was said of why it is final", () => {
    const suspicion = suspected({ when: "now" });
    suspicion.reason = { ...suspicion.reason, finality: "it failed 2 times (its retry limit is 5)" };
    expect(finalReason(suspicion, 0, undefined, 8_000)?.finality).toBe(
      "it failed 2 times (its retry limit is 5)",
    );
  });

  it("is the same one where only its numbers differ, and tells the newest", () => {
    const first = suspected({ when: "quiet" }, 'error when creating "/tmp/17": refused');
    const second = carryOn(
      first,
      fault("sync", 'error when creating "/tmp/4": refused', { when: "now" }),
      5_000,
    );
    expect(second).toMatchObject({
      since: 0,
      lastSeen: 5_000,
      finality: { when: "now" },
      reason: { message: /\/4/ },
    });
    expect(second?.refreshes).toBe(first.refreshes);
  });

  it("is another one where its message, its code or its resource differs", () => {
    const first = suspected({ when: "now" });
    expect(carryOn(first, fault("sync", "y", { when: "now" }), 5_000)?.since).toBe(5_000);
    expect(carryOn(first, fault("hook", "x", { when: "now" }), 5_000)?.since).toBe(5_000);
  });

  it("ends with success, and with the need for a sync", () => {
    const first = suspected({ when: "now" });
    expect(carryOn(first, { state: "passed" }, 1)).toBeUndefined();
    expect(carryOn(first, { state: "needs-sync" }, 1)).toBeUndefined();
  });

  it("goes on through progress, for a while", () => {
    const first = suspected({ when: "now" });
    expect(carryOn(first, progressing("syncing"), 11_999)).toBe(first);
    expect(carryOn(first, progressing("syncing"), 12_000)).toBeUndefined();
  });
});
