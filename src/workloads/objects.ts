import type { KubeObject } from "../kubernetes/client.ts";

/** A Pod as the API gives it. Only what the rules read; everything in `status` may be missing early on. */
export interface Pod extends KubeObject {
  metadata: KubeObject["metadata"] & {
    uid?: string;
    ownerReferences?: OwnerReference[];
    deletionTimestamp?: string;
  };
  spec: PodSpec;
  status?: PodStatus;
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

export interface PodSpec {
  nodeName?: string;
  nodeSelector?: Record<string, string>;
  restartPolicy?: "Always" | "OnFailure" | "Never";
  imagePullSecrets?: { name: string }[];
  containers: ContainerSpec[];
  /** Those with `restartPolicy: Always` are sidecars, and run as long as the Pod does. */
  initContainers?: ContainerSpec[];
  volumes?: { name: string; persistentVolumeClaim?: { claimName: string } }[];
  overhead?: Quantities;
}

export interface ContainerSpec {
  name: string;
  image?: string;
  restartPolicy?: string;
  env?: { name: string; value?: string }[];
  resources?: { requests?: Quantities; limits?: Quantities };
  startupProbe?: Probe;
  readinessProbe?: Probe;
  livenessProbe?: Probe;
}

export interface Probe {
  exec?: unknown;
  initialDelaySeconds?: number;
  periodSeconds?: number;
  failureThreshold?: number;
}

/** Such as `{ cpu: "250m", memory: "64Mi" }`. */
export type Quantities = Record<string, string>;

export interface PodStatus {
  phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  reason?: string;
  message?: string;
  conditions?: StatusCondition[];
  initContainerStatuses?: ContainerStatus[];
  containerStatuses?: ContainerStatus[];
}

export interface StatusCondition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason?: string;
  message?: string;
}

export interface ContainerStatus {
  name: string;
  image?: string;
  ready?: boolean;
  started?: boolean;
  restartCount: number;
  state?: ContainerState;
  /** Of the try before this one. */
  lastState?: ContainerState;
}

export interface ContainerState {
  waiting?: { reason?: string; message?: string };
  running?: { startedAt?: string };
  terminated?: Terminated;
}

export interface Terminated {
  exitCode: number;
  signal?: number;
  reason?: string;
  message?: string;
  startedAt?: string | null;
  finishedAt?: string | null;
}

/** `v1` Event. */
export interface Event extends KubeObject {
  involvedObject: {
    kind?: string;
    namespace?: string;
    name?: string;
    uid?: string;
    /** `spec.containers{app}` */
    fieldPath?: string;
  };
  type?: string;
  reason?: string;
  message?: string;
  count?: number;
  firstTimestamp?: string | null;
  lastTimestamp?: string | null;
  eventTime?: string | null;
  series?: { count?: number; lastObservedTime?: string };
}

export interface Claim extends KubeObject {
  spec?: { storageClassName?: string };
  status?: { phase?: "Pending" | "Bound" | "Lost" };
}

export interface Node extends KubeObject {
  spec?: { unschedulable?: boolean; taints?: { key: string; value?: string; effect: string }[] };
  status?: { allocatable?: Quantities; conditions?: StatusCondition[] };
}

/** Where it stands in the cluster: `namespace/name`. */
export function placeOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

/** The name of the container that an event is about, if any. */
export function containerOf({ involvedObject }: Event): string | undefined {
  return /\{(.*)\}$/.exec(involvedObject.fieldPath ?? "")?.[1];
}

export function conditionOf(
  status: { conditions?: StatusCondition[] } | undefined,
  type: string,
): StatusCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** When it was last told, in ISO 8601, as the API server's clock has it. */
export function timeOf({ lastTimestamp, series, eventTime, firstTimestamp, metadata }: Event): string {
  return (
    series?.lastObservedTime ??
    lastTimestamp ??
    eventTime ??
    firstTimestamp ??
    String(metadata.creationTimestamp ?? "")
  );
}

/** Whether it will never run again. */
export function hasEnded({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** Each container with its status, those that run first at the front. */
export function everyContainer(
  pod: Pod,
): { container: ContainerSpec; init: boolean; status: ContainerStatus | undefined }[] {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  const paired = (specs: readonly ContainerSpec[], statuses: readonly ContainerStatus[], init: boolean) =>
    specs.map((container) => ({
      container,
      init,
      status: statuses.find(({ name }) => name === container.name),
    }));
  return [
    ...paired(pod.spec.initContainers ?? [], initContainerStatuses, true),
    ...paired(pod.spec.containers, containerStatuses, false),
  ];
}

export function claimsUsedBy({ spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) =>
    persistentVolumeClaim ? [persistentVolumeClaim.claimName] : [],
  );
}
