import type { NotProven } from "../../src/rehearsal/verdict.ts";
import type { Outcome } from "./try-charts.ts";

/** A line of the table, as `results.json` keeps it. */
export interface Result {
  chart: string;
  version: string;
  passes: boolean;
  /** How many objects it deploys. */
  objects: number;
  /** What of it was simulated, or why it fails. */
  said: string;
}

const begin = "<!-- The table below is written by `npm run catalogue`. -->";
const end = "<!-- End of the table. -->";

export function resultOf({ trial, application }: Outcome): Result {
  const passes = application.state === "passed";
  return {
    chart: trial.chart,
    version: trial.version,
    passes,
    objects: application.resources,
    said: passes
      ? simulated(application.notProven)
      : (application.reason?.message ?? `it ended as ${application.state}`),
  };
}

/** A table in Markdown: a line for each chart. */
export function catalogueTable(results: readonly Result[]): string {
  const rows = results.map(
    ({ chart, version, passes, objects, said }) =>
      `| ${chart} | ${version} | ${passes ? "passes" : "fails"} | ${objects} | ${escapeCell(said)} |`,
  );
  return [
    "| chart | version | | objects | what was simulated besides containers, or why it fails |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

/** Puts a table in the place of the one that a page has. Throws where the page has none. */
export function replaceTable(page: string, table: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error("the page has no place for the table");
  return `${page.slice(0, from)}${begin}\n\n${table}\n\n${page.slice(to)}`;
}

/** The kinds that were simulated; that containers did not run goes without saying. */
function simulated(notProven: readonly NotProven[]): string {
  const kinds = notProven
    .filter(({ why }) => !why.includes("no container ran"))
    .map(({ resources, why }) => `${[...new Set(resources.map(kindOf))].join(", ")}: ${why}`);
  return kinds.join("; ") || "–";
}

/** `Certificate` of `cert-manager.io/Certificate shop/web`. */
function kindOf(resource: string): string {
  return (resource.split(" ")[0] ?? resource).split("/").at(-1) ?? resource;
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll(/\s+/g, " ");
}
