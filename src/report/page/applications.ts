import type { ProgressNode } from "../../rehearsal/snapshot.ts";
import type {
  ApplicationSetVerdict,
  ApplicationState,
  ApplicationVerdict,
  SourceVerdict,
  Verdict,
} from "../../rehearsal/verdict.ts";
import { formatDuration } from "../../runner/duration.ts";
import { clip } from "../tree.ts";
import { verdictTree } from "../verdict-tree.ts";
import { stateOrder } from "./head.ts";
import { type Html, html, type Part } from "./html.ts";
import { mark } from "./marks.ts";
import {
  application,
  applicationRow,
  facts,
  listed,
  named,
  type PageSection,
  type PageView,
  placed,
  setRow,
  sized,
} from "./page-view.ts";

/** Further down, rows stand below each other: there is no room to the right. */
const deepest = 8;

const kinds = {
  merge: "the merge result",
  pinned: "this repository, pinned elsewhere",
  elsewhere: "another repository",
} as const satisfies Record<SourceVerdict["kind"], string>;

/** A row of the tree. */
interface Row {
  id: string;
  name: string;
  namespace: string;
  kind: ProgressNode["kind"];
  state: ApplicationState;
  sync: string | undefined;
  health: string | undefined;
  seconds: number | undefined;
  body: Part;
}

/** The tree: each under what brought it, with what is known of it inside. */
export function applications(verdict: Verdict, view: PageView): PageSection[] {
  const rows = rowsOf(verdict, view);
  if (rows.size === 0) return [];
  const flat = verdictTree(verdict).flatMap((node) => flatten(node, 0));
  const all = flat.flatMap(({ key, depth }) => {
    const row = rows.get(key);
    rows.delete(key); // an id stands but once, whatever a verdict says
    return row ? [{ row, depth }] : [];
  });
  const states = stateOrder.flatMap((state) => {
    const count = all.filter(({ row }) => row.state === state).length;
    return count > 0 ? [{ state, count }] : [];
  });
  return [
    {
      id: "applications",
      title: "Applications",
      count: verdict.applications.length,
      content: html`<div class="filter" id="filter" hidden>
<input type="search" id="find" aria-label="Find Applications" placeholder="Find by name, source or reason" autocomplete="off" spellcheck="false">
<div class="chips" role="group" aria-label="Show by state">
<button type="button" data-state="" aria-pressed="true">all ${all.length}</button>${states.map(
        ({ state, count }) => html`
<button type="button" data-state="${state}" aria-pressed="false">${mark(state)} ${state} ${count}</button>`,
      )}
</div>
<p class="found" role="status"></p>
</div>
<div class="rows ${sized(all.length)}" id="rows">
${all.map(({ row, depth }) => rowOf(row, depth))}
</div>`,
    },
  ];
}

function flatten({ key, children }: ProgressNode, depth: number): { key: string; depth: number }[] {
  return [{ key, depth }, ...children.flatMap((child) => flatten(child, depth + 1))];
}

/** By the keys of the tree; of two of one name, the first, to which links lead. */
function rowsOf({ applications, applicationSets }: Verdict, view: PageView): Map<string, Row> {
  const entries = [
    ...applications.map((one, index): [string, Row] => {
      const id = applicationRow(index);
      return [
        `Application/${one.namespace}/${one.name}`,
        { ...one, kind: "Application", id, body: bodyOf(one, id, view) },
      ];
    }),
    ...applicationSets.map((set, index): [string, Row] => {
      const id = setRow(index);
      const nothing = { sync: undefined, health: undefined, seconds: undefined };
      return [
        `ApplicationSet/${set.namespace}/${set.name}`,
        { ...set, ...nothing, kind: "ApplicationSet", id, body: bodyOfSet(set, id, view) },
      ];
    }),
  ];
  return new Map(entries.reverse());
}

function rowOf({ id, name, kind, state, sync, health, seconds, body }: Row, depth: number): Html {
  const status =
    kind === "ApplicationSet" ? "ApplicationSet" : [sync, health].filter((part) => part !== undefined);
  return html`<details class="row ${state} depth-${Math.min(depth, deepest)}" data-state="${state}">
<summary>${mark(state)}<span class="name">${clip(name, 300)}</span><span class="state">${state}</span><span class="status">${typeof status === "string" ? status : clip(status.join(" · "), 80)}</span><span class="time">${seconds === undefined ? "" : formatDuration(seconds * 1000)}</span></summary>
<div class="body" id="${id}">${body}</div>
</details>
`;
}

function bodyOf(one: ApplicationVerdict, row: string, view: PageView): Part {
  const { name, namespace, reason, waitsFor, parent, place, sources, resources, notProven, syncRequested } =
    one;
  return [
    reason === undefined ? undefined : html`<p>${clip(reason.message, 700)}${causeLink(row, view)}</p>`,
    facts([
      [
        "Waits for",
        waitsFor.length > 0 ? listed(waitsFor.map((other) => application(other, view))) : undefined,
      ],
      ["Brought by", parent === undefined ? "nothing: it is a root" : application(parent, view)],
      ["Declared in", place && placed(place, view)],
      ["Object", named(`${namespace}/${name}`)],
      ["Manages", resources === 1 ? "1 object" : `${resources} objects`],
      ["Sync", syncRequested ? "asked for by this run, as nothing else does" : undefined],
      ["Sources", sources.length > 0 ? html`<ul>${sources.map(source)}</ul>` : undefined],
      [
        "Not proven",
        notProven.length > 0
          ? html`<ul>${notProven.map(({ why, resources }) => html`<li>${clip(why, 700)}: ${listed(resources.map(named))}</li>`)}</ul>`
          : undefined,
      ],
    ]),
  ];
}

function bodyOfSet(set: ApplicationSetVerdict, row: string, view: PageView): Part {
  const { name, namespace, reason, parent, generated } = set;
  return [
    reason === undefined ? undefined : html`<p>${clip(reason.message, 700)}${causeLink(row, view)}</p>`,
    facts([
      ["Brought by", parent === undefined ? "nothing: it is a root" : application(parent, view)],
      ["Object", named(`${namespace}/${name}`)],
      ["Generates", generated === 1 ? "1 Application" : `${generated} Applications`],
    ]),
  ];
}

function causeLink(row: string, { causes }: PageView): Part {
  const cause = causes.get(row);
  return cause === undefined ? undefined : html` <a class="to-cause" href="#${cause}">The cause</a>`;
}

function source({ repoURL, what, targetRevision, kind, revision }: SourceVerdict): Html {
  const at = revision === undefined || revision === targetRevision ? "" : ` as ${clip(revision, 80)}`;
  return html`<li>${named(what)} of ${named(repoURL)} at ${named(targetRevision)}${at} <span class="tag">${kinds[kind]}</span></li>`;
}
