import { type Budget, compose, type Section } from "./budget.ts";
import { detailSections } from "./detail-sections.ts";
import { failureSections } from "./failure-sections.ts";
import { headline, missingHeadline } from "./headline.ts";
import { linksOf } from "./links.ts";
import { link } from "./markdown.ts";
import type { Outcome, ReportContext } from "./outcome.ts";
import { counted, type Scale, type View } from "./view.ts";

/** The report on one outcome in Markdown, no larger than the budget. Nothing of it is left open by a cut. */
export function documentOf(
  outcome: Outcome,
  context: ReportContext,
  { scale, budget }: { scale: Scale; budget: Omit<Budget, "leftOut"> },
): string {
  const view = { links: linksOf(context), scale };
  return compose(sectionsOf(outcome, context, view), {
    ...budget,
    leftOut: (counts) => `_Left out here: ${counted(counts)}. ${whole(view)}_`,
  });
}

function sectionsOf(outcome: Outcome, context: ReportContext, view: View): Section[] {
  if ("missing" in outcome) return missingHeadline(outcome.missing, context, view);
  const { verdict } = outcome;
  return [
    ...headline(verdict, context, view),
    ...failureSections(verdict, view),
    ...detailSections(verdict, view),
  ];
}

function whole({ links }: View): string {
  if (links.run === undefined) return "All of it is in `report.html`, beside this file.";
  return `All of it is in the artifact \`rehearsal-report\` of ${link("the run", links.run)}.`;
}
