import type { VendorReport } from "../rehearsal/vendor-repository.ts";
import { countOf } from "../runner/words.ts";
import type { Vendored } from "../vendor/vendored.ts";
import type { Palette } from "./palette.ts";
import { oneLine } from "./sanitise.ts";

const columns = ["KIND", "SOURCE", "NAME", "VERSION", "FROM", "DIGEST"];

/** A table of what is in the cache, what is not and why, and what nobody can know beforehand. */
export function vendorText(report: VendorReport, palette: Palette): string[] {
  const { sources, unknown, stale, notes } = report;
  const failed = sources.filter((one) => "problem" in one && !one.source.optional);
  const spared = sources.filter((one) => "problem" in one && one.source.optional);
  return [
    ...table([columns, ...sources.map(rowOf)], palette),
    "",
    ...failed.flatMap((one) => problemLines(palette.bad("✗"), one)),
    ...spared.flatMap((one) => problemLines("·", one, "nothing says for certain that it is asked for")),
    ...stale.map(
      (entry) => `${palette.bad("✗")} nothing asks for ${oneLine(entry.source)}, which the lock has`,
    ),
    ...unknown.map(
      ({ place, why }) =>
        `· ${oneLine(`${place.file}:${place.line}: ${why}; what it asks for is kept when a rehearsal asks a host named above for it`)}`,
    ),
    ...notes.map((note) => `· ${oneLine(note)}`),
    conclusion(report, failed.length, palette),
  ];
}

function rowOf(one: Vendored): string[] {
  const { source } = one;
  const [source_, name, version] = describe(one);
  if ("problem" in one) return [source.kind, source_, name, version, one.problem.kind, ""];
  const { entry, from } = one;
  const digest = entry.kind === "git" ? entry.commit : entry.digest;
  return [source.kind, source_, name, version, from, digest.slice(0, "sha256:".length + 12)];
}

function describe(one: Vendored): [source: string, name: string, version: string] {
  const { source } = one;
  const resolved = "entry" in one && "version" in one.entry ? one.entry.version : undefined;
  if (source.kind === "file") return [source.url, "", ""];
  const written = source.version ?? (source.kind === "git" ? "HEAD" : "any");
  const version = resolved === undefined || resolved === written ? written : `${written} → ${resolved}`;
  return [source.url, source.kind === "git" ? (source.folder ?? "") : source.name, version];
}

function problemLines(mark: string, one: Vendored, but?: string): string[] {
  if (!("problem" in one)) return [];
  const { place, by } = one.source;
  return [
    `${mark} ${oneLine(one.problem.message)}${but === undefined ? "" : ` (${but})`}`,
    `    ${oneLine(`${place.file}:${place.line}, ${by}`)}`,
  ];
}

function conclusion(
  { sources, cache, lock, complete, stale }: VendorReport,
  failed: number,
  palette: Palette,
): string {
  if (failed > 0) {
    return `${palette.bad(`${countOf(failed, "source")} of ${sources.length} cannot be rehearsed offline.`)} The lock is as it was.`;
  }
  if (!complete)
    return palette.bad(`The lock has ${countOf(stale.length, "source")} too many: run rehearse vendor.`);
  const where = lock.written ? `; the lock is ${lock.file}` : "";
  return `${palette.good(`All that is needed is in the cache`)} (${cache})${where}.`;
}

function table(rows: readonly string[][], palette: Palette): string[] {
  const clean = rows.map((row) => row.map(oneLine));
  const widths = columns.map((_, index) => Math.max(...clean.map((row) => (row[index] ?? "").length)));
  const lines = clean.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [palette.strong(lines[0] ?? ""), ...lines.slice(1)];
}
