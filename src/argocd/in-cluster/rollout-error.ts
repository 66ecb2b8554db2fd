import type { KubeClient, KubeObject } from "../../kubernetes/client.ts";
import { ChangeError, InfrastructureError } from "../../runner/errors.ts";
import { lastLines } from "../../runner/process.ts";
import { type Gathered, gather } from "../../workloads/gather.ts";
import { placeOf, timeOf } from "../../workloads/objects.ts";
import { type Redact, redactor } from "../../workloads/redact.ts";
import { templateOf } from "./pod-template.ts";
import type { Problem } from "./rollout-judge.ts";

const shownLogLines = 5;
/** The usage of a command, which follows its error, fills a page. */
const readLogLines = 200;
const shownEvents = 3;
const lookUpMs = 20_000;

export interface Explaining {
  client: KubeClient;
  namespace: string;
  signal: AbortSignal;
}

/**
 * The error that a problem of one of Argo CD's own Pods is to the user, redacted. Asks for the log of what
 * crashed. Throws only the signal's reason.
 */
export async function errorOfProblem(
  { client, namespace, signal }: Explaining,
  { record, reason }: Problem,
): Promise<ChangeError | InfrastructureError> {
  const { pod } = record;
  const gathered = await gather({
    client,
    pods: [pod],
    namespaces: [namespace],
    budgetMs: lookUpMs,
    logLines: readLogLines,
    signal,
  });
  const secrets = gathered.secrets.get(namespace) ?? [];
  const what = `${pod.metadata.name} of Argo CD: ${redactor(secrets, [])(reason.message)}`;
  if (reason.code === "image")
    return new InfrastructureError(what, {
      fix: "Make the registry reachable, correct the image in Argo CD's values, or load it into the cluster beforehand.",
    });
  if (reason.code === "unschedulable")
    return new InfrastructureError(what, {
      fix: "Give the cluster what is lacking, or have Argo CD's values ask for less.",
    });
  if (reason.class !== "change") return new InfrastructureError(what);
  if (reason.code !== "crash" && reason.code !== "probe")
    return new ChangeError(what, {
      fix: "Correct Argo CD's values, or have them create what is missing.",
    });
  return new ChangeError(`${what}; ${logOf(record, gathered, redactor(secrets, [pod]))}`, {
    fix: "Correct Argo CD's values.",
  });
}

/** Of the container that has failed most often, its last try that failed. */
function logOf({ pod, tries }: Problem["record"], { logs, secrets }: Gathered, redact: Redact): string {
  const { namespace = "" } = pod.metadata;
  if (!secrets.has(namespace))
    return `its log is withheld, since the Secrets of ${namespace} are not known and could stand in it`;
  const failures = (container: string) => tries.get(container)?.failures ?? 0;
  const [log] = (logs.get(placeOf(pod)) ?? [])
    .filter(({ text }) => text.trim() !== "")
    .toSorted((left, right) => failures(right.container) - failures(left.container));
  return `the end of its log: ${log ? essenceOf(redact(log.text)) : "(empty)"}`;
}

/** From where a log says what was fatal, if it does; else its end. */
function essenceOf(log: string): string {
  const lines = log.split("\n");
  const fatal = lines.findLastIndex((line) => /^(Error|panic|fatal error): |level"?[=:]"?fatal/.test(line));
  const essence = fatal === -1 ? log : lines.slice(fatal, fatal + shownLogLines - 2).join("\n");
  return lastLines(essence, shownLogLines);
}

/** Where time ran out: `waiting` are workloads that do not run, and `problem` is what is known of their Pods. */
export async function errorOfDelay(
  explaining: Explaining,
  given: { what: string; waiting: readonly KubeObject[]; problem: Problem | undefined },
): Promise<ChangeError | InfrastructureError> {
  if (given.problem) return errorOfProblem(explaining, given.problem);
  const warnings = await warningsOf(explaining, given.waiting);
  const said = warnings.length === 0 ? "" : `; the cluster says: ${warnings.join(" | ")}`;
  return new InfrastructureError(`${given.what}${said}`);
}

/** The newest warnings about the Pods of these workloads, or of all Pods where there are none. */
async function warningsOf(
  { client, namespace, signal }: Explaining,
  workloads: readonly KubeObject[],
): Promise<string[]> {
  const namespaces = [namespace];
  const { events, secrets } = await gather({ client, pods: [], namespaces, budgetMs: lookUpMs, signal });
  const redact = redactor(secrets.get(namespace) ?? [], []);
  const names = workloads.map(({ metadata }) => metadata.name);
  return (events.get(namespace) ?? [])
    .filter(({ type, involvedObject: { name = "" } }) => {
      return type === "Warning" && (names.length === 0 || names.some((own) => name.startsWith(own)));
    })
    .toSorted((left, right) => timeOf(right).localeCompare(timeOf(left)))
    .slice(0, shownEvents)
    .map(({ reason, message, involvedObject }) =>
      lastLines(redact(`${involvedObject.name}: ${reason}: ${message}`), shownLogLines),
    );
}

const redactUnknown = redactor([], []);

/** One line, without what has the shape of a credential. */
export function shown(text: string): string {
  return lastLines(redactUnknown(text), shownLogLines);
}

/** For a rollout that comes to nothing: workloads by name, with their images. */
export function describe(workloads: readonly KubeObject[]): string {
  return workloads
    .map((workload) => `${workload.metadata.name} (${templateOf(workload).spec.containers[0]?.image})`)
    .join(", ");
}
