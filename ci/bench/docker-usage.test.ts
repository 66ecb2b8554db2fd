import { describe, expect, it } from "vitest";
import { type ContainerStats, createTally } from "./docker-usage.ts";

function stats(cpuSeconds: number, usage: number, inactive: number, version: 1 | 2 = 2): ContainerStats {
  return {
    cpu_stats: { cpu_usage: { total_usage: cpuSeconds * 1e9 } },
    memory_stats: {
      usage,
      stats:
        version === 2 ? { inactive_file: inactive } : { inactive_file: 0, total_inactive_file: inactive },
    },
  };
}

const sampled = (...samples: Record<string, ContainerStats>[]) => {
  const tally = createTally();
  for (const sample of samples) tally.add(new Map(Object.entries(sample)));
  return tally.read();
};

describe("createTally", () => {
  it("has nothing to tell before a container was seen", () => {
    expect(sampled({}, {})).toBeUndefined();
  });

  it("sums up the CPU time of all containers, by the last that each told", () => {
    const usage = sampled({ a: stats(1, 10, 0), b: stats(2, 10, 0) }, { a: stats(4, 10, 0) });
    expect(usage?.cpuSeconds).toBe(6);
  });

  it("keeps the CPU time of a container that has ended, of which Docker tells 0", () => {
    expect(sampled({ a: stats(5, 10, 0) }, { a: stats(0, 0, 0) })?.cpuSeconds).toBe(5);
  });

  it("takes the highest memory of one moment, not of each container by itself", () => {
    const usage = sampled(
      { a: stats(1, 100, 0), b: stats(1, 20, 0) },
      { a: stats(1, 30, 0), b: stats(1, 80, 0) },
    );
    expect(usage?.peakMemoryBytes).toBe(120);
  });

  it.each([1, 2] as const)("leaves out files that the kernel may drop, with cgroup v%i", (version) => {
    expect(sampled({ a: stats(1, 100, 40, version) })?.peakMemoryBytes).toBe(60);
  });

  it("bears a container of which Docker tells nothing", () => {
    expect(sampled({ a: {}, b: stats(1, 10, 0) })?.peakMemoryBytes).toBe(10);
  });
});
