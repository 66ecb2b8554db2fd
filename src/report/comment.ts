import { documentOf } from "./document.ts";
import { markerOf } from "./marker.ts";
import type { Outcome, ReportContext } from "./outcome.ts";
import type { Scale } from "./view.ts";

/** GitHub refuses more than 65,536 characters; what others add to it has to have its place. */
const mostCharacters = 59_900;

const scale: Scale = {
  ...{ message: 1_000, width: 400, names: 6, rows: 150, columns: 92 },
  ...{ pods: 4, lines: 12, others: 4 },
};

/** The comment on the pull request, in Markdown: marker first, less than 60,000 characters. */
export function commentOf(outcome: Outcome, context: ReportContext): string {
  const marker = markerOf(context.instance, { head: context.head });
  const limit = mostCharacters - marker.length - 1;
  return `${marker}\n${documentOf(outcome, context, { scale, budget: { limit, size: (text) => text.length } })}\n`;
}
