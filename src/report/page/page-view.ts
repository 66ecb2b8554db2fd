import type { Verdict } from "../../rehearsal/verdict.ts";
import type { Place } from "../../runner/errors.ts";
import type { Links } from "../links.ts";
import { placeText } from "../text.ts";
import { clip } from "../tree.ts";
import { type Html, html, type Part } from "./html.ts";

/** What every section of the page is made with. */
export interface PageView {
  links: Links;
  /** The id of the row of an Application or ApplicationSet; undefined where there is none of that name. */
  rowOf(name: string): string | undefined;
  /** The id of the cause of one that failed, by its row's. */
  causes: ReadonlyMap<string, string>;
}

/** More than a message has that a person reads to its end. */
const messageWidth = 20_000;
/** Characters of a message at which its middle is folded away. */
const longMessage = 700;
const nameWidth = 300;
/** Names in a list before the rest is folded away. */
const shownNames = 8;
/** Browsers take no more. */
const urlWidth = 2_000;

/** From so many on, browsers lay out only those in sight. */
const many = 200;

/** A class for a list that is long: in a short one, every part is there for a picture of the whole page. */
export function sized(count: number): string {
  return count > many ? "many" : "few";
}

/** Ids by name; an Application is found before an ApplicationSet of its name. */
export function rowIds({ applications, applicationSets }: Verdict): PageView["rowOf"] {
  const ids = new Map<string, string>();
  for (const [index, { name }] of [...applicationSets.entries()].reverse()) ids.set(name, setRow(index));
  for (const [index, { name }] of [...applications.entries()].reverse()) ids.set(name, applicationRow(index));
  return (name) => ids.get(name);
}

export function applicationRow(index: number): string {
  return `application-${index + 1}`;
}

export function setRow(index: number): string {
  return `set-${index + 1}`;
}

/** A part of the page that its menu leads to. */
export interface PageSection {
  id: string;
  title: string;
  /** What there is of it, beside its name in the menu. */
  count?: number;
  content: Part;
}

/** The name of an object, a host or a commit. */
export function named(name: string): Html {
  return html`<code>${clip(name, nameWidth)}</code>`;
}

/** The name of an Application, which leads to its row. */
export function application(name: string, { rowOf }: PageView): Html {
  const row = rowOf(name);
  const shown = clip(name, nameWidth);
  return row === undefined ? html`<b>${shown}</b>` : html`<a class="to-row" href="#${row}">${shown}</a>`;
}

/** Things with commas between them, all but the first few folded away. */
export function listed(items: readonly Html[]): Part {
  const list = (some: readonly Html[]) => some.map((item, index) => [index > 0 ? ", " : "", item]);
  const rest = items.slice(shownNames);
  if (rest.length < 3) return list(items);
  return [
    list(items.slice(0, shownNames)),
    html`<details class="more"><summary>and ${rest.length} more</summary>${list(rest)}</details>`,
  ];
}

/** A place in the repository, linked where that can be. */
export function placed(place: Place, { links }: PageView): Html {
  const text = clip(placeText(place), nameWidth);
  const url = links.toPlace(place);
  return html`<code>${url && url.length <= urlWidth ? outside(url, text) : text}</code>`;
}

/** A commit by the first letters of its SHA. */
export function commit(sha: string, { links }: PageView): Html {
  const url = links.toCommit(sha);
  return html`<code>${url ? outside(url, sha.slice(0, 8)) : sha.slice(0, 8)}</code>`;
}

/** A link to where `linksOf` leads, and to nowhere else. */
export function outside(url: string, text: string): Html {
  return html`<a href="${url}" rel="noopener noreferrer">${text}</a>`;
}

/** A message with its lines; the middle of a long one is folded away, as an error ends with its cause. */
export function said(message: string): Html {
  const text = clip(message.trim(), messageWidth);
  if (text.length <= longMessage) return html`<p class="message">${text}</p>`;
  const half = longMessage / 2;
  return html`<p class="message">${text.slice(0, half)} … ${text.slice(-half)}</p>
<details class="whole"><summary>The whole message</summary><p class="message">${text}</p></details>`;
}

/** Pairs of a term and what it is; those that are nothing are left out. */
export function facts(pairs: readonly (readonly [Part, Part])[]): Part {
  const known = pairs.filter(([, what]) => what !== undefined && what !== "");
  if (known.length === 0) return undefined;
  return html`<dl class="facts">${known.map(([term, what]) => html`<div><dt>${term}</dt><dd>${what}</dd></div>`)}</dl>`;
}
