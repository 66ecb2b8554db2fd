import type { KubeObject } from "../kubernetes/client.ts";
import { type Claim, claimsUsedBy, type Event, type Node, type Pod, placeOf, timeOf } from "./objects.ts";
import { nextRecord, type PodRecord } from "./pod-record.ts";
import type { Room } from "./scheduling.ts";
import type { SeenEvent } from "./volumes.ts";

export type SeenKind = "Pod" | "Event" | "Node" | "PersistentVolumeClaim";

/** What was seen in a cluster of what Pods depend on. Is told of objects and of the time, and asks for nothing. */
export interface Sightings {
  /** Gives whether a Pod has come or gone. `now` in ms since the epoch. */
  observe(kind: SeenKind, object: KubeObject, deleted: boolean, now: number): boolean;
  /** Those that are there. The record of a Pod stays the same object, and changes. */
  pods(): Iterable<PodRecord>;
  claim(namespace: string, name: string): Claim | undefined;
  /** Whether a Pod that is there uses it. */
  isUsed(claim: Claim): boolean;
  /** About this object, the newest last. */
  eventsOf(object: KubeObject): readonly SeenEvent[];
  /** The last refusal of a Pod that this object, or the ReplicaSet of this Deployment, wanted to make. */
  refusalOf(owner: { kind: string; namespace?: string; name: string }): SeenEvent | undefined;
  readonly room: Room;
}

/** Of one object. Older ones say little about how it stands. */
const mostEvents = 40;

export function createSightings(): Sightings {
  const pods = new Map<string, PodRecord>();
  const claims = new Map<string, Claim>();
  const nodes = new Map<string, Node>();
  const events = new Map<string, SeenEvent[]>();
  const refusals = new Map<string, SeenEvent>();
  let room: Room | undefined;

  function observePod(pod: Pod, deleted: boolean, now: number): boolean {
    const key = pod.metadata.uid ?? placeOf(pod);
    const previous = pods.get(key);
    room = undefined;
    if (deleted) {
      events.delete(key);
      return pods.delete(key);
    }
    const record = nextRecord(previous, pod, now);
    if (previous) Object.assign(previous, record);
    else pods.set(key, record);
    return previous === undefined;
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

  return {
    observe(kind, object, deleted, now) {
      if (kind === "Pod") return observePod(object as Pod, deleted, now);
      if (kind === "Event") observeEvent(object as Event, deleted, now);
      else if (kind === "Node") {
        room = undefined;
        change(nodes, object.metadata.name, object as Node, deleted);
      } else change(claims, placeOf(object), object as Claim, deleted);
      return false;
    },
    pods: () => pods.values(),
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

function change<T>(map: Map<string, T>, key: string, value: T, deleted: boolean): void {
  if (deleted) map.delete(key);
  else map.set(key, value);
}
