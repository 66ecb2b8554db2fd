import { countOf } from "../runner/words.ts";
import { lastEnd } from "./crashes.ts";
import type { ContainerLog } from "./gather.ts";
import {
  type ContainerStatus,
  conditionOf,
  type Event,
  everyContainer,
  type Node,
  type Pod,
  placeOf,
  type Terminated,
} from "./objects.ts";
import { durationOf } from "./tries.ts";

/** Not redacted, unless the Pod that it is made of is; every line may come from the cluster. */
export interface PodDiagnosis {
  /** `namespace/name` */
  pod: string;
  node: string | undefined;
  /** Such as `Pending`, `Running, not ready`. */
  state: string;
  /** The few lines that say most, those that decide first. */
  lines: readonly string[];
}

const shownLines = 3;
const shownEvents = 2;
const widest = 400;

/** A Pod in a few lines, those that decide first. Not redacted. */
export function summarise(pod: Pod, events: readonly Event[], logs: readonly ContainerLog[]): PodDiagnosis {
  const lines = everyContainer(pod).flatMap(({ container, status }) => {
    if (!status || isWell(status)) return [];
    const end = lastEnd(status);
    const said = end?.message?.trim();
    return [
      containerLine(container.name, status),
      ...(said && end?.reason !== "StartError" ? [`  its last message: ${lastLines(said, 1).join("")}`] : []),
      ...tailOf(logs, container.name).map((line) => `  log: ${line}`),
    ];
  });
  const told = lines.join("\n");
  const repeats = ({ message = "" }: Event) =>
    told.includes(message.replace(/^Failed to pull image "[^"]*": /, "").replace(/\s+/g, " "));
  const warnings = events.filter((event) => tellsMore(event) && !repeats(event));
  const shown = [...new Map(warnings.map((event) => [event.message, event])).values()].slice(-shownEvents);
  const condition = conditionOf(pod.status, "PodScheduled");
  const unscheduled =
    condition?.status === "False" ? [`not scheduled: ${condition.message ?? condition.reason ?? ""}`] : [];
  const evicted = pod.status?.reason ? [`${pod.status.reason}: ${pod.status.message ?? ""}`] : [];
  return {
    pod: placeOf(pod),
    node: pod.spec.nodeName,
    state: stateOf(pod),
    lines: [...unscheduled, ...evicted, ...lines, ...shown.map(eventLine)].map(shorten),
  };
}

/** All of it, for a file. Not redacted. */
export function describeInFull(pod: Pod, events: readonly Event[], logs: readonly ContainerLog[]): string[] {
  return [
    `Pod ${placeOf(pod)} on ${pod.spec.nodeName ?? "no node"}: ${stateOf(pod)}`,
    ...(pod.status?.conditions ?? []).map(
      ({ type, status, reason, message }) =>
        `  condition ${type}=${status}${reason ? ` ${reason}` : ""}${message ? `: ${message}` : ""}`,
    ),
    ...everyContainer(pod).flatMap(({ container, init, status }) => [
      `  ${init ? "init " : ""}${status ? containerLine(container.name, status) : `container ${container.name}: not looked at yet`}`,
      `    image ${container.image ?? "?"}`,
      ...(status && lastEnd(status)?.message ? [`    its last message: ${lastEnd(status)?.message}`] : []),
    ]),
    ...events.map((event) => `  ${eventLine(event)}`),
    ...logs.flatMap(({ container, previous, text }) => [
      `  --- log of ${container}${previous ? ", the try before" : ""} ---`,
      ...text.split("\n").map((line) => `  ${line}`),
    ]),
  ];
}

/** Conditions and taints that keep Pods away, or tell why they had to go. */
export function nodeLines({ metadata, spec, status }: Node): string[] {
  const bad = (status?.conditions ?? []).filter(
    ({ type, status }) => (type === "Ready") !== (status === "True"),
  );
  return [
    ...bad.map(
      ({ type, status, message }) =>
        `node ${metadata.name}: ${type}=${status}${message ? `: ${message}` : ""}`,
    ),
    ...(spec?.taints ?? []).map(
      ({ key, value, effect }) => `node ${metadata.name}: taint ${key}${value ? `=${value}` : ""}:${effect}`,
    ),
    ...(spec?.unschedulable ? [`node ${metadata.name}: cordoned`] : []),
  ];
}

export function eventLine({ reason, message = "", count, series, involvedObject }: Event): string {
  const often = series?.count ?? count ?? 1;
  const of = involvedObject.kind === "Pod" ? "" : ` of ${involvedObject.kind} ${involvedObject.name}`;
  return shorten(
    `event ${reason}${of}${often > 1 ? ` (${often} times)` : ""}: ${message.replace(/\s+/g, " ").trim()}`,
  );
}

/** Not what only repeats a container's state. */
function tellsMore({ type, reason, message = "" }: Event): boolean {
  return (
    type === "Warning" &&
    reason !== "BackOff" &&
    reason !== "FailedScheduling" &&
    !message.startsWith("Error: ")
  );
}

function isWell({ ready, state, restartCount }: ContainerStatus): boolean {
  return state?.terminated ? state.terminated.exitCode === 0 : ready === true && restartCount === 0;
}

function containerLine(name: string, status: ContainerStatus): string {
  const { state, lastState, restartCount, ready } = status;
  const { waiting, running, terminated } = state ?? {};
  const now = waiting
    ? `waits (${waiting.reason ?? "?"}${waiting.message ? `: ${waiting.message.replace(/\s+/g, " ")}` : ""})`
    : running
      ? `runs${ready ? "" : ", and is not ready"}`
      : terminated
        ? endOf(terminated)
        : "has no state yet";
  const before = lastState?.terminated ? `; before, it ${endOf(lastState.terminated)}` : "";
  const again = restartCount > 0 ? `; started again ${countOf(restartCount, "time")}` : "";
  return `container ${name} ${now}${again}${before}`;
}

function endOf(end: Terminated): string {
  const after = Math.round(durationOf(end) / 1000);
  return `ended with exit code ${end.exitCode}${end.reason ? ` (${end.reason})` : ""} after ${after} s`;
}

function stateOf({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp) return "is being deleted";
  const phase = status?.phase ?? "not seen by a node yet";
  return phase === "Running" && conditionOf(status, "Ready")?.status !== "True"
    ? "Running, not ready"
    : phase;
}

/** Of the try that failed, which comes first. */
function tailOf(logs: readonly ContainerLog[], container: string): string[] {
  const log = logs.find((log) => log.container === container && log.text.trim() !== "");
  return log ? lastLines(log.text, shownLines) : [];
}

function lastLines(text: string, count: number): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .slice(-count)
    .map(shorten);
}

function shorten(line: string): string {
  return line.length > widest ? `${line.slice(0, widest)} …` : line;
}
