import type { Change, Verdict } from "../../rehearsal/verdict.ts";
import { formatDuration } from "../../runner/duration.ts";
import { countOf } from "../../runner/words.ts";
import { unprovenOf } from "../grouping.ts";
import { clip } from "../tree.ts";
import { type Html, html, type Part, raw } from "./html.ts";
import { application, facts, listed, named, type PageSection, type PageView, placed } from "./page-view.ts";

/** Files of one group before they are folded away. */
const openFiles = 30;
/** All groups together before each is folded away. */
const openGroups = 100;
const sentenceWidth = 4_000;

/** Everything beside the causes and the tree. */
export function details(verdict: Verdict, view: PageView): PageSection[] {
  return [
    ...changes(verdict, view),
    ...unproven(verdict, view),
    ...notes(verdict),
    ...evidence(verdict, view),
  ];
}

function changes({ changes, changed }: Verdict, view: PageView): PageSection[] {
  if (changed === 0) return [];
  const groups = [...Map.groupBy(changes, ({ applications }) => JSON.stringify(applications)).values()];
  const rest = changed - changes.length;
  return [
    {
      id: "changes",
      title: "What changes",
      count: changed,
      content: html`<div class="card">${[
        groups.map((group) => {
          const names = group[0]?.applications ?? [];
          const open = group.length <= openFiles && changes.length <= openGroups;
          return html`<section class="group">
<h3>${names.length > 0 ? listed(names.map((name) => application(name, view))) : "Of no Application"}</h3>
${open ? files(group, view) : html`<details><summary>${countOf(group.length, "file")}</summary>${files(group, view)}</details>`}
</section>`;
        }),
        rest > 0 ? html`<p>and ${countOf(rest, "file")} more</p>` : undefined,
      ]}</div>`,
    },
  ];
}

function files(changes: readonly Change[], view: PageView): Html {
  return html`<ul class="files">${changes.map(({ path, kind }) => html`<li><span class="kind ${kind}">${kind}</span> ${kind === "deleted" ? named(path) : placed({ file: path }, view)}</li>`)}</ul>`;
}

function unproven(verdict: Verdict, view: PageView): PageSection[] {
  const found = unprovenOf(verdict);
  if (found.length === 0) return [];
  const engine = verdict.engine ? ` on the ${verdict.engine.name} engine` : "";
  return [
    {
      id: "not-proven",
      title: "Not proven",
      count: found.reduce((sum, { objects }) => sum + objects, 0),
      content: [
        html`<p class="lead">What was not exercised${engine}, and so may still fail.</p>`,
        html`<div class="card">${found.map(
          ({ why, objects, applications }) => html`<details class="unproven">
<summary><span>${clip(why, sentenceWidth)}</span> <small>${countOf(objects, "object")} of ${countOf(applications.length, "Application")}</small></summary>
${facts(applications.map(({ name, resources }) => [application(name, view), listed(resources.map(named))] as const))}
</details>`,
        )}</div>`,
      ],
    },
  ];
}

function notes({ notes }: Verdict): PageSection[] {
  if (notes.length === 0) return [];
  const content = html`<ul class="card">${notes.map((note) => html`<li class="message">${clip(note, sentenceWidth)}</li>`)}</ul>`;
  return [{ id: "notes", title: "Notes", count: notes.length, content }];
}

function evidence(verdict: Verdict, view: PageView): PageSection[] {
  const { evidence, repository, argocd, usage, startedAt } = verdict;
  const content = html`<div class="card">${[
    facts([
      ["Repository", repository && named(repository.url)],
      ["Merge result", repository && html`${named(repository.merge)}, which exists in this rehearsal alone`],
      ["Served by the mirror", evidence && times(evidence.mergeServed)],
      ["Applied", repository && repository.roots.length > 0 ? roots(repository.roots, view) : undefined],
      [
        "Past the mirror",
        evidence && evidence.otherHosts.length > 0
          ? html`<ul>${evidence.otherHosts.map(({ host, outcome, count }) => html`<li>${named(host)}, ${times(count)}: ${clip(outcome, 400)}</li>`)}</ul>`
          : undefined,
      ],
      ["From other hosts", evidence && artefacts(evidence)],
      ["Refused", evidence?.refused?.length ? html`<ul>${evidence.refused.map(sentence)}</ul>` : undefined],
      ["Argo CD", argocd && `installed from ${clip(argocd.source, 400)}`],
      ["Began", clip(startedAt.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC"), 60)],
      [
        "Used",
        usage &&
          `${(usage.peakMemoryBytes / 1e9).toFixed(1)} GB of memory and ${usage.cpuSeconds.toFixed(0)} s of CPU`,
      ],
    ]),
    moments(verdict),
  ]}</div>`;
  return [{ id: "evidence", title: repository ? "Evidence and times" : "Times", content }];
}

/** What came through the mirror of other hosts than the repository's, and from where it was had. */
function artefacts({ artefacts = [] }: NonNullable<Verdict["evidence"]>): Part {
  if (artefacts.length === 0) return undefined;
  const list = html`<ul>${artefacts.map(({ what, from, why, count }) => html`<li>${named(what)} <span class="tag">${from}</span> ${times(count)}${why === undefined ? "" : html`: ${clip(why, sentenceWidth)}`}</li>`)}</ul>`;
  const cached = artefacts.filter(({ from }) => from === "cache").length;
  return html`<details${raw(artefacts.length <= openFiles ? " open" : "")}><summary>${cached} from the cache, ${artefacts.length - cached} from upstream</summary>${list}</details>`;
}

function sentence(text: string): Html {
  return html`<li>${clip(text, sentenceWidth)}</li>`;
}

function roots(all: NonNullable<Verdict["repository"]>["roots"], view: PageView): Html {
  return html`<ul>${all.map(({ kind, name, file, line }) => html`<li>${kind} ${application(name, view)} of ${placed({ file, line }, view)}</li>`)}</ul>`;
}

function moments({ timings: { clusterReady, argocdReady, applied, decided, total } }: Verdict): Part {
  const steps = [
    ["cluster ready", clusterReady],
    ["Argo CD ready", argocdReady],
    ["roots applied", applied],
    ["decided", decided],
    ["done", total],
  ] as const;
  return html`<ol class="moments" aria-label="Times since it began">${steps.map(([what, seconds]) =>
    seconds === undefined ? undefined : html`<li><span>${what}</span> ${formatDuration(seconds * 1000)}</li>`,
  )}</ol>`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
