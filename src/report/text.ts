import { nameResource } from "../argocd/application.ts";
import type { Reason } from "../rehearsal/reason.ts";
import type { ApplicationVerdict, Result, Verdict } from "../rehearsal/verdict.ts";
import type { Diagnosis } from "../rehearsal/workloads/diagnosis.ts";
import { formatDuration } from "../runner/duration.ts";
import type { Place } from "../runner/errors.ts";
import { countOf, someOf } from "../runner/words.ts";
import type { Palette } from "./palette.ts";
import { forTerminal, oneLine } from "./sanitise.ts";

const headings = {
  passed: "PASSED",
  failed: "FAILED",
  misused: "NOT REHEARSED",
  infrastructure: "NOT PROVEN",
} as const satisfies Record<Result, string>;

/** Names in a list before the rest is counted. */
const listed = 6;

/** The verdict for a terminal or a log: what failed and why, what was not proven, what ran. */
export function verdictText(verdict: Verdict, palette: Palette): string[] {
  const heading =
    verdict.result === "passed"
      ? palette.good(`✓ ${headings.passed}`)
      : palette.bad(`✗ ${headings[verdict.result]}`);
  if (verdict.error)
    return [`${palette.strong(heading)}  ${errorLine(verdict)}`, ...indented(verdict.error.fix)];
  const sections = [
    [`${palette.strong(heading)}  ${oneLine(verdict.summary)}`],
    failures(verdict, palette),
    notProven(verdict, palette),
    list("Notes", verdict.notes, palette),
    [palette.dim(footer(verdict))],
  ];
  return sections
    .filter((section) => section.length > 0)
    .flatMap((section, index) => (index === 0 ? section : ["", ...section]));
}

function errorLine({ error, summary }: Verdict): string {
  // A defect's message is a stack, whose lines have to stay.
  const message = summary.includes("\n    at ") ? forTerminal(summary) : oneLine(summary);
  return error?.where ? `${placeText(error.where)}: ${message}` : message;
}

function indented(text: string | undefined): string[] {
  return text === undefined ? [] : [`  ${oneLine(text)}`];
}

interface Failure {
  name: string;
  state: ApplicationVerdict["state"];
  reason: Reason;
  diagnosis?: Diagnosis | undefined;
}

function failures({ applications, applicationSets }: Verdict, palette: Palette): string[] {
  const failed = [...applications, ...applicationSets].flatMap((part): Failure[] => {
    const { name, state, reason } = part;
    if (state === "passed" || !reason) return [];
    return [{ name, state, reason, diagnosis: "diagnosis" in part ? part.diagnosis : undefined }];
  });
  const waiting = applications.filter(({ state }) => state === "waiting");
  return [
    ...[...Map.groupBy(failed, causeOf).values()].flatMap((group) => failureLines(group, palette)),
    ...waiting.map(
      ({ name, waitsFor }) => `${palette.mark("waiting")} ${oneLine(name)} waits for ${some(waitsFor)}`,
    ),
  ];
}

/** What is the same for Applications that fail for one cause: the message, but for their own names and numbers. */
function causeOf({ name, reason: { code, message, resource } }: Failure): string {
  const own = [name, resource?.name, resource?.namespace].filter((word) => word !== undefined && word !== "");
  const general = own.reduce<string>((text, word) => text.replaceAll(word ?? "", "*"), message);
  return `${code} ${resource?.kind ?? ""} ${general.replace(/\d+/g, "")}`;
}

function failureLines(group: readonly Failure[], palette: Palette): string[] {
  const [first] = group;
  if (!first) return [];
  const { reason, state } = first;
  const mark = palette.mark(state === "unfinished" ? "progressing" : "failed");
  const others =
    group.length > 1
      ? palette.dim(
          `  and ${group.length - 1} more for the same reason: ${some(group.slice(1).map(({ name }) => name))}`,
        )
      : "";
  const resource = reason.resource ? ` → ${oneLine(nameResource(reason.resource))}` : "";
  return [
    `${mark} ${palette.strong(oneLine(first.name))}${resource}`,
    `    ${oneLine(reason.message)}`,
    ...(reason.place ? [palette.dim(`    ${placeText(reason.place)}`)] : []),
    ...(reason.finality ? [palette.dim(`    held final because ${oneLine(reason.finality)}`)] : []),
    ...diagnosisLines(first.diagnosis).map((line) => palette.dim(line)),
    ...(others ? [`  ${others}`] : []),
  ];
}

/** Of an Application; all of it stands in its file. */
const shownPods = 2;
const shownPodLines = 6;

function diagnosisLines(diagnosis: Diagnosis | undefined): string[] {
  if (!diagnosis) return [];
  const { pods, others, nodes, incomplete } = diagnosis;
  const shown = pods
    .slice(0, shownPods)
    .flatMap(({ pod, state, lines }) => [
      `Pod ${pod} (${state})`,
      ...lines.slice(0, shownPodLines).map((line) => `  ${line}`),
    ]);
  const more = pods.length > shownPods ? [`and ${countOf(pods.length - shownPods, "Pod")} more`] : [];
  return [
    ...shown,
    ...more,
    ...others.slice(-2),
    ...nodes,
    ...incomplete.map((what) => `not known: ${what}`),
  ].map((line) => `    ${/^ */.exec(line)?.[0] ?? ""}${oneLine(line)}`);
}

/** Grouped by reason, because the same few hold for nearly every Application. */
function notProven({ applications, engine }: Verdict, palette: Palette): string[] {
  const entries = applications.flatMap(({ name, notProven }) =>
    notProven.map((entry) => ({ name, ...entry })),
  );
  if (entries.length === 0) return [];
  const lines = [...Map.groupBy(entries, ({ why }) => why)].map(([why, group]) => {
    const objects = group.reduce((sum, { resources }) => sum + resources.length, 0);
    const of = `${countOf(objects, "object")} of ${some(group.map(({ name }) => name))}`;
    return `  ${why} ${palette.dim(`(${of})`)}`;
  });
  return [palette.strong(`Not proven on the ${engine?.name ?? ""} engine`), ...lines];
}

function list(title: string, items: readonly string[], palette: Palette): string[] {
  return items.length === 0 ? [] : [palette.strong(title), ...items.map((item) => `  ${oneLine(item)}`)];
}

function footer({ repository, engine, argocd, timings, usage }: Verdict): string {
  const memory = usage
    ? ` · ${(usage.peakMemoryBytes / 1e9).toFixed(1)} GB, ${usage.cpuSeconds.toFixed(0)} CPU s`
    : "";
  const revisions = repository
    ? `${repository.head.slice(0, 8)} into ${oneLine(repository.baseBranch)}@${repository.base.slice(0, 8)} as ${repository.merge.slice(0, 8)}`
    : "";
  return `${revisions} · Kubernetes ${engine?.kubernetes} (${engine?.name}) · Argo CD ${argocd?.running} · ${formatDuration(timings.total * 1000)}${memory}`;
}

export function placeText({ file, line }: Place): string {
  return oneLine(line === undefined ? file : `${file}:${line}`);
}

function some(names: readonly string[]): string {
  return someOf(names.map(oneLine), listed);
}
