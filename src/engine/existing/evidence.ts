import type { Inventory } from "./inventory.ts";
import type { Meta } from "./listing.ts";

/** What is known of a rehearsal, by which its objects are told from those of others. */
export interface Evidence {
  /** ms since 1970, by the API server's clock. */
  since: number;
  existed: Inventory;
  /** As `Listing.unlisted`, at the beginning: of these, nothing is known to be new. */
  unlisted: readonly string[];
  findings: Findings;
}

/** What the cluster itself tells of our Argo CD. Kept in the record, because a clean-up deletes its sources. */
export interface Findings {
  /** Names under which Argo CD tracks the objects of our Applications. */
  instances: Set<string>;
  /** Keys of objects that our Applications declare. */
  declared: Set<string>;
  /** Namespaces that our Applications deploy into. */
  destinations: Set<string>;
  /** The label that Argo CD tracks by, if it was told to. */
  trackingLabels: Set<string>;
  /** Namespaces of Argo CD itself. */
  argocdNamespaces: Set<string>;
  /** Argo CD's Helm releases, as `namespace/name`; `namespace/*` is any release there. */
  releases: Set<string>;
  /** Namespaces that go as a whole. */
  namespaces: Set<string>;
  /** Names of our CustomResourceDefinitions. */
  definitions: Set<string>;
  /** Keys of what makes sense only with other objects of ours: volumes, claims, webhooks. */
  dependents: Set<string>;
}

export function noFindings(): Findings {
  return {
    instances: new Set(),
    declared: new Set(),
    destinations: new Set(),
    trackingLabels: new Set(),
    argocdNamespaces: new Set(),
    releases: new Set(),
    namespaces: new Set(),
    definitions: new Set(),
    dependents: new Set(),
  };
}

export function encodeFindings(findings: Findings): string {
  return JSON.stringify(Object.fromEntries(Object.entries(findings).map(([key, set]) => [key, [...set]])));
}

export function decodeFindings(text: string): Findings {
  const findings = noFindings();
  for (const [key, values] of Object.entries(JSON.parse(text) as Record<string, string[]>)) {
    const set = findings[key as keyof Findings] as Set<string> | undefined;
    for (const value of values) set?.add(value);
  }
  return findings;
}

export const argocdGroup = "argoproj.io";
export const partOfArgoCd = (labels: Readonly<Record<string, string>>) =>
  labels["app.kubernetes.io/part-of"] === "argocd";
export const trackingAnnotation = "argocd.argoproj.io/tracking-id";
/** As which Argo CD writes, with client-side and server-side apply alike. */
export const argocdManager = "argocd-controller";
/** The kinds whose definitions are Argo CD's; Rollouts and Workflows have the same group. */
export const argocdDefinitions = ["applications", "applicationsets", "appprojects"].map(
  (plural) => `${plural}.${argocdGroup}`,
);

/** API servers of one cluster have clocks of their own. */
const clockSkewMs = 60_000;

/** Whether an object came to be after the inventory was taken. What cannot be told is old. */
export function isNew(object: Meta, { since, existed, unlisted }: Evidence, key: string): boolean {
  return !existed.has(key) && object.created >= since - clockSkewMs && !isUnlisted(object, unlisted);
}

function isUnlisted({ resource }: Meta, unlisted: readonly string[]): boolean {
  const { group, plural, version } = resource;
  if (unlisted.length === 0) return false;
  return (
    unlisted.includes(group === "" ? plural : `${plural}.${group}`) ||
    unlisted.includes(`${group}/${version}`)
  );
}

/** Whether `manager` has written to the object since the rehearsal began, or just before it by another clock. */
export function writtenBy({ managers }: Meta, manager: string, since: number, skewMs = clockSkewMs): boolean {
  return managers.some(({ name, at }) => name === manager && at >= since - skewMs);
}
