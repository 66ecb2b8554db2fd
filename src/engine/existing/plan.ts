import { argocdGroup, type Evidence } from "./evidence.ts";
import type { Meta } from "./listing.ts";
import { belongingOf } from "./ours.ts";
import { recordNamespace } from "./record-content.ts";

/** Deletions in their order: each phase begins when nothing of the one before it is left. */
export const phases = [
  {
    name: "webhooks",
    title: "webhooks and aggregated APIs",
    // Their backends are about to go, and they would refuse whatever comes after.
    kinds: ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "APIService"],
  },
  { name: "argocd", title: "Applications", kinds: [] },
  { name: "custom", title: "custom resources", kinds: [] },
  { name: "objects", title: "namespaces and objects", kinds: [] },
  { name: "volumes", title: "volumes", kinds: ["PersistentVolume"] },
  { name: "definitions", title: "definitions", kinds: ["CustomResourceDefinition"] },
] as const;

export type PhaseName = (typeof phases)[number]["name"];

export interface Plan {
  deletions: Readonly<Record<PhaseName, readonly Meta[]>>;
  /** Go with their namespace or owner. */
  carried: readonly Meta[];
  /** Were there before, and the rehearsal has written to them. */
  changed: readonly Meta[];
  /** Appeared meanwhile, and nothing says that the rehearsal is the reason. */
  unknown: readonly Meta[];
}

/** What has to go, from all that there is. */
export function planCleanUp(objects: readonly Meta[], evidence: Evidence): Plan {
  const deletions: Record<PhaseName, Meta[]> = {
    webhooks: [],
    argocd: [],
    custom: [],
    objects: [],
    volumes: [],
    definitions: [],
  };
  const carried: Meta[] = [];
  const changed: Meta[] = [];
  const unknown: Meta[] = [];
  for (const object of objects) {
    if (isRecord(object)) continue;
    const belonging = belongingOf(object, evidence);
    if (belonging === "ours") deletions[phaseOf(object, evidence)].push(object);
    if (belonging === "carried") carried.push(object);
    if (belonging === "changed") changed.push(object);
    if (belonging === "unknown") unknown.push(object);
  }
  return { deletions, carried, changed, unknown };
}

function isRecord({ resource, namespace, name }: Meta): boolean {
  return namespace === recordNamespace || (resource.kind === "Namespace" && name === recordNamespace);
}

function phaseOf({ resource }: Meta, { findings }: Evidence): PhaseName {
  const { group, kind, plural } = resource;
  if (group === argocdGroup && ["Application", "ApplicationSet", "AppProject"].includes(kind))
    return "argocd";
  if (findings.definitions.has(`${plural}.${group}`)) return "custom";
  const phase = phases.find(({ kinds }) => (kinds as readonly string[]).includes(kind));
  return phase?.name ?? "objects";
}

export function deletionsOf({ deletions }: Plan): Meta[] {
  return phases.flatMap(({ name }) => deletions[name]);
}
