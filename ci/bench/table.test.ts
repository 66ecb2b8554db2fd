import { describe, expect, it } from "vitest";
import type { Measurement } from "./measure.ts";
import { beginMarker, endMarker, insertTable, markdownTable, type Origin, resultsOf } from "./table.ts";

const origin: Origin = {
  cores: 2,
  processor: "Example CPU",
  memoryBytes: 16e9,
  date: "2026-01-31",
  revision: "abc1234",
};

function measured(applications: number, allHealthy: number): Measurement {
  const median = {
    clusterReady: 2.04,
    argocdReady: 4,
    allHealthy,
    total: allHealthy + 1,
    cpuSeconds: 36.4,
    peakMemoryBytes: 2.345e9,
  };
  return { applications, runs: [median, median, median], median };
}

describe("markdownTable", () => {
  const lines = markdownTable([measured(1, 8), measured(50, 21), measured(7, 9)], origin).split("\n");

  it("has a row for each number of Applications, with the prototype's figures beside it", () => {
    expect(lines[2]).toBe("| 1 | 2.0 s | 4.0 s | 8.0 s | 9.0 s | 36.4 s | 2.35 GB | 14 s |");
    expect(lines[3]).toBe("| 50 | 2.0 s | 4.0 s | 21.0 s | 22.0 s | 36.4 s | 2.35 GB | 49.9 s, tuned 32 s |");
    expect(lines[4]).toContain("| – |");
  });

  it("has as many cells in every row", () => {
    const cells = lines.slice(0, 5).map((line) => line.split("|").length);
    expect(new Set(cells).size).toBe(1);
  });

  it("says where the figures come from", () => {
    expect(lines.at(-1)).toBe(
      "Medians of 3 runs on 2 cores (Example CPU, 16.00 GB), 2026-01-31, revision abc1234.",
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

  it("has no ratio where the prototype was not measured", () => {
    expect(resultsOf([measured(7, 9)], origin).results[0]?.ofPrototype).toBeUndefined();
  });
});
