import type { Tries } from "./crashes.ts";
import { everyContainer, type Pod } from "./objects.ts";
import { mustGoOn, nextTries } from "./tries.ts";

/** A Pod, and what was seen of it. Times in ms since the epoch, by our clock. */
export interface PodRecord {
  pod: Pod;
  firstSeenAt: number;
  /** When its status last said something new. */
  changedAt: number;
  fingerprint: string;
  /** By the container's name. */
  tries: ReadonlyMap<string, Tries>;
}

/** What was seen of a Pod, carried on to what it is now. */
export function nextRecord(previous: PodRecord | undefined, pod: Pod, now: number): PodRecord {
  const tries = new Map<string, Tries>();
  for (const { container, init, status } of everyContainer(pod)) {
    if (!status) continue;
    const before = previous?.tries.get(container.name);
    tries.set(container.name, nextTries(before, status, mustGoOn(pod, container, init), now));
  }
  const fingerprint = fingerprintOf(pod);
  const changed = previous?.fingerprint !== fingerprint;
  return {
    pod,
    firstSeenAt: previous?.firstSeenAt ?? now,
    changedAt: changed ? now : (previous?.changedAt ?? now),
    fingerprint,
    tries,
  };
}

/** What a reader would call a change; times and addresses are none. */
function fingerprintOf(pod: Pod): string {
  return JSON.stringify([
    pod.spec.nodeName,
    pod.status?.phase,
    pod.status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
    everyContainer(pod).map(({ status }) => [
      status?.ready,
      status?.started,
      status?.restartCount,
      Object.keys(status?.state ?? {}),
      status?.state?.waiting?.reason,
    ]),
  ]);
}
