import type { Verdict } from "../rehearsal/verdict.ts";
import { formatDuration } from "../runner/duration.ts";
import type { Section } from "./budget.ts";
import { code, codeBlock, link, words } from "./markdown.ts";
import { defaultInstance, type ReportContext } from "./outcome.ts";
import { fixed } from "./sections.ts";
import { clip } from "./tree.ts";
import { named, placed, said, type View } from "./view.ts";

/** Characters of the first line. */
const headlineWidth = 280;
/** Lines of a stack. */
const stackLines = 30;

const headlines = {
  passed: "✅ Rehearsal passed",
  failed: "❌ Rehearsal failed",
  misused: "⚙️ Not rehearsed",
  infrastructure: "⚠️ Not proven",
} as const;

/** What each red result is about, where it is not the change. */
const meanings = {
  misused:
    "**Not about the change:** the rehearsal was called or configured wrongly. Nothing is proven until that is mended.",
  infrastructure:
    "**Not about the change:** the rehearsal itself could not be carried out, so nothing is proven. Run it again.",
} as const;

/** The verdict in one line, what it means, and what ran. */
export function headline(verdict: Verdict, context: ReportContext, view: View): Section[] {
  const { result, summary, error, irrelevant } = verdict;
  const [first = "", ...stack] = summary.split("\n");
  const line =
    irrelevant === undefined
      ? heading(headlines[result], first, context)
      : heading("✅ Nothing to rehearse", irrelevant, context);
  const meaning = result === "misused" || result === "infrastructure" ? [meanings[result]] : [];
  const where = error?.where ? [placed(error.where, view)] : [];
  const fix = error?.fix ? [`**How to mend it:** ${said(error.fix, view)}`] : [];
  return [
    line,
    facts(verdict, context, view),
    ...meaning,
    ...(error && first.length > headlineWidth ? [said(first, view)] : []),
    ...where,
    ...fix,
    ...(stack.length > 0 ? [block(stack, view)] : []),
  ]
    .filter((text) => text !== "")
    .map(fixed);
}

/** Where there is no verdict, that is red as well. */
export function missingHeadline(why: string, context: ReportContext, view: View): Section[] {
  const run = link("the run", view.links.run);
  return [
    heading("❌ No verdict", why, context),
    `Nothing is proven, so this is no pass. Look into ${run}: what it says last is what went wrong. Then mend it, or let its jobs run again (_Re-run all jobs_).`,
  ].map(fixed);
}

function heading(what: string, why: string, { instance }: ReportContext): string {
  const of = ["", defaultInstance].includes(instance) ? "" : ` (${words(clip(instance, 60))})`;
  const sentence = clip(why.trim(), headlineWidth).replace(/\.$/, "");
  return `### ${what}${of} · ${words(sentence)}`;
}

/** One line: which commits, on what, how long, and where the rest is. */
function facts(
  { repository, engine, argocd, timings }: Verdict,
  { head }: ReportContext,
  { links }: View,
): string {
  const commit = (sha: string) => link(code(sha.slice(0, 8)), links.toCommit(sha));
  return [
    ...(repository
      ? [`${commit(repository.head)} into ${named(repository.baseBranch)} at ${commit(repository.base)}`]
      : head
        ? [commit(head)]
        : []),
    ...(engine ? [`${engine.name} engine, Kubernetes ${words(clip(engine.kubernetes, 40))}`] : []),
    ...(argocd ? [`Argo CD ${words(clip(argocd.running, 40))}`] : []),
    formatDuration(timings.total * 1000),
    ...(links.run ? [link("run", links.run)] : []),
  ].join(" · ");
}

function block(lines: readonly string[], { scale }: View): string {
  const {
    opening,
    lines: shown,
    closing,
  } = codeBlock(lines.slice(0, stackLines).map((line) => clip(line, scale.width)));
  return [opening, ...shown, closing].join("\n");
}
