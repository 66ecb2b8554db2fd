import { join } from "node:path";
import type { Verdict } from "../../src/rehearsal/verdict.ts";
import { InfrastructureError } from "../../src/runner/errors.ts";
import { packageRoot } from "../../src/runner/package-root.ts";
import { tryRun } from "../../src/runner/process.ts";
import { generateWorkload, settleSeconds } from "./generate.ts";

/** What one rehearsal took. Seconds count from the start of the command's work. */
export interface Figures {
  clusterReady: number;
  argocdReady: number;
  /** When the last Application had become Synced and Healthy, before the settle window. */
  allHealthy: number;
  /** Until the verdict, the settle window included. */
  total: number;
  cpuSeconds: number;
  peakMemoryBytes: number;
}

export interface Measurement {
  applications: number;
  runs: readonly Figures[];
  /** Of each figure by itself. */
  median: Figures;
}

/**
 * Rehearses a generated repository `runs` times, each by running the command as its user does. `onRun`
 * hears of each as it ends. Throws InfrastructureError for a run that did not pass, or that saw another
 * number of Applications than there are: its figures would mean nothing.
 */
export async function measure(
  applications: number,
  runs: number,
  onRun: (figures: Figures, index: number) => void,
): Promise<Measurement> {
  await using workload = await generateWorkload(applications);
  const all: Figures[] = [];
  for (let index = 0; index < runs; index++) {
    const verdict = await rehearse(workload.folder);
    const figures = figuresOf(verdict, workload.expected);
    all.push(figures);
    onRun(figures, index);
  }
  return { applications, runs: all, median: medianFigures(all) };
}

async function rehearse(folder: string): Promise<Verdict> {
  const command = join(packageRoot(), "src/cli/main.ts");
  const args = [command, folder, "--base", "main", "--head", "change", "--no-fetch", "--json"];
  const { stdout, stderr, exitCode } = await tryRun(process.execPath, args);
  try {
    return JSON.parse(stdout) as Verdict;
  } catch (error) {
    throw new InfrastructureError(`the command gave code ${exitCode} and no verdict: ${stderr.trim()}`, {
      cause: error,
    });
  }
}

/** Reads the figures from a verdict. Throws InfrastructureError where they would mean nothing. */
export function figuresOf(verdict: Verdict, expected: number): Figures {
  const { result, summary, applications, timings, usage } = verdict;
  if (result !== "passed") throw new InfrastructureError(`a rehearsal did not pass (${result}): ${summary}`);
  if (applications.length !== expected) {
    throw new InfrastructureError(
      `a rehearsal passed with ${applications.length} Applications in place of ${expected}`,
    );
  }
  const { clusterReady, argocdReady, decided, total } = timings;
  if (clusterReady === undefined || argocdReady === undefined || decided === undefined || !usage) {
    throw new InfrastructureError("the verdict leaves out a time or the use of the machine");
  }
  return { clusterReady, argocdReady, allHealthy: decided - settleSeconds, total, ...usage };
}

/** The median of each figure by itself. */
export function medianFigures(all: readonly Figures[]): Figures {
  const of = (figure: keyof Figures) => median(all.map((figures) => figures[figure]));
  return {
    clusterReady: of("clusterReady"),
    argocdReady: of("argocdReady"),
    allHealthy: of("allHealthy"),
    total: of("total"),
    cpuSeconds: of("cpuSeconds"),
    peakMemoryBytes: of("peakMemoryBytes"),
  };
}

/** The middle value; the mean of the two in the middle where their number is even. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}
