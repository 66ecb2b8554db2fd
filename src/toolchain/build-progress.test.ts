import { describe, expect, it } from "vitest";
import { describeBuild, timeLeft } from "./build-progress.ts";

const stale = new Set(Array.from({ length: 900 }, (_, index) => `example.test/p${index}`));
const programs = new Map([
  ["big", 1200],
  ["small", 300],
]);
const plan = { packages: 3911, stale, programs };
const state = { compiled: 0, linked: new Set<string>(), elapsedMs: 0, changedMs: 0 };

describe("the progress of a build", () => {
  it("counts what Go's cache has as built", () => {
    expect(describeBuild(plan, state)).toBe("3,011 of 3,911 packages · 0 of 2 programs linked");
  });

  it("estimates by the speed so far, links included", () => {
    // 900 packages and links worth 100: half of it in a minute leaves a minute.
    const half = { ...state, compiled: 500, elapsedMs: 60_000, changedMs: 60_000 };
    expect(timeLeft(plan, half)).toBeCloseTo(60_000);
    expect(describeBuild(plan, half)).toBe(
      "3,511 of 3,911 packages · 0 of 2 programs linked · about 1 min left",
    );
  });

  it("counts down while one program is linked for long, and never below nothing", () => {
    const compiled = { ...state, compiled: 900, changedMs: 90_000 };
    expect(timeLeft(plan, { ...compiled, elapsedMs: 94_000 })).toBeCloseTo(6_000);
    expect(timeLeft(plan, { ...compiled, elapsedMs: 200_000 })).toBe(0);
  });

  it("estimates from links alone where everything is compiled", () => {
    const warm = { ...plan, stale: new Set<string>() };
    const linked = { ...state, linked: new Set(["big"]), elapsedMs: 20_000, changedMs: 20_000 };
    expect(timeLeft(warm, state)).toBeUndefined();
    expect(timeLeft(warm, linked)).toBeCloseTo(5_000);
  });

  it("does not estimate from next to nothing, nor at the end", () => {
    expect(timeLeft(plan, { ...state, compiled: 3, elapsedMs: 100, changedMs: 100 })).toBeUndefined();
    const done = { ...state, compiled: 900, linked: new Set(["big", "small"]) };
    expect(describeBuild(plan, done)).toBe("3,911 of 3,911 packages · 2 of 2 programs linked");
  });
});
