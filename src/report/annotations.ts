import { nameResource } from "../argocd/application.ts";
import type { Result, Verdict } from "../rehearsal/verdict.ts";
import type { Place } from "../runner/errors.ts";
import { diagnosisLines } from "./diagnosis.ts";
import { type Failure, failuresOf } from "./grouping.ts";
import { isOrdinary } from "./links.ts";
import { visible } from "./sanitise.ts";
import { clip } from "./tree.ts";

/** What GitHub shows beside a line of a file. Plain text, not Markdown. */
export interface Annotation {
  /** From the top of the repository; `noFile` where nothing in it is at fault. */
  file: string;
  line: number | undefined;
  level: "failure" | "warning" | "notice";
  /** At most 255 characters. */
  title: string;
  /** At most 64 KB. */
  message: string;
}

/** Where GitHub's own runner files annotations that are about no file. */
export const noFile = ".github";

const titleWidth = 255;
const messageBytes = 64_000;
const pods = { pods: 2, lines: 6, others: 2 };

/**
 * One for each Application that failed, on the manifest at fault, else on where it is declared; sorted, each
 * once. What is not the change's fault is on no file.
 */
export function annotationsOf(verdict: Verdict): Annotation[] {
  const all = [...ofError(verdict), ...ofWeakened(verdict), ...failuresOf(verdict).map(ofFailure)];
  const unique = new Map(all.map((annotation) => [JSON.stringify(annotation), annotation]));
  return [...unique.values()].sort(byPlace);
}

const levels = {
  passed: "notice",
  failed: "failure",
  misused: "failure",
  infrastructure: "warning",
} as const satisfies Record<Result, Annotation["level"]>;

function ofError({ error, result, summary }: Verdict): Annotation[] {
  if (!error) return [];
  const [title = "", ...stack] = summary.split("\n");
  const fix = error.fix === undefined ? [] : [error.fix];
  return [
    annotation(levels[result], result === "infrastructure" ? undefined : error.where, title, [
      error.message,
      ...fix,
      ...(stack.length > 0 ? ["It is a defect of Rehearsal: please report it."] : []),
    ]),
  ];
}

function ofWeakened({ weakened }: Verdict): Annotation[] {
  return weakened.map(({ setting, message, where, allowed }) =>
    annotation(allowed ? "notice" : "failure", where, `${setting}: ${message}`, [
      allowed ? "It is allowed, and weakens what guards the cluster." : "A maintainer has to allow it first.",
    ]),
  );
}

function ofFailure({ name, reason, place, diagnosis }: Failure): Annotation {
  const resource = reason.resource ? ` → ${nameResource(reason.resource)}` : "";
  const where = reason.class === "infrastructure" ? undefined : (reason.place ?? place);
  return annotation(
    reason.class === "infrastructure" ? "warning" : "failure",
    where,
    `${name}${resource}: ${reason.message}`,
    [
      reason.message,
      ...(reason.finality === undefined ? [] : [`Held final because ${reason.finality}.`]),
      ...diagnosisLines(diagnosis, pods),
    ],
  );
}

function annotation(
  level: Annotation["level"],
  where: Place | undefined,
  title: string,
  lines: readonly string[],
): Annotation {
  const at = where && isOrdinary(where.file) ? where : undefined;
  const shown = lines.map((line) => visible(line).replace(/\n+/g, "\n"));
  return {
    file: at?.file ?? noFile,
    line: at?.line,
    level,
    title: clip(visible(title).replace(/\s+/g, " ").trim(), titleWidth).toWellFormed(),
    message: cutTo(messageBytes, shown.join("\n")),
  };
}

/** In bytes, and never within a character. */
function cutTo(bytes: number, text: string): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const cut = new TextEncoder().encodeInto(text, new Uint8Array(bytes)).read;
  return `${text.slice(0, cut)}…`;
}

function byPlace(left: Annotation, right: Annotation): number {
  return (
    order(left.file, right.file) ||
    (left.line ?? 0) - (right.line ?? 0) ||
    order(left.title, right.title) ||
    order(left.message, right.message)
  );
}

function order(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
