import { outlivingMs } from "./crashes.ts";
import { examineEnded, examinePod } from "./examine-pod.ts";
import { isUndecided, type Look } from "./failure.ts";
import { claimsUsedBy, hasEnded, type Pod } from "./objects.ts";
import type { PodRecord } from "./pod-record.ts";
import type { Sightings } from "./sightings.ts";
import { examineClaim } from "./volumes.ts";

/** What is said of a Pod, by itself or with those that it took the place of. */
export interface LookAtPod {
  look: Look;
  record: PodRecord;
  /** When it last changed, in ms since the epoch. */
  changedAt: number;
}

/** What Pods say, those of each controller together. */
export function examinePods(sightings: Sightings, records: readonly PodRecord[], now: number): LookAtPod[] {
  return [...Map.groupBy(records, controllerOf).values()].flatMap((group) =>
    examineGroup(sightings, group, now),
  );
}

function controllerOf({ pod }: PodRecord): string {
  const owners = pod.metadata.ownerReferences ?? [];
  return (owners.find(({ controller }) => controller) ?? owners[0])?.uid ?? `${pod.metadata.uid}`;
}

/** The Pods of one controller, which replaces those that have ended. */
function examineGroup(sightings: Sightings, group: readonly PodRecord[], now: number): LookAtPod[] {
  const present = group.filter(({ pod }) => pod.metadata.deletionTimestamp === undefined);
  const [first] = present;
  if (!first) return [];
  const live = present.filter(({ pod }) => !hasEnded(pod));
  const failed = present
    .filter(({ pod }) => pod.status?.phase === "Failed")
    .toSorted((left, right) => left.changedAt - right.changedAt);
  const owners = first.pod.metadata.ownerReferences ?? [];
  const isJob = owners.some(({ kind }) => kind === "Job");
  const succeeded = present.some(({ pod }) => pod.status?.phase === "Succeeded");
  const looks = live.map((record) => ({
    look: examine(sightings, record, now),
    record,
    changedAt: record.changedAt,
  }));
  if (live.length === 0 && succeeded) return [{ look: { state: "well" }, record: first, changedAt: 0 }];
  const last = failed.at(-1);
  // A Job starts another Pod after each that fails; other controllers do so after an eviction.
  if (!last || (live.length > 0 && !isJob)) return looks;
  const ended: LookAtPod = {
    look: examineEnded(failed, owners.length > 0),
    record: last,
    changedAt: last.changedAt,
  };
  const isHabit = ended.look.state === "failing" && !isUndecided(ended.look.finality);
  return live.length === 0 || isHabit ? [...looks, ended] : looks;
}

function examine(sightings: Sightings, record: PodRecord, now: number): Look {
  const { pod } = record;
  return examinePod(
    record,
    { room: sightings.room, events: sightings.eventsOf(pod), claims: claimsOf(sightings, pod) },
    now,
  );
}

function claimsOf(sightings: Sightings, pod: Pod): Look[] {
  return claimsUsedBy(pod).flatMap((name) => {
    const claim = sightings.claim(pod.metadata.namespace ?? "", name);
    const events = claim ? sightings.eventsOf(claim).map(({ event }) => event) : [];
    return claim ? [examineClaim(claim, events, { used: true })] : [];
  });
}

/** Until when (ms since the epoch) a container that was started again has to run on before that counts; else 0. */
export function unsettledUntil({ pod, tries }: PodRecord): number {
  if (hasEnded(pod) || pod.metadata.deletionTimestamp) return 0;
  return Math.max(
    0,
    ...[...tries.values()].map((each) =>
      each.restartedAt === undefined ? 0 : each.restartedAt + outlivingMs(each),
    ),
  );
}
