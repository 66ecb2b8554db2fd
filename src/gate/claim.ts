import { z } from "zod";
import type { Result, Verdict } from "../rehearsal/verdict.ts";
import { oneLine } from "../report/sanitise.ts";

/** Raised with every change of the claim: a gate trusts its own schema alone. */
export const claimSchema = 1;

/** What a job says that its rehearsal found: the verdict in a few hundred bytes, as one output of the job. */
export type Claim = PassedClaim | OtherClaim;

export interface PassedClaim extends ClaimedBy, Rehearsed {
  result: "passed";
}

/** Without SHAs where the rehearsal ended before it knew them. */
export interface OtherClaim extends ClaimedBy, Partial<Rehearsed> {
  result: Exclude<Result, "passed">;
}

interface ClaimedBy {
  schema: typeof claimSchema;
  /** One sentence on one line. */
  summary: string;
  /** Tells several rehearsals of one repository apart. */
  instance: string;
  /** `<run id>.<attempt>` of the workflow run that rehearsed. */
  run: string;
}

/** Full SHAs of what was rehearsed: `head` merged into `base`. */
interface Rehearsed {
  head: string;
  base: string;
  merge: string;
}

/**
 * All outputs of the needed jobs reach the gate in one variable of its environment, and Linux allows
 * 128 KiB for each (MAX_ARG_STRLEN): a claim stays far below, also with dozens of jobs.
 */
const longestSummary = 600;
const longestClaim = 8_192;
const longestName = 200;

const sha = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, "is no full commit SHA");
const claimedBy = {
  schema: z.literal(claimSchema),
  summary: z.string().max(longestSummary),
  instance: z.string().max(longestName),
  run: z.string().regex(/^[1-9]\d{0,15}\.[1-9]\d{0,5}$/, "is no <run id>.<attempt>"),
};
const rehearsed = { head: sha, base: sha, merge: sha };

const passedClaim = z.strictObject({ ...claimedBy, result: z.literal("passed"), ...rehearsed });
const otherClaim = z
  .strictObject({ ...claimedBy, result: z.enum(["failed", "misused", "infrastructure"]) })
  .extend(z.object(rehearsed).partial().shape)
  .transform(({ head, base, merge, ...rest }) => ({
    ...rest,
    ...(head && { head }),
    ...(base && { base }),
    ...(merge && { merge }),
  }));
const claim = z.discriminatedUnion("result", [passedClaim, otherClaim]);

/**
 * The claim of a verdict, by the instance and the workflow run that rehearsed. Throws where a verdict that
 * passed does not say what it is about: that is a defect.
 */
export function claimOf(
  verdict: Verdict,
  { instance, run }: { instance: string; run: { id: number; attempt: number } },
): Claim {
  const { result, repository } = verdict;
  const claimed: ClaimedBy = {
    schema: claimSchema,
    summary: shorten(oneLine(verdict.summary), longestSummary),
    instance,
    run: `${run.id}.${run.attempt}`,
  };
  const about = repository && { head: repository.head, base: repository.base, merge: repository.merge };
  if (result !== "passed") return { ...claimed, result, ...about };
  if (about === undefined) throw new Error("A verdict that passed names no commit.");
  return { ...claimed, result, ...about };
}

/** Reads what a job claims; `problem` says what is wrong with a text that is no claim of this schema. */
export function parseClaim(text: string): { claim: Claim } | { problem: string } {
  if (text.length > longestClaim) return { problem: `it has more than ${longestClaim} characters` };
  const value = parseJson(text);
  if (value === undefined) return { problem: "it is no JSON" };
  const schema = schemaOf(value);
  if (typeof schema === "number" && schema !== claimSchema) {
    return { problem: `it has schema ${schema}, and this gate knows schema ${claimSchema} alone` };
  }
  const parsed = claim.safeParse(value);
  return parsed.success ? { claim: parsed.data } : { problem: describeIssue(parsed.error) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function schemaOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "schema" in value ? value.schema : undefined;
}

function describeIssue({ issues }: z.ZodError): string {
  const [issue] = issues;
  const path = issue?.path.join(".");
  return oneLine(path ? `its "${path}": ${issue?.message}` : `${issue?.message}`);
}

function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
