import type { Application, ResourceName } from "../../argocd/application.ts";
import type { KubeObject } from "../../kubernetes/client.ts";
import type { Tries } from "./crashes.ts";
import { everyContainer, type PodRecord } from "./examine-pod.ts";
import type { Claim, Event, Node, OwnerReference, Pod } from "./objects.ts";
import { placeOf } from "./objects.ts";
import type { Room } from "./scheduling.ts";
import { mustGoOn, nextTries } from "./tries.ts";
import type { SeenEvent } from "./volumes.ts";

export type ObservedKind = "Pod" | "Event" | "Node" | "PersistentVolumeClaim";

/** A Pod of an Application, with the object of the Application that it came from. */
export interface Member {
  record: PodRecord;
  resource: ResourceName;
}

/** An owner of which only the name is known. */
export interface UnknownOwner extends OwnerReference {
  namespace: string;
}

/** What runs in the cluster, and whose it is. Is told of objects and of the time, and asks for nothing. */
export interface Inventory {
  observe(kind: ObservedKind, object: KubeObject, deleted: boolean, now: number): void;
  /** Owners between a Pod and what an Application lists, whose own owners somebody has to look up. */
  unknownOwners(): UnknownOwner[];
  /** Tells who owns the object of this uid: nobody, where the list is empty. */
  observeOwner(uid: string, owners: readonly OwnerReference[]): void;
  /** The Pods that came from what Argo CD lists of an Application, hooks among it. */
  podsOf(application: Application): Member[];
  claim(namespace: string, name: string): Claim | undefined;
  /** Whether a Pod that is there uses it. */
  isUsed(claim: Claim): boolean;
  /** About this object, the newest last. */
  eventsOf(object: KubeObject): readonly SeenEvent[];
  /** The last refusal of a Pod that this object, or the ReplicaSet of this Deployment, wanted to make. */
  refusalOf(resource: ResourceName): SeenEvent | undefined;
  readonly room: Room;
}

/** Of one object. Older ones say little about how it stands. */
const mostEvents = 40;

export function createInventory(): Inventory {
  const pods = new Map<string, PodRecord>();
  const claims = new Map<string, Claim>();
  const nodes = new Map<string, Node>();
  const events = new Map<string, SeenEvent[]>();
  const refusals = new Map<string, SeenEvent>();
  const owners = new Map<string, readonly OwnerReference[]>();
  /** Pods by what they came from; undefined when something has changed. */
  let descendants: Map<string, PodRecord[]> | undefined;
  let room: Room | undefined;

  function observePod(pod: Pod, deleted: boolean, now: number): void {
    const key = pod.metadata.uid ?? placeOf(pod);
    const previous = pods.get(key);
    room = undefined;
    if (deleted) {
      pods.delete(key);
      events.delete(key);
      descendants = undefined;
      return;
    }
    if (previous === undefined) descendants = undefined;
    const record = nextRecord(previous, pod, now);
    if (previous) Object.assign(previous, record);
    else pods.set(key, record);
  }

  function observeEvent(told: Event, deleted: boolean, now: number): void {
    const event = uncombined(told);
    const { uid } = event.involvedObject;
    if (uid === undefined || deleted) return; // the API forgets events after an hour; they were true
    if (event.reason === "FailedCreate") refusals.set(refusalKey(event), { event, seenAt: now });
    const known = events.get(uid) ?? [];
    const others = known.filter((entry) => entry.event.metadata.name !== event.metadata.name);
    const sorted = [...others, { event, seenAt: now }].toSorted((left, right) =>
      timeOf(left.event).localeCompare(timeOf(right.event)),
    );
    events.set(uid, sorted.slice(-mostEvents));
  }

  function chainOf({ metadata }: Pod): OwnerReference[] {
    const chain: OwnerReference[] = [];
    const seen = new Set<string>();
    const open = [...(metadata.ownerReferences ?? [])];
    for (let owner = open.shift(); owner; owner = open.shift()) {
      if (seen.has(owner.uid)) continue;
      seen.add(owner.uid);
      chain.push(owner);
      open.push(...(owners.get(owner.uid) ?? []));
    }
    return chain;
  }

  function byAncestor(): Map<string, PodRecord[]> {
    if (descendants) return descendants;
    descendants = new Map();
    for (const record of pods.values()) {
      const { pod } = record;
      const { namespace = "", name } = pod.metadata;
      const keys = chainOf(pod).flatMap((owner) => {
        const group = owner.apiVersion.includes("/") ? (owner.apiVersion.split("/")[0] ?? "") : "";
        // An owner is in the same namespace, or in none.
        return [keyOf(group, owner.kind, namespace, owner.name), keyOf(group, owner.kind, "", owner.name)];
      });
      for (const key of new Set([keyOf("", "Pod", namespace, name), ...keys]))
        descendants.set(key, [...(descendants.get(key) ?? []), record]);
    }
    return descendants;
  }

  return {
    observe(kind, object, deleted, now) {
      if (kind === "Pod") observePod(object as Pod, deleted, now);
      else if (kind === "Event") observeEvent(object as Event, deleted, now);
      else if (kind === "Node") {
        room = undefined;
        change(nodes, object.metadata.name, object as Node, deleted);
      } else change(claims, placeOf(object), object as Claim, deleted);
    },
    unknownOwners() {
      const unknown = new Map<string, UnknownOwner>();
      for (const { pod } of pods.values())
        for (const owner of chainOf(pod))
          if (!owners.has(owner.uid))
            unknown.set(owner.uid, { ...owner, namespace: pod.metadata.namespace ?? "" });
      return [...unknown.values()];
    },
    observeOwner(uid, references) {
      owners.set(uid, references);
      if (references.length > 0) descendants = undefined;
    },
    podsOf(application) {
      const members = new Map<PodRecord, ResourceName>();
      const known = byAncestor();
      for (const resource of resourcesOf(application)) {
        const { group = "", kind, namespace = "", name } = resource;
        for (const record of known.get(keyOf(group, kind, namespace, name)) ?? [])
          if (!members.has(record)) members.set(record, resource);
      }
      return [...members].map(([record, resource]) => ({ record, resource }));
    },
    claim: (namespace, name) => claims.get(`${namespace}/${name}`),
    isUsed: ({ metadata }) =>
      [...pods.values()].some(
        ({ pod }) =>
          pod.metadata.namespace === metadata.namespace && claimsUsedBy(pod).includes(metadata.name),
      ),
    eventsOf: ({ metadata }) => events.get(String(metadata.uid)) ?? [],
    refusalOf: ({ kind, namespace = "", name }) => refusals.get(`${kind}/${namespace}/${name}`),
    get room() {
      room ??= { nodes: [...nodes.values()], pods: [...pods.values()].map(({ pod }) => pod) };
      return room;
    },
  };
}

