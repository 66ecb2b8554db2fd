import {
  argocdDefinitions,
  argocdGroup,
  argocdManager,
  type Evidence,
  isNew,
  partOfArgoCd,
  trackingAnnotation,
  writtenBy,
} from "./evidence.ts";
import { keyOf } from "./inventory.ts";
import { type Meta, resourceName } from "./listing.ts";

/** What has to happen to an object that is there after a rehearsal. */
export type Belonging =
  /** Came with the rehearsal: it goes, whatever else does. */
  | "ours"
  /** Goes with its namespace or its owner. */
  | "carried"
  /** Was there before, and the rehearsal has written to it. */
  | "changed"
  /** Appeared meanwhile; nothing says that the rehearsal is the reason. */
  | "unknown"
  | "foreign";

/** Field manager of all that we apply ourselves. */
const ownManager = "rehearsal";

/** Made by controllers wherever there is a namespace, a node or a leader. */
const madeByTheCluster = new Set([
  "Lease",
  "Endpoints",
  "EndpointSlice",
  "Node",
  "CSINode",
  "CSIStorageCapacity",
  "ControllerRevision",
  "CertificateSigningRequest",
  "Pod",
  "IPAddress",
]);

/** Tells whose an object is. Rests on what the object itself says, so that what others make meanwhile is safe. */
export function belongingOf(object: Meta, evidence: Evidence): Belonging {
  const { findings } = evidence;
  const { resource, namespace, name } = object;
  const key = keyOf(object);
  const fresh = isNew(object, evidence, key);
  if (!fresh) return isChanged(object, evidence, key) ? "changed" : "foreign";
  if (resource.group === "" && resource.kind === "Namespace")
    return findings.namespaces.has(name) ? "ours" : unknownOr(object);
  // Custom resources go first, while their operators still run.
  if (findings.definitions.has(resourceName(resource))) return "ours";
  if (object.controller !== undefined) return "carried";
  if (namespace !== undefined && findings.namespaces.has(namespace)) return "carried";
  return isRecognised(object, evidence, key) ? "ours" : unknownOr(object);
}

function unknownOr({ resource, name, labels, controller }: Meta): Belonging {
  const made =
    controller !== undefined ||
    labels["kube-aggregator.kubernetes.io/automanaged"] !== undefined ||
    madeByTheCluster.has(resource.kind) ||
    (resource.kind === "ConfigMap" && name === "kube-root-ca.crt") ||
    (resource.kind === "ServiceAccount" && name === "default");
  return made ? "foreign" : "unknown";
}

function isRecognised(object: Meta, evidence: Evidence, key: string): boolean {
  const { findings, since } = evidence;
  return (
    findings.dependents.has(key) ||
    isTracked(object, evidence) ||
    isDefinitionOfOurs(object, evidence, key) ||
    isOfRelease(object, findings.releases) ||
    isOfArgoCdItself(object, findings.argocdNamespaces) ||
    writtenBy(object, ownManager, since)
  );
}

/** Namespaces that came with the rehearsal: Argo CD's own, those that it made, and those that it was told to make. */
export function isNamespaceOfOurs(object: Meta, evidence: Evidence): boolean {
  const { resource, name } = object;
  const { findings, since } = evidence;
  const key = keyOf(object);
  if (resource.group !== "" || resource.kind !== "Namespace" || !isNew(object, evidence, key)) return false;
  return (
    findings.argocdNamespaces.has(name) ||
    // With CreateNamespace=true Argo CD does not track what it creates.
    (findings.destinations.has(name) && writtenBy(object, argocdManager, since)) ||
    isRecognised(object, evidence, key)
  );
}

/**
 * CustomResourceDefinitions that came with the rehearsal. Argo CD tracks none of these.
 * Source: argo-cd, reposerver/repository/repository.go, `!kube.IsCRD(target)`.
 */
export function isDefinitionOfOurs(object: Meta, evidence: Evidence, key: string): boolean {
  if (object.resource.kind !== "CustomResourceDefinition" || !isNew(object, evidence, key)) return false;
  const { findings, since } = evidence;
  return (
    argocdDefinitions.includes(object.name) ||
    (findings.declared.has(key) && writtenBy(object, argocdManager, since)) ||
    isOfRelease(object, findings.releases) ||
    writtenBy(object, ownManager, since)
  );
}

