import { z } from "zod";

/** A job that the gate needs, as `toJSON(needs)` tells of it. */
export interface NeededJob {
  /** Its id in the workflow. */
  name: string;
  /** `success`, `failure`, `cancelled` or `skipped`. */
  result: string;
  outputs: Readonly<Record<string, string>>;
}

// GitHub may tell more of a job some day; what the gate rests on has to be there.
const job = z.object({ result: z.string(), outputs: z.record(z.string(), z.string()).default({}) });

/**
 * Reads the context `needs`; `problem` says what is wrong with a text that is none.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/contexts#needs-context
 */
export function parseNeeds(text: string): { jobs: readonly NeededJob[] } | { problem: string } {
  const needs = parseObject(text);
  if (needs === undefined) return { problem: "it is no JSON object" };
  const jobs: NeededJob[] = [];
  // One by one: a record of zod leaves out a job of the name `__proto__`, which would then not be needed.
  for (const [name, value] of Object.entries(needs)) {
    const parsed = job.safeParse(value);
    if (!parsed.success) return { problem: `it does not tell how the job "${name}" ended` };
    jobs.push({ name, ...parsed.data });
  }
  return { jobs };
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