/** Ten events of one kind within ten minutes are told as one, in the words of the last. */
function uncombined(event: Event): Event {
  const message = event.message?.replace(/^\(combined from similar events\): /, "");
  return message === undefined || message === event.message ? event : { ...event, message };
}

/** A ReplicaSet's name is its Deployment's and a hash; without a Pod nothing else tells of the two. */
function refusalKey({ involvedObject }: Event): string {
  const { kind, namespace, name = "" } = involvedObject;
  return kind === "ReplicaSet"
    ? `Deployment/${namespace}/${name.replace(/-[^-]+$/, "")}`
    : `${kind}/${namespace}/${name}`;
}

/** What Argo CD lists, and the hooks of its last sync, which it does not. */
export function resourcesOf({ status }: Application): ResourceName[] {
  const hooks = (status?.operationState?.syncResult?.resources ?? []).filter(({ hookType }) => hookType);
  return [...(status?.resources ?? []), ...hooks];
}

export function claimsUsedBy({ spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) =>
    persistentVolumeClaim ? [persistentVolumeClaim.claimName] : [],
  );
}

function nextRecord(previous: PodRecord | undefined, pod: Pod, now: number): PodRecord {
  const tries = new Map<string, Tries>();
  for (const { container, init, status } of everyContainer(pod)) {
    if (!status) continue;
    const before = previous?.tries.get(container.name);
    tries.set(container.name, nextTries(before, status, mustGoOn(pod, container, init), now));
  }
  const fingerprint = fingerprintOf(pod);
  const changed = previous?.fingerprint !== fingerprint;
  return {
    pod,
    firstSeenAt: previous?.firstSeenAt ?? now,
    changedAt: changed ? now : (previous?.changedAt ?? now),
    fingerprint,
    tries,
  };
}

/** What a reader would call a change; times and addresses are none. */
function fingerprintOf(pod: Pod): string {
  return JSON.stringify([
    pod.spec.nodeName,
    pod.status?.phase,
    pod.status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
    everyContainer(pod).map(({ status }) => [
      status?.ready,
      status?.started,
      status?.restartCount,
      Object.keys(status?.state ?? {}),
      status?.state?.waiting?.reason,
    ]),
  ]);
}

function change<T>(map: Map<string, T>, key: string, value: T, deleted: boolean): void {
  if (deleted) map.delete(key);
  else map.set(key, value);
}

function keyOf(group: string, kind: string, namespace: string, name: string): string {
  return `${group}/${kind}/${namespace}/${name}`;
}

/** ISO 8601, as the API server's clock has it. */
function timeOf({ lastTimestamp, series, eventTime, firstTimestamp, metadata }: Event): string {
  return (
    series?.lastObservedTime ??
    lastTimestamp ??
    eventTime ??
    firstTimestamp ??
    String(metadata.creationTimestamp ?? "")
  );
}
