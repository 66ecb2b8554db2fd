import { createHash } from "node:crypto";
import type { Verdict } from "../../rehearsal/verdict.ts";
import { failureGroupsOf } from "../grouping.ts";
import { linksOf } from "../links.ts";
import type { Outcome, ReportContext } from "../outcome.ts";
import { applications } from "./applications.ts";
import { causeId, causes, weakened } from "./causes.ts";
import { details } from "./details.ts";
import { head, titleOf } from "./head.ts";
import { type Html, html, type Part, raw, sourceOf } from "./html.ts";
import { markShapes } from "./marks.ts";
import { type PageSection, type PageView, rowIds } from "./page-view.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";

/** Nothing is loaded, and nothing runs or is styled but what the page brings. */
const policy = [
  "default-src 'none'",
  `style-src '${hashOf(style)}'`,
  `script-src '${hashOf(script)}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/**
 * The whole report as one page of HTML that needs nothing else: it can be mailed, kept and read without a
 * network, and without its script.
 */
export function pageOf(outcome: Outcome, context: ReportContext): string {
  const { view, sections } = "verdict" in outcome ? withVerdict(outcome.verdict, context) : withNone(context);
  const page = html`${raw("<!doctype html>")}
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${titleOf(outcome, context)}</title>
<style>${raw(style)}</style>
</head>
<body>
${markShapes}
<main>
${head(outcome, context, view)}
${menu(sections)}
${sections.map(section)}
</main>
<script>${raw(script)}</script>
</body>
</html>
`;
  return sourceOf(page);
}

function withNone(context: ReportContext): { view: PageView; sections: PageSection[] } {
  const view = { links: linksOf(context), rowOf: () => undefined, causes: new Map() };
  return { view, sections: [] };
}

function withVerdict(verdict: Verdict, context: ReportContext): { view: PageView; sections: PageSection[] } {
  const groups = failureGroupsOf(verdict);
  const rowOf = rowIds(verdict);
  const failed = groups.flatMap(({ first, others }, index) =>
    [first, ...others].map(({ name }): [string, string] => [rowOf(name) ?? "", causeId(index)]),
  );
  const view = { links: linksOf(context), rowOf, causes: new Map(failed) };
  const sections = [
    ...causes(verdict, groups, view),
    ...weakened(verdict, view),
    ...applications(verdict, view),
    ...details(verdict, view),
  ];
  return { view, sections };
}

function menu(sections: readonly PageSection[]): Part {
  if (sections.length < 2) return undefined;
  return html`<nav aria-label="Sections"><ul>${sections.map(({ id, title, count }) => html`<li><a href="#${id}">${title}${countIn(count)}</a></li>`)}</ul></nav>`;
}

function section({ id, title, count, content }: PageSection): Html {
  return html`<section id="${id}">
<h2>${title}${countIn(count)}</h2>
${content}
</section>
`;
}

function countIn(count: number | undefined): Part {
  return count === undefined || count === 0 ? undefined : html` <span class="count">${count}</span>`;
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
