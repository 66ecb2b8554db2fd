import { ApiError, type KubeClient, type KubeObject } from "../kubernetes/client.ts";
import { ChangeError, InfrastructureError } from "../runner/errors.ts";
import { lastLines } from "../runner/process.ts";
import type { PodProblem } from "./pod-problem.ts";
import { templateOf } from "./pod-template.ts";

const shownLogLines = 5;
/** The usage of a command, which follows its error, fills a page. */
const readLogLines = 200;
const shownEvents = 3;

/** The error that a problem of one of Argo CD's own Pods is to the user. Asks for the log of what crashed. */
export async function errorOfProblem(
  client: KubeClient,
  namespace: string,
  problem: PodProblem,
): Promise<ChangeError | InfrastructureError> {
  const { kind, pod, container, image } = problem;
  const reason = shown(problem.reason);
  const where = container === undefined ? pod : `${pod} (container ${container})`;
  if (kind === "image")
    return new InfrastructureError(
      `the image ${image ?? "(unknown)"} of ${where} cannot be pulled: ${reason}`,
      {
        fix: "Make the registry reachable, correct the image in Argo CD's values, or load it into the cluster beforehand.",
      },
    );
  if (kind === "scheduling")
    return new InfrastructureError(`no node of the cluster takes ${pod} of Argo CD: ${reason}`, {
      fix: "Give the cluster what is lacking, or have Argo CD's values ask for less.",
    });
  if (kind === "runtime") return new InfrastructureError(`${where} cannot be started: ${reason}`);
  if (kind === "configuration")
    return new ChangeError(`${where} of Argo CD cannot be started: ${reason}`, {
      fix: "Correct Argo CD's values, or have them create what is missing.",
    });
  const log = await logOf(client, namespace, problem);
  return new ChangeError(`${where} of Argo CD crashes: ${reason}; the end of its log: ${log || "(empty)"}`, {
    fix: "Correct Argo CD's values.",
  });
}

/** Of the container's last run; of the one before, where it has just been started again. */
async function logOf(client: KubeClient, namespace: string, { pod, container }: PodProblem): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log?container=${container}&tailLines=${readLogLines}&limitBytes=65536`;
  for (const run of ["", "&previous=true"]) {
    try {
      const text = await client.text(path + run);
      // The kubelet's words for a container that it has removed meanwhile, with a status of 200.
      if (text.trim() !== "" && !text.startsWith("unable to retrieve container logs")) return essenceOf(text);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }
  return "";
}

/** From where a log says what was fatal, if it does; else its end. */
function essenceOf(log: string): string {
  const lines = log.split("\n");
  const fatal = lines.findLastIndex((line) => /^(Error|panic|fatal error): |level"?[=:]"?fatal/.test(line));
  return shown(fatal === -1 ? log : lines.slice(fatal, fatal + shownLogLines - 2).join("\n"));
}

/** Where time ran out: `waiting` are workloads that do not run, and `problem` is what is known of their Pods. */
export async function errorOfDelay(
  client: KubeClient,
  namespace: string,
  given: { what: string; waiting: readonly KubeObject[]; problem: PodProblem | undefined },
): Promise<ChangeError | InfrastructureError> {
  if (given.problem) return errorOfProblem(client, namespace, given.problem);
  const warnings = await warningsOf(client, namespace, given.waiting);
  const said = warnings.length === 0 ? "" : `; the cluster says: ${warnings.join(" | ")}`;
  return new InfrastructureError(`${given.what}${said}`);
}

/** The newest warnings about the Pods of these workloads, or of all Pods where there are none. */
async function warningsOf(
  client: KubeClient,
  namespace: string,
  workloads: readonly KubeObject[],
): Promise<string[]> {
  const list = await client.list("v1", "Event", namespace).catch(() => undefined);
  const names = workloads.map(({ metadata }) => metadata.name);
  return (list?.items ?? [])
    .map((event) => event as unknown as WarningEvent)
    .filter(({ type, involvedObject }) => {
      const name = involvedObject?.name ?? "";
      return type === "Warning" && (names.length === 0 || names.some((own) => name.startsWith(own)));
    })
    .sort((left, right) => timeOf(right) - timeOf(left))
    .slice(0, shownEvents)
    .map(({ reason, message, involvedObject }) => shown(`${involvedObject?.name}: ${reason}: ${message}`));
}

interface WarningEvent {
  type?: string;
  reason?: string;
  message?: string;
  lastTimestamp?: string | null;
  eventTime?: string | null;
  involvedObject?: { name?: string };
}

function timeOf({ lastTimestamp, eventTime }: WarningEvent): number {
  return Date.parse(lastTimestamp ?? eventTime ?? "") || 0;
}

/** One line, without credentials of URLs and the path of our webhook. */
export function shown(text: string): string {
  return lastLines(text, shownLogLines)
    .replace(/\/\/[^/@\s]+@/g, "//")
    .replace(/\/[0-9a-f]{48}\b/g, "");
}

/** For a rollout that comes to nothing: workloads by name, with their images. */
export function describe(workloads: readonly KubeObject[]): string {
  return workloads
    .map((workload) => `${workload.metadata.name} (${templateOf(workload).spec.containers[0]?.image})`)
    .join(", ");
}
