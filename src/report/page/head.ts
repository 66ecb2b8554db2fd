import type { ApplicationState, Result, Verdict } from "../../rehearsal/verdict.ts";
import { formatDuration } from "../../runner/duration.ts";
import { countOf } from "../../runner/words.ts";
import { unprovenOf } from "../grouping.ts";
import { defaultInstance, type Outcome, type ReportContext } from "../outcome.ts";
import { clip } from "../tree.ts";
import { type Html, html, type Part } from "./html.ts";
import { mark } from "./marks.ts";
import { commit, facts, named, outside, type PageView, placed, said } from "./page-view.ts";

interface Headline {
  title: string;
  mark: ApplicationState | "unproven";
  /** What a result is about that is not the change. */
  meaning: string | undefined;
}

const headlines = {
  passed: { title: "Rehearsal passed", mark: "passed", meaning: undefined },
  failed: { title: "Rehearsal failed", mark: "failed", meaning: undefined },
  misused: {
    ...{ title: "Not rehearsed", mark: "unproven" },
    meaning:
      "Not about the change: the rehearsal was called or configured wrongly. Nothing is proven until that is mended.",
  },
  infrastructure: {
    ...{ title: "Not proven", mark: "unproven" },
    meaning:
      "Not about the change: the rehearsal itself could not be carried out, so nothing is proven. Run it again.",
  },
} as const satisfies Record<Result, Headline>;

const noVerdict = {
  ...{ title: "No verdict", mark: "failed" },
  meaning: "Nothing is proven, so this is no pass. What the run says last is what went wrong.",
} as const satisfies Headline;

const nothingDue = {
  ...{ title: "Nothing to rehearse", mark: "passed", meaning: undefined },
} as const satisfies Headline;

const sentenceWidth = 600;
/** Lines of a stack. */
const stackLines = 60;

/** In the order of the bar and of what needs attention. */
export const stateOrder: readonly ApplicationState[] = [
  ...(["failed", "missing", "unfinished", "waiting", "passed"] as const),
];

function headlineOf(outcome: Outcome): Headline {
  if ("missing" in outcome) return noVerdict;
  return outcome.verdict.irrelevant === undefined ? headlines[outcome.verdict.result] : nothingDue;
}

/** The title of the page, in a tab or a bookmark. */
export function titleOf(outcome: Outcome, { repository, instance }: ReportContext): string {
  const { title } = headlineOf(outcome);
  return [title, instanceOf(instance), repository].filter((part) => part !== "").join(" · ");
}

/** The result and its sentence, what it means, what ran, and how many Applications are in which state. */
export function head(outcome: Outcome, context: ReportContext, view: PageView): Html {
  const { title, mark: shape, meaning } = headlineOf(outcome);
  const instance = instanceOf(context.instance);
  const sentence = sentenceOf(outcome);
  return html`<header class="head ${shape}">
${context.repository === "" ? undefined : html`<p class="of">${clip(context.repository, 200)}</p>`}
<h1>${mark(shape)}<span>${title}${instance === "" ? "" : html` <small>${instance}</small>`}</span></h1>
<p class="sentence">${sentence}</p>
${meaning === undefined ? undefined : html`<p class="meaning">${meaning}</p>`}
${"verdict" in outcome ? errorOf(outcome.verdict, sentence, view) : undefined}
${"verdict" in outcome ? caveat(outcome.verdict) : undefined}
<ul class="ran">${ran(outcome, context, view).map((part) => html`<li>${part}</li>`)}</ul>
${"verdict" in outcome ? states(outcome.verdict) : undefined}
</header>`;
}

/** A pass goes with what it does not prove. */
function caveat(verdict: Verdict): Part {
  const objects = unprovenOf(verdict).reduce((sum, unproven) => sum + unproven.objects, 0);
  if (verdict.result !== "passed" || objects === 0) return undefined;
  return html`<p class="caveat"><a href="#not-proven">${countOf(objects, "object")}</a> ${objects === 1 ? "was" : "were"} not exercised in full${verdict.engine ? ` on the ${verdict.engine.name} engine` : ""}.</p>`;
}

function instanceOf(instance: string): string {
  return ["", defaultInstance].includes(instance) ? "" : clip(instance, 60);
}

function sentenceOf(outcome: Outcome): string {
  if ("missing" in outcome) return clip(outcome.missing.trim(), sentenceWidth);
  const { irrelevant, summary } = outcome.verdict;
  const [first = ""] = (irrelevant ?? summary).split("\n");
  return clip(first.trim(), sentenceWidth);
}

/** Where an early end was, how to mend it, and the stack where it is a defect. */
function errorOf({ error, summary }: Verdict, sentence: string, view: PageView): Part {
  if (!error) return undefined;
  const [first = "", ...stack] = summary.split("\n");
  return [
    first.trim() === sentence ? undefined : said(first),
    facts([
      ["Where", error.where && placed(error.where, view)],
      ["How to mend it", error.fix && clip(error.fix, 2_000)],
    ]),
    stack.length === 0 ? undefined : html`<pre>${stack.slice(0, stackLines).join("\n")}</pre>`,
  ];
}

function ran(outcome: Outcome, context: ReportContext, view: PageView): Part[] {
  const run = view.links.run === undefined ? [] : [outside(view.links.run, "the run")];
  const ofHead = context.head === undefined ? [] : [commit(context.head, view)];
  if ("missing" in outcome) return [...ofHead, ...run];
  const { repository, engine, argocd, timings } = outcome.verdict;
  return [
    ...(repository
      ? [
          html`${commit(repository.head, view)} into ${named(repository.baseBranch)} at ${commit(repository.base, view)}`,
        ]
      : ofHead),
    ...(engine ? [`${engine.name} engine, Kubernetes ${clip(engine.kubernetes, 40)}`] : []),
    ...(argocd ? [`Argo CD ${clip(argocd.running, 40)}`] : []),
    formatDuration(timings.total * 1000),
    ...run,
  ];
}

/** A bar of all Applications by state. Sizes are SVG's, as the page allows no style in an attribute. */
function states({ applications }: Verdict): Part {
  if (applications.length === 0) return undefined;
  let from = 0;
  const parts = stateOrder.flatMap((state) => {
    const count = applications.filter((one) => one.state === state).length;
    if (count === 0) return [];
    const rect = html`<rect class="${state}" x="${from}" y="0" width="${count}" height="1"/>`;
    from += count;
    return [{ rect, text: html`<li>${mark(state)} ${count} ${state}</li>` }];
  });
  return html`<svg class="bar" viewBox="0 0 ${applications.length} 1" preserveAspectRatio="none" aria-hidden="true">${parts.map(({ rect }) => rect)}</svg>
<ul class="states" aria-label="Applications by state">${parts.map(({ text }) => text)}</ul>`;
}
