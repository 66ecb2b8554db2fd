import type { KubeObject } from "../kubernetes/client.ts";

export const applicationKind = {
  apiVersion: "argoproj.io/v1alpha1",
  kind: "Application",
  plural: "applications",
} as const;
export const applicationSetKind = {
  apiVersion: "argoproj.io/v1alpha1",
  kind: "ApplicationSet",
  plural: "applicationsets",
} as const;

/** An Application as Argo CD keeps it. Only what a verdict reads; everything may be missing early on. */
export interface Application extends KubeObject {
  spec: ApplicationSpec;
  status?: ApplicationStatus;
  operation?: unknown;
}

export interface ApplicationSpec {
  project?: string;
  source?: ApplicationSource;
  sources?: ApplicationSource[];
  sourceHydrator?: unknown;
  destination?: Destination;
  syncPolicy?: {
    automated?: { enabled?: boolean; prune?: boolean; selfHeal?: boolean } | null;
    retry?: { limit?: number };
  };
}

export interface Destination {
  server?: string;
  name?: string;
  namespace?: string;
}

export interface ApplicationSource {
  repoURL: string;
  path?: string;
  chart?: string;
  targetRevision?: string;
  ref?: string;
  plugin?: unknown;
}

export interface ApplicationStatus {
  sync?: {
    status?: SyncStatus;
    revision?: string;
    revisions?: string[];
    /** What the spec said when it was compared. */
    comparedTo?: { source?: ApplicationSource; sources?: ApplicationSource[]; destination?: Destination };
  };
  health?: { status?: HealthStatus; message?: string };
  reconciledAt?: string;
  conditions?: Condition[];
  operationState?: OperationState;
  resources?: ResourceStatus[];
}

export type SyncStatus = "Synced" | "OutOfSync" | "Unknown";
export type HealthStatus = "Healthy" | "Progressing" | "Degraded" | "Suspended" | "Missing" | "Unknown";

export interface Condition {
  type: string;
  message: string;
  lastTransitionTime?: string;
}

export interface OperationState {
  phase: "Running" | "Succeeded" | "Failed" | "Error" | "Terminating";
  message?: string;
  retryCount?: number;
  startedAt?: string;
  finishedAt?: string;
  operation?: { retry?: { limit?: number }; sync?: { autoHealAttemptsCount?: number } };
  syncResult?: { revision?: string; revisions?: string[]; resources?: ResourceResult[] };
}

/** What a sync did to one resource. */
export interface ResourceResult extends ResourceName {
  status?: "Synced" | "SyncFailed" | "Pruned" | "PruneSkipped";
  message?: string;
  hookType?: string;
  hookPhase?: "Running" | "Succeeded" | "Failed" | "Error";
}

export interface ResourceStatus extends ResourceName {
  status?: SyncStatus;
  health?: { status?: HealthStatus; message?: string };
  hook?: boolean;
  requiresPruning?: boolean;
}

export interface ResourceName {
  group?: string;
  version?: string;
  kind: string;
  namespace?: string;
  name: string;
}

export interface ApplicationSet extends KubeObject {
  spec: { generators?: Record<string, unknown>[] };
  status?: {
    conditions?: (Condition & { status: "True" | "False" | "Unknown"; reason?: string })[];
    resources?: ResourceStatus[];
  };
}

/** `namespace/name`, unique in a cluster. */
export function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

/** The sources of an Application, of which `sources` wins where both are given. */
export function sourcesOf({
  spec,
}: {
  spec: Pick<ApplicationSpec, "source" | "sources">;
}): ApplicationSource[] {
  const { source, sources } = spec;
  if (sources && sources.length > 0) return sources;
  return source ? [source] : [];
}

export function isAutomated(application: Application): boolean {
  const automated = application.spec.syncPolicy?.automated;
  return automated !== undefined && automated !== null && automated.enabled !== false;
}

/** A resource's name alone, of whatever Argo CD says of it. */
export function nameOnly({ group, kind, namespace, name }: ResourceName): ResourceName {
  return { ...(group ? { group } : {}), kind, ...(namespace ? { namespace } : {}), name };
}

/** `apps/Deployment shop/web`, the way people name a resource. */
export function nameResource({ group, kind, namespace, name }: ResourceName): string {
  return `${group ? `${group}/` : ""}${kind} ${namespace ? `${namespace}/` : ""}${name}`;
}
