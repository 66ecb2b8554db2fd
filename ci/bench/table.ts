import { UsageError } from "../../src/runner/errors.ts";
import type { BenchEngine, Measurement } from "./measure.ts";

/**
 * Seconds until all were healthy on a hand-made prototype with 2 cores, before and after it was tuned. It ran
 * no containers, so only the simulated engine is held against it.
 */
export const prototype: Readonly<Record<number, { naive: number; tuned?: number }>> = {
  1: { naive: 14 },
  50: { naive: 49.9, tuned: 32 },
  250: { naive: 208 },
};

export const beginMarker = "<!-- bench:begin -->";
export const endMarker = "<!-- bench:end -->";

/** Where and when figures were taken; without it they say little. */
export interface Origin {
  cores: number;
  /** Such as `Intel(R) Xeon(R) Processor`. */
  processor: string;
  memoryBytes: number;
  /** What ran or waited to run on average, in the minute before the first rehearsal. */
  load: number;
  /** The day, as `2026-01-31`. */
  date: string;
  /** The commit that was measured; ends in `-dirty` where the checkout had changes. */
  revision: string;
  /** What nodes and Pods of k3d were made from; undefined where it was not measured. */
  images: "published" | "stand-in" | undefined;
}

const columns = [
  "Applications",
  "Engine",
  "Cluster ready",
  "Argo CD reconciling",
  "All healthy",
  "Total",
  "CPU",
  "Peak memory",
  "Prototype, all healthy",
] as const;

/** The medians as a Markdown table, one row for each number of Applications and engine, with their origin below. */
export function markdownTable(measurements: readonly Measurement[], origin: Origin): string {
  const rows = measurements.map(({ applications, engine, median }) => [
    String(applications),
    engine,
    seconds(median.clusterReady),
    seconds(median.argocdReady),
    seconds(median.allHealthy),
    seconds(median.total),
    seconds(median.cpuSeconds),
    gigabytes(median.peakMemoryBytes),
    prototypeText(applications, engine),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const runs = Math.max(...measurements.map((measurement) => measurement.runs.length));
  const from =
    `Medians of ${runs} ${runs === 1 ? "run" : "runs"} on ${origin.cores} cores (${origin.processor}, ` +
    `${gigabytes(origin.memoryBytes)}, load ${origin.load} before), ${origin.date}, revision ${origin.revision}.` +
    (origin.images === undefined ? "" : imagesText[origin.images]);
  const dashes = columns.map((column) => (column === "Engine" ? "---" : "---:"));
  return [line(columns), line(dashes), ...rows.map(line), "", from].join("\n");
}

const imagesText = {
  published: " k3d ran the published images, pulled from their registries.",
  "stand-in":
    " k3d ran the images of ci/stand-in in place of the published ones, pulled from a registry on the same machine.",
};

/** `document` with `table` between its markers. Throws UsageError where it does not have each marker once, in order. */
export function insertTable(document: string, table: string): string {
  const [before, inside, ...more] = document.split(beginMarker);
  const [, after, ...others] = (inside ?? "").split(endMarker);
  if (before === undefined || after === undefined || more.length > 0 || others.length > 0) {
    throw new UsageError(`the document needs one ${beginMarker} and after it one ${endMarker}`);
  }
  return `${before}${beginMarker}\n${table}\n${endMarker}${after}`;
}

/** The committed record: numbers that another machine can be held against are ratios, not seconds. */
export interface Results extends Origin {
  results: {
    applications: number;
    engine: BenchEngine;
    median: Measurement["median"];
    /** All healthy, as a multiple of the same engine's for its fewest Applications of this run. */
    ofFewest: number;
    /** All healthy, as a multiple of the simulated engine's for the same repository. */
    ofSimulated: number | undefined;
    /** All healthy, as a fraction of the prototype's. */
    ofPrototype: { naive: number; tuned?: number } | undefined;
  }[];
}

export function resultsOf(measurements: readonly Measurement[], origin: Origin): Results {
  const fewestFirst = measurements.toSorted((left, right) => left.applications - right.applications);
  return {
    ...origin,
    results: measurements.map(({ applications, engine, median }) => {
      const fewest = fewestFirst.find((other) => other.engine === engine);
      const simulated = measurements.find(
        (other) => other.engine === "simulated" && other.applications === applications,
      );
      const theirs = prototypeOf(applications, engine);
      const ratio = (seconds: number) => rounded(median.allHealthy / seconds);
      return {
        applications,
        engine,
        median,
        ofFewest: ratio(fewest?.median.allHealthy ?? Number.NaN),
        ofSimulated:
          engine === "simulated" || simulated === undefined ? undefined : ratio(simulated.median.allHealthy),
        ofPrototype: theirs && {
          naive: ratio(theirs.naive),
          ...(theirs.tuned === undefined ? {} : { tuned: ratio(theirs.tuned) }),
        },
      };
    }),
  };
}

function prototypeOf(applications: number, engine: BenchEngine) {
  return engine === "simulated" ? prototype[applications] : undefined;
}

function rounded(ratio: number): number {
  return Math.round(ratio * 1000) / 1000;
}

const unknown = "–";

function seconds(value: number | undefined): string {
  return value === undefined ? unknown : `${value.toFixed(1)} s`;
}

function gigabytes(bytes: number | undefined): string {
  return bytes === undefined ? unknown : `${(bytes / 1e9).toFixed(2)} GB`;
}

function prototypeText(applications: number, engine: BenchEngine): string {
  const theirs = prototypeOf(applications, engine);
  if (!theirs) return unknown;
  return theirs.tuned === undefined ? `${theirs.naive} s` : `${theirs.naive} s, tuned ${theirs.tuned} s`;
}
