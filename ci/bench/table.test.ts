import { describe, expect, it } from "vitest";
import type { Measurement } from "./measure.ts";
import { beginMarker, endMarker, insertTable, markdownTable, type Origin, resultsOf } from "./table.ts";

const origin: Origin = {
  cores: 2,
  processor: "Example CPU",
  memoryBytes: 16e9,
  load: 0.4,
  date: "2026-01-31",
  revision: "abc1234",
  images: undefined,
};

function measured(
  applications: number,
  allHealthy: number,
  engine: Measurement["engine"] = "simulated",
): Measurement {
  const median = {
    clusterReady: 2.04,
    argocdReady: 4,
    allHealthy,
    total: allHealthy + 1,
    cpuSeconds: 36.4,
    peakMemoryBytes: 2.345e9,
  };
  return { applications, engine, runs: [median, median, median], median };
}

describe("markdownTable", () => {
  const lines = markdownTable([measured(1, 8), measured(50, 21), measured(7, 9)], origin).split("\n");

  it("has a row for each number of Applications, with the prototype's figures beside it", () => {
    expect(lines[2]).toBe("| 1 | simulated | 2.0 s | 4.0 s | 8.0 s | 9.0 s | 36.4 s | 2.35 GB | 14 s |");
    expect(lines[3]).toBe(
      "| 50 | simulated | 2.0 s | 4.0 s | 21.0 s | 22.0 s | 36.4 s | 2.35 GB | 49.9 s, tuned 32 s |",
    );
    expect(lines[4]).toContain("| – |");
  });

  it("has as many cells in every row", () => {
    const cells = lines.slice(0, 5).map((line) => line.split("|").length);
    expect(new Set(cells).size).toBe(1);
  });

  it("has a row for each engine, and holds only the simulated one against the prototype", () => {
    const rows = markdownTable([measured(1, 8), measured(1, 40, "k3d")], origin)
      .split("\n")
      .slice(2, 4);
    expect(rows[0]).toContain("| 1 | simulated |");
    expect(rows[0]).toMatch(/\| 14 s \|$/);
    expect(rows[1]).toBe("| 1 | k3d | 2.0 s | 4.0 s | 40.0 s | 41.0 s | 36.4 s | 2.35 GB | – |");
  });

  it("has a dash for what could not be told", () => {
    const { median, ...rest } = measured(1, 40, "k3d");
    const untold = { ...rest, median: { ...median, cpuSeconds: undefined, peakMemoryBytes: undefined } };
    expect(markdownTable([untold], origin)).toContain("| 41.0 s | – | – | – |");
  });

  it.each([
    ["published", "pulled from their registries."],
    ["stand-in", "pulled from a registry on the same machine."],
  ] as const)("says of k3d that it ran the %s images", (images, end) => {
    const last = markdownTable([measured(1, 40, "k3d")], { ...origin, images })
      .split("\n")
      .at(-1);
    expect(last?.endsWith(end), last).toBe(true);
  });

  it("says where the figures come from", () => {
    expect(lines.at(-1)).toBe(
      "Medians of 3 runs on 2 cores (Example CPU, 16.00 GB, load 0.4 before), 2026-01-31, revision abc1234.",
    );
  });
});

describe("insertTable", () => {
  it("replaces what stands between the markers and keeps the rest", () => {
    const document = `# Title\n\n${beginMarker}\nold\n${endMarker}\n\nText.\n`;
    const once = insertTable(document, "new");
    expect(once).toBe(`# Title\n\n${beginMarker}\nnew\n${endMarker}\n\nText.\n`);
    expect(insertTable(once, "new")).toBe(once);
  });

  it.each([
    ["no marker", "text"],
    ["no end", `${beginMarker}\n`],
    ["the end first", `${endMarker}${beginMarker}`],
    ["two tables", `${beginMarker}${endMarker}${beginMarker}${endMarker}`],
  ])("refuses a document with %s", (_, document) => {
    expect(() => insertTable(document, "new")).toThrow("needs one");
  });
});

describe("resultsOf", () => {
  it("gives ratios to the fewest Applications and to the prototype", () => {
    const { results, cores } = resultsOf([measured(50, 24), measured(1, 8)], origin);
    expect(cores).toBe(2);
    expect(results[0]).toMatchObject({
      applications: 50,
      ofFewest: 3,
      ofPrototype: { naive: 0.481, tuned: 0.75 },
    });
    expect(results[1]).toMatchObject({ ofFewest: 1, ofPrototype: { naive: 0.571 } });
  });

  it("gives k3d's ratio to the simulated engine, each on the same repository", () => {
    const all = [measured(1, 8), measured(1, 40, "k3d"), measured(10, 10), measured(10, 60, "k3d")];
    const { results } = resultsOf(all, origin);
    expect(results.map(({ engine, ofSimulated }) => [engine, ofSimulated])).toEqual([
      ["simulated", undefined],
      ["k3d", 5],
      ["simulated", undefined],
      ["k3d", 6],
    ]);
    expect(results[3]).toMatchObject({ ofFewest: 1.5, ofPrototype: undefined });
  });

  it("has no ratio to an engine that was not measured", () => {
    expect(resultsOf([measured(1, 40, "k3d")], origin).results[0]?.ofSimulated).toBeUndefined();
  });

  it("has no ratio where the prototype was not measured", () => {
    expect(resultsOf([measured(7, 9)], origin).results[0]?.ofPrototype).toBeUndefined();
  });
});
