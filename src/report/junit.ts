import { nameResource } from "../argocd/application.ts";
import type { ApplicationSetVerdict, ApplicationVerdict, Verdict } from "../rehearsal/verdict.ts";
import { diagnosisLines } from "./diagnosis.ts";
import { escaped } from "./escape.ts";
import { visible } from "./sanitise.ts";
import { placeText } from "./text.ts";
import { clip } from "./tree.ts";

/** A test case: its name, what it belongs to, and how it went where it did not pass. */
interface TestCase {
  className: string;
  name: string;
  /** In seconds. */
  time: number;
  /** Where it is declared, or what is at fault stands. */
  file: string | undefined;
  line: number | undefined;
  outcome: TestOutcome | undefined;
}

interface TestOutcome {
  /** A failure is the change's; an error is not, or came before anything could be tested. */
  kind: "failure" | "error" | "skipped";
  type: string | undefined;
  message: string;
  lines: readonly string[];
}

/** What no Application or ApplicationSet stands for. */
const own = "Rehearsal";
/** The class of what nothing else brought. */
const roots = "roots";
const messageWidth = 1_000;
const textWidth = 20_000;
const pods = { pods: 10, lines: 100, others: 20 };

/**
 * The verdict as JUnit's XML (testmoapp/junitxml): one test case for each Application and ApplicationSet, in the
 * class of what brought it. It fails whenever the verdict is not `passed`, and always has a test case.
 */
export function junitOf(verdict: Verdict): string {
  const cases = casesOf(verdict);
  const count = (kind: TestOutcome["kind"]) => cases.filter(({ outcome }) => outcome?.kind === kind).length;
  const totals = [
    attribute("name", own),
    attribute("tests", cases.length),
    ...[attribute("failures", count("failure")), attribute("errors", count("error"))],
    ...[attribute("skipped", count("skipped")), attribute("time", verdict.timings.total.toFixed(3))],
  ].join("");
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites${totals}>
  <testsuite${totals}${attribute("timestamp", verdict.startedAt)}>
${cases.map(caseText).join("\n")}
  </testsuite>
</testsuites>
`;
}

function casesOf(verdict: Verdict): TestCase[] {
  const all = [
    ...verdict.applications.map((one) => caseOf(one, verdict)),
    ...verdict.applicationSets.map(caseOfSet),
  ];
  const red = all.some(({ outcome }) => outcome?.kind === "failure" || outcome?.kind === "error");
  if (verdict.result !== "passed" && !red) return [caseOfVerdict(verdict, errorOf(verdict)), ...all];
  return all.length > 0 ? all : [caseOfVerdict(verdict, nothingDue(verdict))];
}

function caseOf(one: ApplicationVerdict, { applications }: Verdict): TestCase {
  const { name, namespace, parent, seconds, reason, place } = one;
  const unique = applications.filter((other) => other.name === name).length === 1;
  const where = reason?.place ?? place;
  return {
    className: parent ?? roots,
    name: unique ? name : `${namespace}/${name}`,
    time: seconds ?? 0,
    file: where?.file,
    line: where?.line,
    outcome: outcomeOf(one),
  };
}

function caseOfSet(set: ApplicationSetVerdict): TestCase {
  const { name, parent, reason } = set;
  return {
    className: parent ?? roots,
    name: `ApplicationSet ${name}`,
    time: 0,
    file: reason?.place?.file,
    line: reason?.place?.line,
    outcome: outcomeOf({ ...set, waitsFor: [], place: undefined, diagnosis: undefined }),
  };
}

type Judged = Pick<ApplicationVerdict, "name" | "state" | "reason" | "waitsFor" | "place" | "diagnosis">;

function outcomeOf({ name, state, reason, waitsFor, place, diagnosis }: Judged): TestOutcome | undefined {
  if (state === "passed") return undefined;
  if (state === "waiting") {
    const others = waitsFor.length > 0 ? waitsFor.join(", ") : "another";
    return { kind: "skipped", type: undefined, message: `waits for ${others}`, lines: [] };
  }
  if (!reason)
    return { kind: "error", type: state, message: `it is ${state}, for no known reason`, lines: [] };
  const resource = reason.resource ? ` → ${nameResource(reason.resource)}` : "";
  return {
    kind: reason.class === "change" ? "failure" : "error",
    type: reason.code,
    message: reason.message,
    lines: [
      `${name}${resource}`,
      reason.message,
      ...(reason.class === "change" ? [] : [`It is not about the change: ${reason.class}.`]),
      ...(reason.place
        ? [`at ${placeText(reason.place)}`]
        : place
          ? [`declared in ${placeText(place)}`]
          : []),
      ...(reason.finality === undefined ? [] : [`held final because ${reason.finality}`]),
      ...diagnosisLines(diagnosis, pods),
    ],
  };
}

function caseOfVerdict({ error, timings }: Verdict, outcome: TestOutcome): TestCase {
  const where = error?.where;
  return {
    ...{ className: own, name: "the rehearsal", time: timings.total },
    ...{ file: where?.file, line: where?.line, outcome },
  };
}

/** Where nothing of what was judged says why the verdict is not `passed`. */
function errorOf({ result, summary, error, weakened }: Verdict): TestOutcome {
  return {
    kind: "error",
    type: result,
    message: summary,
    lines: [
      summary,
      ...(error?.where ? [`at ${placeText(error.where)}`] : []),
      ...(error?.fix === undefined ? [] : [error.fix]),
      ...weakened
        .filter(({ allowed }) => !allowed)
        .map(({ setting, message, where }) => `${placeText(where)}: ${message} (${setting})`),
    ],
  };
}

function nothingDue({ irrelevant, summary }: Verdict): TestOutcome {
  return { kind: "skipped", type: undefined, message: irrelevant ?? summary, lines: [] };
}

function caseText({ className, name, time, file, line, outcome }: TestCase): string {
  const attributes = [
    attribute("classname", className),
    attribute("name", name),
    attribute("time", time.toFixed(3)),
    ...(file === undefined ? [] : [attribute("file", file)]),
    ...(line === undefined ? [] : [attribute("line", line)]),
  ].join("");
  if (!outcome) return `    <testcase${attributes}/>`;
  const { kind, type, message, lines } = outcome;
  const opening = `${kind}${attribute("message", message)}${type === undefined ? "" : attribute("type", type)}`;
  const text =
    lines.length > 0
      ? `<${opening}>${escaped(clip(lines.join("\n"), textWidth))}</${kind}>`
      : `<${opening}/>`;
  return `    <testcase${attributes}>\n      ${text}\n    </testcase>`;
}

function attribute(name: string, value: string | number): string {
  const text = clip(visible(String(value)).replace(/\s+/g, " ").trim(), messageWidth);
  return ` ${name}="${escaped(text)}"`;
}
