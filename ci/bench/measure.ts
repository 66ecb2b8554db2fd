import { join } from "node:path";
import { removeLeftovers } from "../../src/engine/k3d/leftovers.ts";
import { viewFromHere } from "../../src/engine/k3d/owner.ts";
import type { Verdict } from "../../src/rehearsal/verdict.ts";
import { InfrastructureError } from "../../src/runner/errors.ts";
import { silentLog } from "../../src/runner/log.ts";
import { packageRoot } from "../../src/runner/package-root.ts";
import { tryRun } from "../../src/runner/process.ts";
import type { Usage } from "../../src/runner/usage.ts";
import { meterNodes } from "./docker-usage.ts";
import { settleSeconds, type Workload } from "./generate.ts";

/** Engines that can be measured: one that needs a cluster to be there first cannot be compared with them. */
export const benchEngines = ["simulated", "k3d"] as const;
export type BenchEngine = (typeof benchEngines)[number];

/** What one rehearsal took. Seconds count from the start of the command's work. */
export interface Figures {
  clusterReady: number;
  argocdReady: number;
  /** When the last Application had become Synced and Healthy, before the settle window. */
  allHealthy: number;
  /** Until the verdict, the settle window included; the clean-up is not. */
  total: number;
  /** Of the command with all that it starts, nodes in Docker included; undefined where that cannot be told. */
  cpuSeconds: number | undefined;
  peakMemoryBytes: number | undefined;
}

export interface Measurement {
  applications: number;
  engine: BenchEngine;
  runs: readonly Figures[];
  /** Of each figure by itself. */
  median: Figures;
}

interface MeasureRequest {
  workload: Workload;
  applications: number;
  engine: BenchEngine;
  runs: number;
  signal: AbortSignal;
  /** Hears of each run as it ends. */
  onRun(figures: Figures, index: number): void;
}

/**
 * Rehearses a generated repository `runs` times, each by running the command as its user does. Throws
 * InfrastructureError for a run that did not pass, or that saw another number of Applications than there
 * are: its figures would mean nothing.
 */
export async function measure(request: MeasureRequest): Promise<Measurement> {
  const { workload, applications, engine, runs, signal, onRun } = request;
  const all: Figures[] = [];
  for (let index = 0; index < runs; index++) {
    const figures =
      engine === "k3d"
        ? await measureWithNodes(workload, signal)
        : figuresOf(await rehearse(workload.folder, engine, signal), workload.expected);
    all.push(figures);
    onRun(figures, index);
  }
  return { applications, engine, runs: all, median: medianFigures(all) };
}

async function measureWithNodes(workload: Workload, signal: AbortSignal): Promise<Figures> {
  await using meter = await meterNodes();
  try {
    const verdict = await rehearse(workload.folder, "k3d", signal);
    return withNodes(figuresOf(verdict, workload.expected), meter.read());
  } finally {
    // What is aborted is given no time to take its cluster away.
    if (signal.aborted)
      await removeLeftovers(await viewFromHere(true), silentLog, AbortSignal.timeout(60_000));
  }
}

async function rehearse(folder: string, engine: BenchEngine, signal: AbortSignal): Promise<Verdict> {
  const command = join(packageRoot(), "src/cli/main.ts");
  const args = [command, folder, "--engine", engine, "--base", "main", "--head", "change"];
  const { stdout, stderr, exitCode } = await tryRun(process.execPath, [...args, "--no-fetch", "--json"], {
    signal,
  });
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

/**
 * Adds what the nodes took to what the command itself took. Both peaks of memory need not be of one moment;
 * the command's is the small one. Where nothing is known of the nodes, nothing is known of the whole.
 */
export function withNodes(figures: Figures, nodes: Usage | undefined): Figures {
  const sum = (key: keyof Usage) => {
    const own = figures[key];
    return own === undefined || nodes === undefined ? undefined : own + nodes[key];
  };
  return { ...figures, cpuSeconds: sum("cpuSeconds"), peakMemoryBytes: sum("peakMemoryBytes") };
}

/** The median of each figure by itself; of what one run does not tell there is none. */
export function medianFigures(all: readonly Figures[]): Figures {
  const of = (figure: "clusterReady" | "argocdReady" | "allHealthy" | "total") =>
    median(all.map((figures) => figures[figure]));
  const ofTold = (figure: keyof Usage) => {
    const told = all.map((figures) => figures[figure]).filter((value) => value !== undefined);
    return told.length < all.length ? undefined : median(told);
  };
  return {
    clusterReady: of("clusterReady"),
    argocdReady: of("argocdReady"),
    allHealthy: of("allHealthy"),
    total: of("total"),
    cpuSeconds: ofTold("cpuSeconds"),
    peakMemoryBytes: ofTold("peakMemoryBytes"),
  };
}

/** The middle value; the mean of the two in the middle where their number is even. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}
