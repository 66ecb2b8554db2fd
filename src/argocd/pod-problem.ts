import type { KubeObject } from "../kubernetes/client.ts";

/** Why a Pod does not run. */
export interface PodProblem {
  kind: "image" | "scheduling" | "configuration" | "runtime" | "crash";
  pod: string;
  /** Undefined where it is about the Pod as a whole. */
  container: string | undefined;
  /** The image that cannot be pulled. */
  image: string | undefined;
  /** In the words of the cluster; may have several lines. */
  reason: string;
  /** Waiting will not help. */
  final: boolean;
}

interface ContainerStatus {
  name: string;
  image?: string;
  restartCount?: number;
  state?: { waiting?: { reason?: string; message?: string }; terminated?: Terminated };
  lastState?: { terminated?: Terminated };
}

interface Terminated {
  exitCode?: number;
  signal?: number;
  reason?: string;
  message?: string;
}

interface PodStatus {
  phase?: string;
  conditions?: { type: string; status: string; reason?: string; message?: string }[];
  initContainerStatuses?: ContainerStatus[];
  containerStatuses?: ContainerStatus[];
}

/** Components wait for one another by crashing, and the kubelet's pauses grow: this is about a minute. */
const finalRestarts = 4;

/** pkg/kubelet/images and pkg/kubelet/container of Kubernetes. */
const imageReasons = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "ErrImageNeverPull",
  "InvalidImageName",
  "ImageInspectError",
  "RegistryUnavailable",
  "SignatureValidationFailed",
]);
const finalImageReasons = new Set(["ErrImageNeverPull", "InvalidImageName"]);
/** What newer kubelets put before the words of the registry. */
const backOff = /^Back-off pulling image "[^"]*": ErrImagePull: /;
/** What registries say of an image that they do not have. */
const noSuchImage = /: not found\b|manifest unknown|name unknown|repository does not exist/i;
const runtimeReasons = new Set([
  "CreateContainerError",
  "RunContainerError",
  "CreatePodSandboxError",
  "PreCreateHookError",
  "PostStartHookError",
]);

/** What keeps a Pod from running; undefined where nothing does, or nothing is known. */
export function problemOf(pod: KubeObject): PodProblem | undefined {
  const status = (pod.status ?? {}) as PodStatus;
  if (status.phase === "Succeeded" || pod.metadata.deletionTimestamp !== undefined) return undefined;
  const { containers = [], initContainers = [] } = (pod.spec ?? {}) as {
    containers?: { name: string; image?: string }[];
    initContainers?: { name: string; image?: string }[];
  };
  const images = new Map([...initContainers, ...containers].map(({ name, image }) => [name, image]));
  const scheduling = status.conditions?.find(
    ({ type, status, reason }) => type === "PodScheduled" && status === "False" && reason === "Unschedulable",
  );
  if (scheduling) {
    return {
      kind: "scheduling",
      pod: pod.metadata.name,
      container: undefined,
      image: undefined,
      reason: scheduling.message ?? "no node fits",
      final: false,
    };
  }
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  for (const container of statuses) {
    const problem = containerProblem(container);
    if (!problem) continue;
    const image = problem.kind === "image" ? (images.get(container.name) ?? container.image) : undefined;
    return { pod: pod.metadata.name, container: container.name, image, ...problem };
  }
  return undefined;
}

function containerProblem({
  state,
  lastState,
  restartCount = 0,
}: ContainerStatus): Pick<PodProblem, "kind" | "reason" | "final"> | undefined {
  const { waiting, terminated } = state ?? {};
  const reason = waiting?.reason ?? "";
  const words = waiting?.message ?? reason;
  if (imageReasons.has(reason))
    return {
      kind: "image",
      reason: words.replace(backOff, ""),
      final: finalImageReasons.has(reason) || noSuchImage.test(words),
    };
  if (reason === "CreateContainerConfigError") return { kind: "configuration", reason: words, final: false };
  if (runtimeReasons.has(reason)) return { kind: "runtime", reason: words, final: false };
  const ended = terminated ?? (reason === "CrashLoopBackOff" ? lastState?.terminated : undefined);
  if (!ended || (ended.exitCode === 0 && reason !== "CrashLoopBackOff")) return undefined;
  return { kind: "crash", reason: endOf(ended), final: restartCount >= finalRestarts };
}

function endOf({ exitCode = 0, signal, reason, message }: Terminated): string {
  const how =
    reason === "OOMKilled"
      ? "it used more memory than its limit"
      : signal
        ? `it was killed by signal ${signal}`
        : `it exited with code ${exitCode}`;
  return message ? `${how}: ${message}` : how;
}
