import { nameResource } from "../argocd/application.ts";
import type { Result, Verdict } from "../rehearsal/verdict.ts";
import type { Diagnosis } from "../rehearsal/workloads/diagnosis.ts";
import { formatDuration } from "../runner/duration.ts";
import type { Place } from "../runner/errors.ts";
import { countOf, someOf } from "../runner/words.ts";
import { diagnosisLines } from "./diagnosis.ts";
import { type FailureGroup, failureGroupsOf, unprovenOf, waitingOf } from "./grouping.ts";
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
  if (verdict.error) {
    const refused = verdict.weakened.filter(({ allowed }) => !allowed);
    return [
      `${palette.strong(heading)}  ${errorLine(verdict)}`,
      ...refused.flatMap((weakened) => indented(weakenedText(weakened))),
      ...indented(verdict.error.fix),
    ];
  }
  const sections = [
    [`${palette.strong(heading)}  ${oneLine(verdict.summary)}`],
    failures(verdict, palette),
    notProven(verdict, palette),
    list("Weaker settings of Argo CD, allowed by the base", verdict.weakened.map(weakenedText), palette),
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

function weakenedText({ setting, message, where }: Verdict["weakened"][number]): string {
  return `${placeText(where)}: ${message} (${setting})`;
}

function indented(text: string | undefined): string[] {
  return text === undefined ? [] : [`  ${oneLine(text)}`];
}

function failures(verdict: Verdict, palette: Palette): string[] {
  return [
    ...failureGroupsOf(verdict).flatMap((group) => failureLines(group, palette)),
    ...waitingOf(verdict).map(
      ({ name, waitsFor }) => `${palette.mark("waiting")} ${oneLine(name)} waits for ${some(waitsFor)}`,
    ),
  ];
}

function failureLines({ first, others: same }: FailureGroup, palette: Palette): string[] {
  const { reason, state } = first;
  const mark = palette.mark(state === "unfinished" ? "progressing" : "failed");
  const others =
    same.length > 0
      ? palette.dim(`  and ${same.length} more for the same reason: ${some(same.map(({ name }) => name))}`)
      : "";
  const resource = reason.resource ? ` → ${oneLine(nameResource(reason.resource))}` : "";
  return [
    `${mark} ${palette.strong(oneLine(first.name))}${resource}`,
    `    ${oneLine(reason.message)}`,
    ...(reason.place ? [palette.dim(`    ${placeText(reason.place)}`)] : []),
    ...(reason.finality ? [palette.dim(`    held final because ${oneLine(reason.finality)}`)] : []),
    ...podLines(first.diagnosis).map((line) => palette.dim(line)),
    ...(others ? [`  ${others}`] : []),
  ];
}

/** Of an Application; all of it stands in its file. */
const shownOfPods = { pods: 2, lines: 6, others: 2 };

function podLines(diagnosis: Diagnosis | undefined): string[] {
  return diagnosisLines(diagnosis, shownOfPods).map(
    (line) => `    ${/^ */.exec(line)?.[0] ?? ""}${oneLine(line)}`,
  );
}

function notProven(verdict: Verdict, palette: Palette): string[] {
  const unproven = unprovenOf(verdict);
  if (unproven.length === 0) return [];
  const lines = unproven.map(({ why, objects, applications }) => {
    const of = `${countOf(objects, "object")} of ${some(applications.map(({ name }) => name))}`;
    return `  ${oneLine(why)} ${palette.dim(`(${of})`)}`;
  });
  return [palette.strong(`Not proven on the ${verdict.engine?.name ?? ""} engine`), ...lines];
}

function list(title: string, items: readonly string[], palette: Palette): string[] {
  return items.length === 0 ? [] : [palette.strong(title), ...items.map((item) => `  ${oneLine(item)}`)];
}

function footer({ repository, engine, argocd, timings, usage }: Verdict): string {
  const parts = [
    repository &&
      `${repository.head.slice(0, 8)} into ${oneLine(repository.baseBranch)}@${repository.base.slice(0, 8)} as ${repository.merge.slice(0, 8)}`,
    engine && `Kubernetes ${engine.kubernetes} (${engine.name})`,
    argocd && `Argo CD ${argocd.running}`,
    formatDuration(timings.total * 1000),
    usage && `${(usage.peakMemoryBytes / 1e9).toFixed(1)} GB, ${usage.cpuSeconds.toFixed(0)} CPU s`,
  ];
  return parts.filter((part) => part !== undefined).join(" · ");
}

export function placeText({ file, line }: Place): string {
  return oneLine(line === undefined ? file : `${file}:${line}`);
}

function some(names: readonly string[]): string {
  return someOf(names.map(oneLine), listed);
}
