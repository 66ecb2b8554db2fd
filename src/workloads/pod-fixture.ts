import type {
  Claim,
  ContainerSpec,
  ContainerState,
  ContainerStatus,
  Event,
  Node,
  OwnerReference,
  Pod,
  PodStatus,
  StatusCondition,
  Terminated,
} from "./objects.ts";

/** What a Kubernetes 1.37 with containerd 2.4 says, as it was seen on a real one. */
export const said = {
  dns: 'failed to pull and unpack image "docker.io/library/does-not-exist:1": failed to resolve image: failed to do request: Head "https://registry-1.docker.io/v2/library/does-not-exist/manifests/1": dial tcp: lookup registry-1.docker.io on 172.23.0.1:53: no such host',
  notFound:
    'rpc error: code = NotFound desc = failed to pull and unpack image "ghcr.io/home/web:9": failed to resolve reference "ghcr.io/home/web:9": ghcr.io/home/web:9: not found',
  denied:
    'failed to pull and unpack image "docker.io/library/nope:latest": failed to resolve reference "docker.io/library/nope:latest": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
  startError:
    'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "nope": executable file not found in $PATH',
  tooLarge:
    "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
  full: "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
  selector:
    "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
  taint:
    "0/1 nodes are available: 1 node(s) had untolerated taint(s). preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
  unbound: "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
  configMap: 'MountVolume.SetUp failed for volume "config" : configmap "absent" not found',
  hostPath:
    'MountVolume.SetUp failed for volume "nas" : hostPath type check failed, /mnt/nas is not a directory, unable to determine its type: path "/mnt/nas" does not exist',
  unready: "Readiness probe failed: HTTP probe failed with statuscode: 500",
  dead: "Liveness probe failed: dial tcp 10.42.0.6:9999: connect: connection refused",
} as const;

let uids = 0;

export function owner(kind: string, name: string, changes: Partial<OwnerReference> = {}): OwnerReference {
  const apiVersion = kind === "Job" ? "batch/v1" : "apps/v1";
  return { apiVersion, kind, name, uid: `${kind}-${name}`, controller: true, ...changes };
}

export interface PodParts {
  name?: string;
  owners?: OwnerReference[];
  spec?: Partial<Pod["spec"]>;
  status?: PodStatus;
  container?: Partial<ContainerSpec>;
  metadata?: Partial<Pod["metadata"]>;
}

/** On a node, with one container, as its Deployment's ReplicaSet makes it. */
export function pod({
  name = "web-1",
  owners = [owner("ReplicaSet", "web-5f")],
  ...parts
}: PodParts = {}): Pod {
  uids += 1;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "web", uid: `uid-${uids}`, ownerReferences: owners, ...parts.metadata },
    spec: {
      nodeName: "node-1",
      restartPolicy: "Always",
      containers: [{ name: "app", image: "ghcr.io/home/web:9", ...parts.container }],
      ...parts.spec,
    },
    status: parts.status ?? started(),
  };
}

/** The same Pod with another status. */
export function becomes(before: Pod, status: PodStatus): Pod {
  return { ...before, status };
}

export const isTrue = (type: string): StatusCondition => ({ type, status: "True" });
export const isFalse = (type: string): StatusCondition => ({ type, status: "False" });

export function withContainer(state: ContainerState, changes: Partial<ContainerStatus> = {}): PodStatus {
  const ready = changes.ready ?? false;
  return {
    phase: state.running ? "Running" : "Pending",
    conditions: [
      isTrue("PodReadyToStartContainers"),
      isTrue("PodScheduled"),
      ready ? isTrue("Ready") : isFalse("Ready"),
    ],
    containerStatuses: [{ name: "app", restartCount: 0, ready, state, lastState: {}, ...changes }],
  };
}

export function started(): PodStatus {
  return withContainer({ running: { startedAt: "2026-11-23T07:48:59Z" } }, { ready: true, started: true });
}

export function waits(reason: string, message?: string, changes: Partial<ContainerStatus> = {}): PodStatus {
  return withContainer({ waiting: { reason, ...(message === undefined ? {} : { message }) } }, changes);
}

/** Neither its volumes are mounted nor is its sandbox made. */
export function creating(): PodStatus {
  return {
    ...waits("ContainerCreating"),
    conditions: [isFalse("PodReadyToStartContainers"), isTrue("PodScheduled"), isFalse("Ready")],
  };
}

export function ends(changes: Partial<Terminated> = {}): Terminated {
  return {
    exitCode: 1,
    reason: "Error",
    startedAt: "2026-11-23T07:50:10Z",
    finishedAt: "2026-11-23T07:50:12Z",
    ...changes,
  };
}

/** In its back-off after so many failures. */
export function backsOff(failures: number, end: Partial<Terminated> = {}): PodStatus {
  return waits("CrashLoopBackOff", "back-off 20s restarting failed container=app pod=web-1_web(4e18)", {
    restartCount: failures - 1,
    lastState: { terminated: ends(end) },
  });
}

/** Running once more after so many failures. */
export function runsAgain(failures: number, end: Partial<Terminated> = {}, ready = true): PodStatus {
  return withContainer(
    { running: {} },
    { ready, started: true, restartCount: failures, lastState: { terminated: ends(end) } },
  );
}

export function unschedulable(message: string): PodStatus {
  return {
    phase: "Pending",
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }],
  };
}

let events = 0;

export function event(
  about: { kind: string; metadata: Pod["metadata"] | Claim["metadata"] },
  reason: string,
  message: string,
  changes: Partial<Event> = {},
): Event {
  events += 1;
  const { name, namespace = "", uid } = about.metadata;
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name}.${events}`, namespace },
    involvedObject: {
      kind: about.kind,
      namespace,
      name,
      uid: String(uid),
      ...(about.kind === "Pod" ? { fieldPath: "spec.containers{app}" } : {}),
    },
    type: "Warning",
    reason,
    message,
    count: 1,
    lastTimestamp: new Date(Date.UTC(2026, 10, 23, 8, 0, events)).toISOString(),
    ...changes,
  };
}

export function claim(phase: "Pending" | "Bound" | "Lost" = "Pending", storageClassName?: string): Claim {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data", namespace: "web", uid: "claim-data" },
    spec: storageClassName === undefined ? {} : { storageClassName },
    status: { phase },
  };
}

export function node(changes: Partial<Node> = {}): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "node-1" },
    spec: {},
    status: { allocatable: { cpu: "2", memory: "8Gi", pods: "110" }, conditions: [isTrue("Ready")] },
    ...changes,
  };
}
