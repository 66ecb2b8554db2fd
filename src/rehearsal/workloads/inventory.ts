import type { Application, ResourceName } from "../../argocd/application.ts";
import type { KubeObject } from "../../kubernetes/client.ts";
import type { OwnerReference, Pod } from "../../workloads/objects.ts";
import type { PodRecord } from "../../workloads/pod-record.ts";
import { createSightings, type SeenKind, type Sightings } from "../../workloads/sightings.ts";

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
  readonly sightings: Sightings;
  observe(kind: SeenKind, object: KubeObject, deleted: boolean, now: number): void;
  /** Owners between a Pod and what an Application lists, whose own owners somebody has to look up. */
  unknownOwners(): UnknownOwner[];
  /** Tells who owns the object of this uid: nobody, where the list is empty. */
  observeOwner(uid: string, owners: readonly OwnerReference[]): void;
  /** The Pods that came from what Argo CD lists of an Application, hooks among it. */
  podsOf(application: Application): Member[];
}

export function createInventory(): Inventory {
  const sightings = createSightings();
  const owners = new Map<string, readonly OwnerReference[]>();
  /** Pods by what they came from; undefined when something has changed. */
  let descendants: Map<string, PodRecord[]> | undefined;

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
    for (const record of sightings.pods()) {
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
    sightings,
    observe(kind, object, deleted, now) {
      if (sightings.observe(kind, object, deleted, now)) descendants = undefined;
    },
    unknownOwners() {
      const unknown = new Map<string, UnknownOwner>();
      for (const { pod } of sightings.pods())
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
  };
}

/** What Argo CD lists, and the hooks of its last sync, which it does not. */
export function resourcesOf({ status }: Application): ResourceName[] {
  const hooks = (status?.operationState?.syncResult?.resources ?? []).filter(({ hookType }) => hookType);
  return [...(status?.resources ?? []), ...hooks];
}

function keyOf(group: string, kind: string, namespace: string, name: string): string {
  return `${group}/${kind}/${namespace}/${name}`;
}
