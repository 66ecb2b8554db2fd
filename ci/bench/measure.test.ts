import { describe, expect, it } from "vitest";
import type { Verdict } from "../../src/rehearsal/verdict.ts";
import { verdict } from "../../src/rehearsal/verdict-fixture.ts";
import { type Figures, figuresOf, median, medianFigures, withNodes } from "./measure.ts";

const passed: Verdict = verdict([], {
  result: "passed",
  timings: { clusterReady: 2, argocdReady: 4, applied: 4.5, decided: 21.5, total: 22 },
  usage: { cpuSeconds: 36, peakMemoryBytes: 2e9 },
});

describe("figuresOf", () => {
  it("takes the settle window off the time at which all were healthy", () => {
    expect(figuresOf(passed, 0)).toEqual({
      clusterReady: 2,
      argocdReady: 4,
      allHealthy: 20.5,
      total: 22,
      cpuSeconds: 36,
      peakMemoryBytes: 2e9,
    });
  });

  it("refuses a rehearsal that did not pass, and says what it found", () => {
    const failed: Verdict = { ...passed, result: "failed", summary: "1 of 51 did not pass." };
    expect(() => figuresOf(failed, 0)).toThrow("a rehearsal did not pass (failed): 1 of 51 did not pass.");
  });

  it("refuses a rehearsal of another number of Applications", () => {
    expect(() => figuresOf(passed, 51)).toThrow("passed with 0 Applications in place of 51");
  });

  it("refuses a verdict that leaves out a figure", () => {
    expect(() => figuresOf({ ...passed, usage: undefined }, 0)).toThrow("leaves out");
    const timings = { ...passed.timings, decided: undefined };
    expect(() => figuresOf({ ...passed, timings }, 0)).toThrow("leaves out");
  });
});

describe("withNodes", () => {
  const command = figuresOf(passed, 0);

  it("adds what the nodes took to what the command took", () => {
    const figures = withNodes(command, { cpuSeconds: 4, peakMemoryBytes: 1e9 });
    expect(figures).toEqual({ ...command, cpuSeconds: 40, peakMemoryBytes: 3e9 });
  });

  it("knows nothing of the whole where nothing is known of the nodes", () => {
    const figures = withNodes(command, undefined);
    expect(figures).toEqual({ ...command, cpuSeconds: undefined, peakMemoryBytes: undefined });
  });
});

describe("median", () => {
  it("is the middle of an odd number of values, in whatever order", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([7])).toBe(7);
  });

  it("is the mean of the two in the middle of an even number", () => {
    expect(median([10, 1, 4, 2])).toBe(3);
  });

  it("of none is not a number", () => {
    expect(median([])).toBeNaN();
  });
});

describe("medianFigures", () => {
  it("takes each figure by itself, whichever run it is from", () => {
    const run = (allHealthy: number, cpuSeconds: number): Figures => ({
      ...figuresOf(passed, 0),
      allHealthy,
      cpuSeconds,
    });
    const figures = medianFigures([run(30, 2), run(10, 3), run(20, 1)]);
    expect(figures).toMatchObject({ allHealthy: 20, cpuSeconds: 2, clusterReady: 2 });
  });

  it("has none of what one run does not tell", () => {
    const told = figuresOf(passed, 0);
    const figures = medianFigures([told, { ...told, peakMemoryBytes: undefined }, told]);
    expect(figures).toMatchObject({ cpuSeconds: 36, peakMemoryBytes: undefined });
  });
});
