import { UsageError } from "../../src/runner/errors.ts";
import type { Measurement } from "./measure.ts";

/** Seconds until all were healthy on a hand-made prototype with 2 cores, before and after it was tuned. */
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
  /** The day, as `2026-01-31`. */
  date: string;
  /** The commit that was measured; ends in `-dirty` where the checkout had changes. */
  revision: string;
}

const columns = [
  "Applications",
  "Control plane ready",
  "Argo CD reconciling",
  "All healthy",
  "Total",
  "CPU",
  "Peak memory",
  "Prototype, all healthy",
] as const;

/** The medians as a Markdown table, one row for each number of Applications, with a line on their origin. */
export function markdownTable(measurements: readonly Measurement[], origin: Origin): string {
  const rows = measurements.map(({ applications, median }) => [
    String(applications),
    seconds(median.clusterReady),
    seconds(median.argocdReady),
    seconds(median.allHealthy),
    seconds(median.total),
    seconds(median.cpuSeconds),
    gigabytes(median.peakMemoryBytes),
    prototypeText(applications),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const runs = Math.max(...measurements.map((measurement) => measurement.runs.length));
  const from =
    `Medians of ${runs} ${runs === 1 ? "run" : "runs"} on ${origin.cores} cores (${origin.processor}, ` +
    `${gigabytes(origin.memoryBytes)}), ${origin.date}, revision ${origin.revision}.`;
  return [line(columns), line(columns.map(() => "---:")), ...rows.map(line), "", from].join("\n");
}

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
    median: Measurement["median"];
    /** All healthy, as a multiple of the same for the fewest Applications of this run. */
    ofFewest: number;
    /** All healthy, as a fraction of the prototype's. */
    ofPrototype: { naive: number; tuned?: number } | undefined;
  }[];
}

export function resultsOf(measurements: readonly Measurement[], origin: Origin): Results {
  const fewest = measurements.toSorted((left, right) => left.applications - right.applications)[0];
  return {
    ...origin,
    results: measurements.map(({ applications, median }) => {
      const theirs = prototype[applications];
      const ratio = (seconds: number) => rounded(median.allHealthy / seconds);
      return {
        applications,
        median,
        ofFewest: ratio(fewest?.median.allHealthy ?? Number.NaN),
        ofPrototype: theirs && {
          naive: ratio(theirs.naive),
          ...(theirs.tuned === undefined ? {} : { tuned: ratio(theirs.tuned) }),
        },
      };
    }),
  };
}

function rounded(ratio: number): number {
  return Math.round(ratio * 1000) / 1000;
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

function prototypeText(applications: number): string {
  const theirs = prototype[applications];
  if (!theirs) return "–";
  return theirs.tuned === undefined ? `${theirs.naive} s` : `${theirs.naive} s, tuned ${theirs.tuned} s`;
}
