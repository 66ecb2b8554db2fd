import { crashFailure, lastEnd, outlivingMs, startFailure, type Tries } from "./crashes.ts";
import { change, type Failure, failing, infrastructure, type Look, working } from "./failure.ts";
import { imageFailure, imageReasons } from "./image.ts";
import { type ContainerSpec, type ContainerStatus, containerOf, type Event, type Pod } from "./objects.ts";
import { patienceWith, probeFailureOf, probeNeverPasses } from "./probes.ts";
import { mustGoOn } from "./tries.ts";

export interface ContainerView {
  pod: Pod;
  container: ContainerSpec;
  init: boolean;
  /** Undefined until the kubelet has looked at the Pod. */
  status: ContainerStatus | undefined;
  tries: Tries;
  /** Of its Pod, the newest last. */
  events: readonly Event[];
  now: number;
}

/**
 * What one container says: the first rule that applies decides. Undefined where it only waits for what
 * its whole Pod waits for (volumes, its sandbox, its images).
 */
export function examineContainer(view: ContainerView): Look | undefined {
  const { status, container, init, events, tries, now } = view;
  if (!status) return undefined;
  const { waiting, running, terminated } = status.state ?? {};
  const named = `${init ? "init container" : "container"} ${container.name}`;
  if (waiting && imageReasons.includes(waiting.reason ?? "")) {
    const failure = imageFailure(
      container.name,
      imageOf(view),
      waiting,
      pullEvent(view),
      (view.pod.spec.imagePullSecrets ?? []).length > 0,
    );
    return failure ? failing(failure) : working(`pulling image ${imageOf(view)}`);
  }
  const config = waiting && configFailure(named, waiting);
  if (config) return failing(config);
  const end = lastEnd(status);
  const goesOn = mustGoOn(view.pod, container, init);
  if (terminated?.exitCode === 0 && !goesOn) return { state: "well" };
  if (end && tries.failures > 0 && (!running || !hasOutlived(tries, now))) {
    const failure = crashFailure({ container, init, status, tries, events }, end);
    // Twice is no habit: a program may well find its database at the third try.
    const isHabit = failure.finality.when === "tried" && failure.finality.beganAt !== undefined;
    if (!running || isHabit) return failing(failure);
    return { state: "trying", detail: `${named} runs again`, hint: failure.reason };
  }
  if (waiting?.reason === "RunContainerError")
    return failing(startFailure(named, waiting.message ?? "", { when: "lasting", ms: 30_000 }));
  if (!running) return undefined;
  if (init && !goesOn) return working(`${named} runs`);
  if (status.ready || (init && status.started)) return { state: "well" };
  return notReady(view, named);
}

function hasOutlived(tries: Tries, now: number): boolean {
  return tries.runningSince !== undefined && now - tries.runningSince >= outlivingMs(tries);
}

function notReady({ container, events, tries, now }: ContainerView, named: string): Look {
  const since = tries.runningSince ?? now;
  const failure = probeFailureOf(container, events);
  if (now - since < patienceWith(container))
    return working(
      `${named} runs, and is not ready yet`,
      failure && probeNeverPasses(container, failure).reason,
    );
  if (!failure) return { state: "stuck", detail: `${named} runs, and does not become ready` };
  return failing(probeNeverPasses(container, failure));
}

/** The kubelet's reasons (pkg/kubelet/kuberuntime); it tries again about every ten seconds. */
function configFailure(
  named: string,
  { reason, message = "" }: { reason?: string; message?: string },
): Failure | undefined {
  if (reason === "CreateContainerConfigError") {
    // The kubelet's own answers about Secrets and ConfigMaps; the rest is about the container itself.
    const heals = /not found|couldn't find key|timed out waiting|failed to sync/i.test(message);
    return change(
      "container-config",
      `${named} cannot be created: ${message}`,
      heals ? { when: "quiet" } : { when: "lasting", ms: 15_000 },
    );
  }
  if (reason === "CreateContainerError" || reason === "PreCreateHookError") {
    const lasting = { when: "lasting", ms: 30_000 } as const;
    const text = `${named} cannot be created: ${message}`;
    return /no space left|too many open files|cannot allocate|deadline exceeded|is reserved for|connection refused/i.test(
      message,
    )
      ? infrastructure("machine", text, { when: "lasting", ms: 60_000 })
      : change("container-config", text, lasting);
  }
  return undefined;
}

function imageOf({ container, status }: ContainerView): string {
  return container.image || status?.image || "?";
}

function pullEvent({ container, events }: ContainerView): string | undefined {
  return events.findLast(
    (event) =>
      event.reason === "Failed" &&
      containerOf(event) === container.name &&
      event.message?.startsWith("Failed to pull image"),
  )?.message;
}
