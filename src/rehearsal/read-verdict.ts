import type { z } from "zod";
import { UsageError } from "../runner/errors.ts";
import { type Verdict, verdictSchema } from "./verdict.ts";
import { verdictShape } from "./verdict-schema.ts";

/** The most bytes that a verdict's JSON may have. */
export const verdictMaxBytes = 16 * 1024 * 1024;

/**
 * Reads a verdict that anybody may have written. Throws UsageError where it is none, is of another schema
 * or too large, or says of itself what no rehearsal's does.
 */
export function readVerdict(text: string): Verdict {
  if (Buffer.byteLength(text) > verdictMaxBytes)
    throw malformed(`it has more than ${verdictMaxBytes / 1024 / 1024} MiB`);
  const json = parse(text);
  const schema = typeof json === "object" && json !== null && "schema" in json ? json.schema : undefined;
  if (Number.isInteger(schema) && schema !== verdictSchema)
    throw new UsageError(`the verdict is of schema ${schema}, and this version reads ${verdictSchema}`, {
      fix: "Use the same version of Rehearsal in every workflow.",
    });
  const read = verdictShape.safeParse(json);
  if (!read.success) throw malformed(describe(read.error));
  const lie = contradiction(read.data);
  if (lie !== undefined) throw malformed(lie);
  return read.data;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed("it is not JSON");
  }
}

/** At most this much of what a stranger wrote. */
const widest = 300;

function malformed(why: string): UsageError {
  return new UsageError(`the verdict is malformed: ${why.slice(0, widest)}`, {
    fix: "Let the rehearsal run again. If it stays so, something else than Rehearsal wrote it.",
  });
}

function describe({ issues: [issue] }: z.ZodError): string {
  return issue ? `${issue.path.join(".") || "all of it"}: ${issue.message}` : "for no known reason";
}

/** What an honest verdict never says; undefined where there is nothing of the kind. */
function contradiction(verdict: Verdict): string | undefined {
  const { result, error, irrelevant, applications, applicationSets, changes, changed, summary } = verdict;
  const parts = [...applications, ...applicationSets];
  if (changed < changes.length) return "it names more changes than it counts";
  if (error && (irrelevant !== undefined || parts.length > 0))
    return "it ended early, and speaks of what comes after";
  if (error && error.message !== summary) return "its summary is not its error's";
  if (irrelevant !== undefined && (result !== "passed" || parts.length > 0))
    return "it was irrelevant, and speaks of Applications";
  for (const kind of [applications, applicationSets]) {
    const names = kind.map(({ namespace, name }) => `${namespace}/${name}`);
    if (new Set(names).size < names.length) return "it names one Application twice";
  }
  const odd = parts.find(({ state, reason }) =>
    state === "passed" || state === "waiting" ? reason !== undefined : reason === undefined,
  );
  if (odd) return `${odd.name} is ${odd.state}, and its reason does not go with it`;
  return result === "passed" ? falsePass(verdict) : undefined;
}

/** Why a verdict that claims to have passed cannot have. */
function falsePass({
  error,
  irrelevant,
  repository,
  engine,
  argocd,
  evidence,
  weakened,
  applications,
  applicationSets,
}: Verdict): string | undefined {
  if (error) return "it passed with an error";
  if (weakened.some(({ allowed }) => !allowed)) return "it passed with a setting that nobody allowed";
  if (!repository) return "it passed, and does not say what";
  if (irrelevant !== undefined) return undefined;
  if (applications.length === 0) return "it passed without any Application";
  const open = [...applications, ...applicationSets].find(({ state }) => state !== "passed");
  if (open) return `it passed, and ${open.name} did not`;
  if (!engine || !argocd || !evidence) return "it passed, and does not say on what";
  const merged = applications.flatMap(({ sources }) => sources).some(({ kind }) => kind === "merge");
  if (merged && evidence.mergeServed === 0) return "it passed, and nobody was served the merge result";
  return undefined;
}
