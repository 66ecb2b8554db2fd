import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Application, nameResource } from "../../argocd/application.ts";
import type { KubeClient } from "../../kubernetes/client.ts";
import { describeInFull, eventLine, nodeLines, summarise } from "../../workloads/describe-pod.ts";
import { type Gathered, gather } from "../../workloads/gather.ts";
import { claimsUsedBy, conditionOf, type Event, type Pod, placeOf, timeOf } from "../../workloads/objects.ts";
import { type Redact, redactMessages, redactor } from "../../workloads/redact.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { type Inventory, resourcesOf } from "./inventory.ts";

/** What a diagnosis takes at most, which the wait has to leave. */
export const diagnosisMs = 30_000;
/** For what is done after the last answer. */
const reserveMs = 2_000;
/** The Pods of an Application whose replicas all fail alike say the same. */
const podsEach = 4;
const othersEach = 6;
const mostNamespaces = 30;

export interface DiagnoseOptions {
  client: KubeClient;
  inventory: Inventory;
  /** Those that did not pass. */
  applications: readonly Application[];
  /** Where a text file for each is written; undefined writes none. */
  folder: string | undefined;
  signal: AbortSignal;
  /** Milliseconds; only tests want another. */
  budgetMs?: number;
}

/**
 * Looks up within half a minute what says why Applications failed: events, container states, the last
 * lines of logs, nodes. Gives the diagnosis of each by its `namespace/name`, redacted; one that could not
 * be completed says so. Throws only the signal's reason, and errors of writing the files.
 */
export async function diagnose(options: DiagnoseOptions): Promise<Map<string, Diagnosis>> {
  const { client, inventory, applications, folder, signal, budgetMs = diagnosisMs - reserveMs } = options;
  const subjects = applications.map((application) => ({
    application,
    pods: podsWorthShowing(inventory, application),
  }));
  const everywhere = new Set(subjects.flatMap(({ application, pods }) => namespacesOf(application, pods)));
  const namespaces = [...everywhere].slice(0, mostNamespaces);
  const gathered = await gather({
    client,
    pods: subjects.flatMap(({ pods }) => pods),
    namespaces,
    budgetMs,
    signal,
  });
  const redact = redactor(
    [...gathered.secrets.values()].flat(),
    subjects.flatMap(({ pods }) => pods),
  );
  const found = new Map<string, Diagnosis>();
  if (folder) await mkdir(folder, { recursive: true });
  for (const { application, pods } of subjects) {
    const { diagnosis, text } = describe(application, pods, gathered, redact);
    found.set(placeOf(application), diagnosis);
    if (folder) await writeFile(join(folder, fileNameOf(application)), text, { mode: 0o600 });
  }
  return found;
}

/** Those that are not well, the newest first. */
function podsWorthShowing(inventory: Inventory, application: Application): Pod[] {
  const pods = inventory
    .podsOf(application)
    .map(({ record }) => record.pod)
    .filter((pod) => !isWell(pod))
    .toSorted((left, right) => createdAt(right).localeCompare(createdAt(left)));
  // One of each kind of workload before the second of any.
  const seen = new Map<string, number>();
  const rank = (pod: Pod) => {
    const owner = pod.metadata.ownerReferences?.[0]?.uid ?? placeOf(pod);
    const count = seen.get(owner) ?? 0;
    seen.set(owner, count + 1);
    return count;
  };
  return pods
    .map((pod) => ({ pod, rank: rank(pod) }))
    .toSorted((left, right) => left.rank - right.rank)
    .slice(0, podsEach)
    .map(({ pod }) => pod);
}

function isWell({ status }: Pod): boolean {
  if (status?.phase === "Succeeded") return true;
  const restarted = status?.containerStatuses?.some(({ restartCount }) => restartCount > 0) ?? false;
  return !restarted && conditionOf(status, "Ready")?.status === "True";
}

function createdAt({ metadata }: Pod): string {
  return String(metadata.creationTimestamp ?? "");
}

function namespacesOf(application: Application, pods: readonly Pod[]): string[] {
  const namespaces = [
    ...pods.map(({ metadata }) => metadata.namespace),
    ...resourcesOf(application)
      .filter(({ group }) => group !== "argoproj.io") // Applications, whose namespace is Argo CD's own
      .map(({ namespace }) => namespace),
  ];
  return [
    ...new Set(namespaces.filter((namespace) => namespace !== undefined && namespace !== "")),
  ] as string[];
}

