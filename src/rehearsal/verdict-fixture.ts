import type { Reason } from "./reason.ts";
import type { Stopwatch } from "./stopwatch.ts";
import { type ApplicationVerdict, type Timings, type Verdict, verdictSchema } from "./verdict.ts";

const timings: Timings = { clusterReady: 1, argocdReady: 2, applied: 3, decided: 4, total: 65 };

/** Times that do not pass. */
export const clock: Stopwatch = {
  startedAt: "2026-01-02T03:04:05.000Z",
  timings: () => timings,
  mark() {},
};

/** An Application that passed. */
export function application(name: string, changes: Partial<ApplicationVerdict> = {}): ApplicationVerdict {
  return {
    name,
    namespace: "argocd",
    state: "passed",
    sync: "Synced",
    health: "Healthy",
    sources: [],
    parent: undefined,
    reason: undefined,
    waitsFor: [],
    syncRequested: false,
    seconds: 1,
    place: undefined,
    resources: 1,
    notProven: [],
    diagnosis: undefined,
    ...changes,
  };
}

/** One whose manifests cannot be had, but for what a test changes of the reason. */
export function failed(name: string, reason: Partial<Reason> = {}): ApplicationVerdict {
  return application(name, {
    state: "failed",
    reason: { code: "manifests", class: "change", message: "app path does not exist", ...reason },
  });
}

/** The verdict on a pull request that failed. */
export function verdict(applications: ApplicationVerdict[], changes: Partial<Verdict> = {}): Verdict {
  return {
    schema: verdictSchema,
    result: "failed",
    summary: "1 of 2 Applications did not pass; at fault: shop.",
    error: undefined,
    repository: {
      url: "https://x.example/r",
      baseBranch: "main",
      base: "b".repeat(40),
      head: "c".repeat(40),
      merge: "a".repeat(40),
      roots: [],
    },
    irrelevant: undefined,
    changes: [],
    changed: 0,
    weakened: [],
    engine: { name: "simulated", kubernetes: "v1.37.2" },
    argocd: { running: "v3.6.1", pinned: undefined, source: "chart" },
    applications,
    applicationSets: [],
    notes: [],
    evidence: undefined,
    startedAt: clock.startedAt,
    timings,
    usage: undefined,
    ...changes,
  };
}