/**
 * Whether Argo CD tracks the object for an Application of ours. Annotations are copied from owner to owned
 * (Deployment to ReplicaSet), so they have to name the object itself, as Argo CD demands as well.
 * Source: argo-cd, util/argo/resource_tracking.go.
 */
export function isTracked(object: Meta, { findings, since }: Evidence): boolean {
  const id = parseTrackingId(object.annotations[trackingAnnotation] ?? "");
  if (id !== undefined) return findings.instances.has(id.instance) && names(id, object);
  return [...findings.trackingLabels].some((label) => {
    const instance = object.labels[label];
    // The label is Helm's as well: anyone may have set it.
    return (
      instance !== undefined && findings.instances.has(instance) && writtenBy(object, argocdManager, since)
    );
  });
}

export interface TrackingId {
  instance: string;
  group: string;
  kind: string;
  namespace: string;
  name: string;
}

/** `application:group/Kind:namespace/name`. */
export function parseTrackingId(text: string): TrackingId | undefined {
  const match = /^([^:]+):([^/:]*)\/([^:]+):([^/]*)\/(.*)$/.exec(text);
  if (!match) return undefined;
  const [, instance = "", group = "", kind = "", namespace = "", name = ""] = match;
  return { instance, group, kind, namespace, name };
}

/** Hooks with `generateName` have no name yet when they are given their annotation. */
function names(id: TrackingId, { resource, namespace, name }: Meta): boolean {
  return (
    id.kind === resource.kind &&
    (namespace === undefined || id.namespace === namespace) &&
    (id.name === name || id.name === "")
  );
}

/** Objects of a Helm release, and the Secrets in which Helm keeps it. */
function isOfRelease(
  { resource, namespace, labels, annotations }: Meta,
  releases: ReadonlySet<string>,
): boolean {
  const stored = resource.kind === "Secret" && labels.owner === "helm" && labels.name !== undefined;
  const release = releaseOf(annotations) ?? (stored ? `${namespace ?? ""}/${labels.name}` : undefined);
  if (release === undefined) return false;
  return releases.has(release) || releases.has(`${release.slice(0, release.indexOf("/"))}/*`);
}

/** `namespace/name` of the Helm release that an object is part of. */
export function releaseOf(annotations: Readonly<Record<string, string>>): string | undefined {
  const name = annotations["meta.helm.sh/release-name"];
  return name === undefined ? undefined : `${annotations["meta.helm.sh/release-namespace"] ?? ""}/${name}`;
}

/** What Argo CD makes for itself, in a namespace that was there before and empty: its first password, say. */
function isOfArgoCdItself({ namespace, name, labels, managers }: Meta, own: ReadonlySet<string>): boolean {
  if (namespace === undefined || !own.has(namespace)) return false;
  return (
    partOfArgoCd(labels) ||
    name.startsWith("argocd-") ||
    managers.some((one) => one.name.startsWith("argocd"))
  );
}

function isChanged(object: Meta, evidence: Evidence, key: string): boolean {
  // What another rehearsal changed a moment before is not to be told once more.
  if (isTracked(object, evidence) || writtenBy(object, ownManager, evidence.since, 0)) return true;
  return evidence.findings.declared.has(key) && writtenBy(object, argocdManager, evidence.since);
}

/** Finalizers that nobody serves any more once our Argo CD and the operators that came with it are gone. */
export function orphanedFinalizers(object: Meta, definitions: ReadonlySet<string>): string[] {
  const groups = [argocdGroup, ...[...definitions].map((name) => name.slice(name.indexOf(".") + 1))];
  const isOurKind = definitions.has(resourceName(object.resource));
  return object.finalizers.filter((finalizer) => {
    if (isOurKind) return !ofGarbageCollection.has(finalizer);
    if (isKubernetes(finalizer)) return false;
    const domain = finalizer.split("/")[0] ?? "";
    return groups.some((group) => domain === group || domain.endsWith(`.${group}`));
  });
}

const ofGarbageCollection = new Set(["foregroundDeletion", "orphan"]);

function isKubernetes(finalizer: string): boolean {
  const domain = finalizer.split("/")[0] ?? "";
  return !domain.includes(".") || /(^|\.)(kubernetes\.io|k8s\.io)$/.test(domain);
}
