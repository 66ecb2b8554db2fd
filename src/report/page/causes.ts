import { nameResource } from "../../argocd/application.ts";
import type { Verdict } from "../../rehearsal/verdict.ts";
import type { Diagnosis } from "../../rehearsal/workloads/diagnosis.ts";
import { countOf } from "../../runner/words.ts";
import type { CauseClass } from "../../workloads/failure.ts";
import { type Failure, type FailureGroup, waitingOf } from "../grouping.ts";
import { clip } from "../tree.ts";
import { type Html, html, type Part } from "./html.ts";
import { mark } from "./marks.ts";
import {
  application,
  facts,
  listed,
  named,
  type PageSection,
  type PageView,
  placed,
  said,
  sized,
} from "./page-view.ts";

/** Whose fault it is, where that is not the change. */
const classes = {
  change: undefined,
  infrastructure: "infrastructure, not the change",
  configuration: "configuration, not the change",
} as const satisfies Record<CauseClass, string | undefined>;

/** How much of what a cluster told is shown of each thing; verdict.json has all of it. */
const shown = { pods: 50, lines: 200, others: 50, width: 4_000 };

export function causeId(index: number): string {
  return `cause-${index + 1}`;
}

/** What failed and why, and who waits for it. */
export function causes(verdict: Verdict, groups: readonly FailureGroup[], view: PageView): PageSection[] {
  const waiting = waitingOf(verdict);
  if (groups.length === 0 && waiting.length === 0) return [];
  return [
    {
      id: "causes",
      title: groups.length === 1 ? "Cause" : "Causes",
      count: groups.length,
      content: [
        html`<div class="${sized(groups.length)}">${groups.map((group, index) => cause(group, index, view))}</div>`,
        waiting.length === 0
          ? undefined
          : html`<h3>Waiting for another</h3>
<ul class="waits">${waiting.map(({ name, waitsFor }) => html`<li>${mark("waiting")}<span>${application(name, view)} waits for ${listed(waitsFor.map((other) => application(other, view)))}</span></li>`)}</ul>`,
      ],
    },
  ];
}

/** Settings that guard the cluster, and that the merge weakens. */
export function weakened({ weakened }: Verdict, view: PageView): PageSection[] {
  if (weakened.length === 0) return [];
  const items = weakened.map(
    ({ setting, message, where, allowed }) => html`<article class="cause ${allowed ? "allowed" : "change"}">
<h3>${named(setting)} <span class="tag">${allowed ? "allowed by the base" : "not allowed"}</span></h3>
${said(message)}
${facts([["Where", placed(where, view)]])}
</article>`,
  );
  return [{ id: "weakened", title: "Weakened settings", count: weakened.length, content: items }];
}

function cause({ first, others }: FailureGroup, index: number, view: PageView): Html {
  const { name, kind, state, reason } = first;
  const fault = classes[reason.class];
  return html`<article class="cause ${reason.class}" id="${causeId(index)}">
<h3>${mark(reason.class === "change" ? state : "unproven")}<span class="chain">${application(name, view)}${kind === "ApplicationSet" ? html` <span class="tag">ApplicationSet</span>` : ""}${reason.resource ? html` <span class="arrow" aria-label="in">→</span> <span class="resource">${clip(nameResource(reason.resource), 300)}</span>` : ""}</span></h3>
${said(reason.message)}
${facts([
  ["Where", whereOf(first, view)],
  [
    "Kind",
    html`<span class="tag">${reason.code}</span>${fault === undefined ? "" : html` <span class="tag strong">${fault}</span>`}${state === "unfinished" ? html` <span class="tag">not done in time</span>` : ""}`,
  ],
  ["Held final because", reason.finality && clip(reason.finality, 2_000)],
  [
    "The same reason",
    others.length > 0 ? listed(others.map((other) => application(other.name, view))) : undefined,
  ],
])}
${told(first.diagnosis)}
</article>`;
}

function whereOf({ reason, place }: Failure, view: PageView): Part {
  if (reason.place) return placed(reason.place, view);
  return place ? html`declared in ${placed(place, view)}` : undefined;
}

/** What Pods told, and whatever else was found. */
function told(diagnosis: Diagnosis | undefined): Part {
  if (!diagnosis) return undefined;
  const { pods, others, nodes, incomplete } = diagnosis;
  const rest = [
    ...others.slice(-shown.others),
    ...nodes.slice(0, shown.others),
    ...incomplete.slice(0, shown.others).map((what) => `not known: ${what}`),
  ];
  if (pods.length === 0 && rest.length === 0) return undefined;
  const more = pods.length > shown.pods ? `and ${countOf(pods.length - shown.pods, "Pod")} more` : undefined;
  return html`<details class="told"><summary>What ${pods.length > 0 ? countOf(pods.length, "Pod") : "the cluster"} told</summary>
${pods.slice(0, shown.pods).map(
  ({
    pod,
    node,
    state,
    lines,
  }) => html`<h4>${clip(pod, 300)} <small>${clip(state, 200)}${node === undefined ? "" : ` on ${clip(node, 200)}`}</small></h4>
${block(lines.slice(0, shown.lines))}`,
)}
${more === undefined ? undefined : html`<p>${more}; verdict.json has them.</p>`}
${rest.length > 0 && pods.length > 0 ? html`<h4>Besides</h4>` : undefined}
${block(rest)}
</details>`;
}

function block(lines: readonly string[]): Part {
  if (lines.length === 0) return undefined;
  // A line feed right after the tag is not the text's.
  return html`<pre tabindex="0">
${lines.map((line) => clip(line, shown.width)).join("\n")}</pre>`;
}
