import { documentOf } from "./document.ts";
import type { Outcome, ReportContext } from "./outcome.ts";
import type { Scale } from "./view.ts";

/** The runner refuses more than 1 MiB for a step. */
const mostBytes = 1_000_000;

const scale: Scale = {
  ...{ message: 20_000, width: 4_000, names: 50, rows: 2_000, columns: 120 },
  ...{ pods: 50, lines: 200, others: 50 },
};

/** The summary of a job, in Markdown, less than 1 MiB. */
export function summaryOf(outcome: Outcome, context: ReportContext): string {
  const budget = { limit: mostBytes, size: (text: string) => Buffer.byteLength(text) };
  return `${documentOf(outcome, context, { scale, budget })}\n`;
}
