import { lastEnd, type Tries } from "./crashes.ts";
import type { ContainerSpec, ContainerStatus, Pod, Terminated } from "./objects.ts";

/** Whether a container has to run on: a main one unless its Pod says otherwise; of the initial, only sidecars. */
export function mustGoOn({ spec }: Pod, { restartPolicy }: ContainerSpec, init: boolean): boolean {
  return (restartPolicy ?? (init ? "OnFailure" : (spec.restartPolicy ?? "Always"))) === "Always";
}

/** What was seen of a container's tries, carried on to what its status says now. */
export function nextTries(
  previous: Tries | undefined,
  status: ContainerStatus,
  goesOn: boolean,
  now: number,
): Tries {
  const failures = failuresIn(status, goesOn);
  const running = status.state?.running !== undefined;
  const restarts = status.restartCount;
  const isNew = failures > (previous?.failures ?? 0);
  const end = lastEnd(status);
  const ranMs = isNew && end ? durationOf(end) : (previous?.ranMs ?? 0);
  const startedAgain = previous !== undefined && restarts > previous.restarts;
  return {
    failures,
    restarts,
    beganAt: isNew ? now - ranMs : (previous?.beganAt ?? now),
    ranMs,
    runningSince: running ? (startedAgain ? now : (previous?.runningSince ?? now)) : undefined,
    restartedAt: startedAgain ? now : previous?.restartedAt,
  };
}

/** One that waits after an end has failed once more than it was started again. */
function failuresIn({ restartCount, state, lastState }: ContainerStatus, goesOn: boolean): number {
  if (state?.terminated) return restartCount + (state.terminated.exitCode === 0 && !goesOn ? 0 : 1);
  if (state?.waiting && lastState?.terminated) return restartCount + 1;
  return restartCount;
}

/** How long a try ran, in ms: free of the difference between the node's clock and ours. */
export function durationOf({ startedAt, finishedAt }: Terminated): number {
  const began = Date.parse(startedAt ?? "");
  const ended = Date.parse(finishedAt ?? "");
  // Of what never began, containerd states the year 1970.
  return began > 0 && ended >= began ? ended - began : 0;
}
