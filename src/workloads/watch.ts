import type { KubeClient, KubeObject } from "../kubernetes/client.ts";
import { type WatchedKind, watchKind } from "../kubernetes/watch.ts";
import type { SeenKind } from "./sightings.ts";

const core = { apiVersion: "v1" } as const;
const followed: readonly (WatchedKind & { kind: SeenKind })[] = [
  { ...core, kind: "Pod", plural: "pods" },
  { ...core, kind: "Node", plural: "nodes" },
  { ...core, kind: "PersistentVolumeClaim", plural: "persistentvolumeclaims" },
  // Of all events, these are a tenth. Why a claim waits stands in normal ones.
  { ...core, kind: "Event", plural: "events", fieldSelector: "type=Warning" },
  {
    ...core,
    kind: "Event",
    plural: "events",
    fieldSelector: "type=Normal,involvedObject.kind=PersistentVolumeClaim",
  },
];

/** Tells of all Pods, claims and nodes of a cluster, and of the events that explain them, until `signal` aborts. */
export function watchWhatRuns(
  client: KubeClient,
  onChange: (kind: SeenKind, object: KubeObject, deleted: boolean) => void,
  signal: AbortSignal,
): void {
  for (const watched of followed)
    watchKind(client, watched, (object, deleted) => onChange(watched.kind, object, deleted), signal);
}
