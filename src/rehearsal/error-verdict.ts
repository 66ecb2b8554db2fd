import { ChangeError, isExpected, messageOf, UsageError } from "../runner/errors.ts";
import { hideShapes } from "../workloads/redact.ts";
import type { Stopwatch } from "./stopwatch.ts";
import { type Result, type Verdict, verdictSchema } from "./verdict.ts";

/** The verdict where the rehearsal ended before Applications could be judged. It is never `passed`. */
export function verdictOfError(thrown: unknown, clock: Stopwatch): Verdict {
  const error = firstOf(thrown);
  const expected = isExpected(error);
  // Of a Secret that stands in a URL, say; who knows the values takes those out later.
  const message = hideShapes(expected ? error.message : `Rehearsal itself failed: ${describeDefect(error)}`);
  return {
    schema: verdictSchema,
    result: resultOf(error),
    summary: message,
    error: { message, where: expected ? error.where : undefined, fix: expected ? error.fix : undefined },
    repository: undefined,
    irrelevant: undefined,
    changes: [],
    changed: 0,
    weakened: [],
    engine: undefined,
    argocd: undefined,
    applications: [],
    applicationSets: [],
    notes: [],
    evidence: undefined,
    startedAt: clock.startedAt,
    timings: clock.timings(),
    usage: undefined,
  };
}

/** What failed first, where releasing what it held failed too. */
export function firstOf(error: unknown): unknown {
  return error instanceof SuppressedError ? firstOf(error.suppressed) : error;
}

function resultOf(error: unknown): Exclude<Result, "passed"> {
  if (error instanceof ChangeError) return "failed";
  if (error instanceof UsageError) return "misused";
  return "infrastructure";
}

/** A defect of ours keeps its stack: it is what a report of it needs. */
function describeDefect(error: unknown): string {
  if (error instanceof DOMException && error.name === "AbortError") return "it was cancelled";
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
}