function describe(
  application: Application,
  pods: readonly Pod[],
  gathered: Gathered,
  redact: Redact,
): { diagnosis: Diagnosis; text: string } {
  // Before anything is shortened: half of a Secret would not be known again.
  const own = namespacesOf(application, pods);
  const events = own
    .flatMap((namespace) => gathered.events.get(namespace) ?? [])
    .toSorted((left, right) => timeOf(left).localeCompare(timeOf(right)))
    .map((event) => redactMessages(event, redact));
  const views = pods.map((pod) => viewOf(pod, events, gathered, redact));
  const withheld = [...new Set(pods.map(({ metadata }) => metadata.namespace ?? ""))]
    .filter((namespace) => !gathered.secrets.has(namespace))
    .map(
      (namespace) =>
        `logs of ${namespace} are withheld, since its Secrets are not known and could stand in them`,
    );
  const others = aboutOthers(application, pods, events).map(eventLine);
  const nodes = pods.length === 0 ? [] : redactMessages(gathered.nodes, redact).flatMap(nodeLines);
  const missing = gathered.missing
    .filter(({ namespace }) => namespace === undefined || own.includes(namespace))
    .map(({ what }) => redact(what));
  const incomplete = [...withheld, ...missing];
  const text = [
    `Application ${placeOf(application)}`,
    ...views.flatMap(({ pod, events, logs }) => ["", ...describeInFull(pod, events, logs)]),
    ...section("Other events", others),
    ...section("Nodes", nodes),
    ...section("Incomplete", incomplete),
  ].join("\n");
  const summaries = views.map(({ pod, events, logs }) => summarise(pod, events, logs));
  return {
    diagnosis: { pods: summaries, others: others.slice(-othersEach), nodes, incomplete },
    text: `${text}\n`,
  };
}

/** A Pod with what may be shown of it: what could quote a Secret is not, where the Secrets are not known. */
function viewOf(pod: Pod, events: readonly Event[], { secrets, logs }: Gathered, redact: Redact) {
  const own = events.filter(({ involvedObject }) => involvedObject.uid === pod.metadata.uid);
  if (!secrets.has(pod.metadata.namespace ?? "")) return { pod: withoutMessages(pod), events: [], logs: [] };
  return {
    pod: redactMessages(pod, redact),
    events: own,
    logs: (logs.get(placeOf(pod)) ?? []).map((log) => ({ ...log, text: redact(log.text) })),
  };
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
}

/** Warnings of what Pods come from, and all of the claims that they use. */
function aboutOthers(application: Application, pods: readonly Pod[], events: readonly Event[]): Event[] {
  const names = new Set(
    resourcesOf(application).map(({ kind, namespace, name }) =>
      nameResource({ kind, name, ...(namespace ? { namespace } : {}) }),
    ),
  );
  for (const pod of pods) {
    const { namespace = "", ownerReferences = [] } = pod.metadata;
    for (const { kind, name } of ownerReferences) names.add(nameResource({ kind, namespace, name }));
    for (const name of claimsUsedBy(pod))
      names.add(nameResource({ kind: "PersistentVolumeClaim", namespace, name }));
  }
  return events.filter(({ type, involvedObject }) => {
    const { kind = "", namespace = "", name = "" } = involvedObject;
    if (kind === "Pod" || (type !== "Warning" && kind !== "PersistentVolumeClaim")) return false;
    if (names.has(nameResource({ kind, namespace, name }))) return true;
    // A ReplicaSet that may make no Pod (a quota, an admission) is known by its Deployment's name alone.
    return (
      kind === "ReplicaSet" &&
      names.has(nameResource({ kind: "Deployment", namespace, name: name.replace(/-[^-]+$/, "") }))
    );
  });
}

/** What a program wrote, it may have written of a Secret. */
function withoutMessages(pod: Pod): Pod {
  const clean = structuredClone(pod);
  for (const status of [
    ...(clean.status?.initContainerStatuses ?? []),
    ...(clean.status?.containerStatuses ?? []),
  ])
    for (const end of [status.state?.terminated, status.lastState?.terminated]) if (end) delete end.message;
  return clean;
}

/** Names of Kubernetes are lower-case letters, digits, dots and hyphens: safe as a file's. */
function fileNameOf({ metadata }: Application): string {
  return `${metadata.namespace ?? ""}_${metadata.name}.txt`.replace(/[^a-z0-9._-]/g, "_");
}
