import { examinePods, type LookAtPod } from "../../workloads/examine-group.ts";
import { type Cause, depthOf, type Failure, rankOf } from "../../workloads/failure.ts";
import { hasEnded, type Pod } from "../../workloads/objects.ts";
import type { PodRecord } from "../../workloads/pod-record.ts";
import type { Sightings } from "../../workloads/sightings.ts";

/** Why a Pod of Argo CD does not run. */
export interface Problem {
  record: PodRecord;
  reason: Cause;
}

/** What there is to say of a rollout that is not done. */
export interface Judgement {
  /** The problem at the root of the others, whether or not it stays. */
  problem: Problem | undefined;
  /** One at the root, once it is clear that it stays. */
  lasting: Problem | undefined;
}

/** Tells problems of Argo CD's Pods that pass from those that stay. */
export interface RolloutJudge {
  /** To be asked at every change; `now` in ms since the epoch. */
  judge(now: number): Judgement;
}

interface Suspicion {
  record: PodRecord;
  failure: Failure;
  since: number;
}

/**
 * A cluster that has just been made gets longer than one that a rehearsal has found at work: nodes become
 * ready, volumes are provisioned, a Job makes the Secret that a container waits for.
 */
const patienceMs = 60_000;
/** Components wait for one another by crashing, and the kubelet's pauses grow: this is about a minute. */
const manyFailures = 5;
/** The next try hides how the last one failed for about this long. */
const dormantMs = 12_000;

/** `isWaitedFor` says which Pods are Argo CD's. */
export function createRolloutJudge(sightings: Sightings, isWaitedFor: (pod: Pod) => boolean): RolloutJudge {
  /** Failures by their Pod and kind, until they have not been seen for a while. */
  const seen = new Map<string, { since: number; lastSeen: number }>();
  return {
    judge(now) {
      const records = [...sightings.pods()].filter(({ pod }) => isWaitedFor(pod));
      const looks = examinePods(sightings, records, now);
      const failing = looks
        .flatMap(({ look, record }) => {
          if (look.state !== "failing") return [];
          const key = `${record.pod.metadata.uid ?? record.pod.metadata.name} ${look.reason.code}`;
          const since = seen.get(key)?.since ?? now;
          seen.set(key, { since, lastSeen: now });
          return [{ record, failure: look, since }];
        })
        .toSorted((left, right) => rankOf(left.failure) - rankOf(right.failure));
      for (const [key, { lastSeen }] of seen) if (now - lastSeen >= dormantMs) seen.delete(key);
      const quietSince = quietSinceOf(looks);
      const root = Math.min(...failing.map(({ failure }) => depthOf(failure.reason)));
      // What has another problem as its reason may well pass with it.
      const lasting = failing.find(
        (each) => depthOf(each.failure.reason) === root && isFinal(each, quietSince, now),
      );
      return {
        problem: failing[0] && problemOf(failing[0]),
        lasting: lasting && problemOf(lasting),
      };
    },
  };
}

function problemOf({ record, failure }: Suspicion): Problem {
  return { record, reason: failure.reason };
}

/** Since when no Pod has made progress; undefined while one does. One that fails again and again makes none. */
function quietSinceOf(looks: readonly LookAtPod[]): number | undefined {
  if (looks.some(({ look }) => look.state === "working")) return undefined;
  const settled = looks.filter(({ look }) => look.state === "well" || look.state === "stuck");
  return Math.max(
    0,
    ...settled.map(({ record, changedAt }) => (changedAt > record.firstSeenAt ? changedAt : 0)),
  );
}

function isFinal(
  { failure: { reason, finality }, record, since }: Suspicion,
  quietSince: number | undefined,
  now: number,
): boolean {
  const hasBeenQuiet = quietSince !== undefined && now - Math.max(quietSince, since) >= patienceMs;
  switch (finality.when) {
    case "lasting":
      return now - since >= (reason.code === "image" ? finality.ms : Math.max(finality.ms, patienceMs));
    case "quiet":
      return hasBeenQuiet && reason.code !== "probe"; // one that is slow may still become ready
    case "tried":
      if (quietSince === undefined || finality.beganAt === undefined || finality.beganAt < quietSince)
        return false;
      return reason.code === "crash" || reason.code === "probe" ? hasOftenFailed(record) : hasBeenQuiet;
  }
}

/** Of a Job, each Pod is a try, and they have been counted. */
function hasOftenFailed({ pod, tries }: PodRecord): boolean {
  return hasEnded(pod) || [...tries.values()].some(({ failures }) => failures >= manyFailures);
}
