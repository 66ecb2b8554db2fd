import type { Application, ResourceName } from "../../argocd/application.ts";
import type { Reason } from "../reason.ts";
import { outlivingMs } from "./crashes.ts";
import { examineEnded, examinePod, type PodRecord } from "./examine-pod.ts";
import { change, type Failure, failing, type Look } from "./failure.ts";
import { claimsUsedBy, type Inventory, type Member, resourcesOf } from "./inventory.ts";
import { hasEnded, type Pod } from "./objects.ts";
import { examineClaim } from "./volumes.ts";

/** What the Pods and claims of an Application say together. Times in ms since the epoch. */
export interface Assessment {
  /** The failure that decides, with the object of the Application that it is about. */
  failure: Failure | undefined;
  /** What has gone wrong so far with something that may yet go well. */
  hint: Reason | undefined;
  /** What it is doing. */
  detail: string | undefined;
  /** Whether anything of it is on its way. */
  working: boolean;
  /** When one of its Pods last changed that does not fail: one that fails again and again changes, too. */
  changedAt: number;
  /** Until when a container that was started again has to run on before that counts. */
  unsettledUntil: number;
}

/** Asked by the board. */
export interface Workloads {
  /** Undefined where it has neither Pods nor claims. */
  assess(application: Application, now: number): Assessment | undefined;
}

interface Seen {
  look: Look;
  resource: ResourceName;
  changedAt: number;
}

export function workloadsOf(inventory: Inventory): Workloads {
  return { assess: (application, now) => assess(inventory, application, now) };
}

function assess(inventory: Inventory, application: Application, now: number): Assessment | undefined {
  const members = inventory.podsOf(application);
  const seen = [
    ...[...Map.groupBy(members, controllerOf).values()].flatMap((group) =>
      lookAtGroup(inventory, group, now),
    ),
    ...lookAtClaims(inventory, application, now),
    ...lookAtRefusals(inventory, application, members),
  ];
  if (seen.length === 0) return undefined;
  const failures = seen.flatMap(({ look, resource }) =>
    look.state === "failing" ? [{ reason: { ...look.reason, resource }, finality: look.finality }] : [],
  );
  const going = seen.flatMap(({ look }) => (look.state === "working" ? [look] : []));
  const trying = seen.flatMap(({ look }) => (look.state === "trying" ? [look] : []));
  const stuck = seen.flatMap(({ look }) => (look.state === "stuck" ? [look] : []));
  return {
    failure: failures.toSorted((left, right) => rankOf(left) - rankOf(right))[0],
    hint: trying[0]?.hint ?? going.find(({ hint }) => hint !== undefined)?.hint,
    detail: (going[0] ?? trying[0] ?? stuck[0])?.detail,
    working: going.length > 0,
    changedAt: Math.max(
      0,
      ...seen
        .filter(({ look }) => look.state !== "failing" && look.state !== "trying")
        .map(({ changedAt }) => changedAt),
    ),
    unsettledUntil: Math.max(0, ...members.map(({ record }) => unsettledUntil(record))),
  };
}

/** What keeps a container from starting comes first: others may crash, or be found unready, for want of it. */
function rankOf({ reason, finality }: Failure): number {
  const open = finality.when === "tried" && finality.beganAt === undefined ? 10 : 0;
  if (reason.code === "probe") return open + 3;
  if (reason.code === "crash") return open + 2;
  return open + (reason.class === "change" ? 0 : 1);
}

function controllerOf({ record: { pod } }: Member): string {
  const owners = pod.metadata.ownerReferences ?? [];
  return (owners.find(({ controller }) => controller) ?? owners[0])?.uid ?? `${pod.metadata.uid}`;
}

/** The Pods of one controller, which replaces those that have ended. */
function lookAtGroup(inventory: Inventory, group: readonly Member[], now: number): Seen[] {
  const present = group.filter(({ record }) => record.pod.metadata.deletionTimestamp === undefined);
  const [first] = present;
  if (!first) return [];
  const { resource } = first;
  const live = present.filter(({ record }) => !hasEnded(record.pod));
  const failed = present
    .map(({ record }) => record)
    .filter(({ pod }) => pod.status?.phase === "Failed")
    .toSorted((left, right) => left.changedAt - right.changedAt);
  const isJob = first.record.pod.metadata.ownerReferences?.some(({ kind }) => kind === "Job") ?? false;
  const succeeded = present.some(({ record }) => record.pod.status?.phase === "Succeeded");
  const seen = live.map(({ record, resource }) => lookAt(inventory, record, resource, now));
  if (live.length === 0 && succeeded) return [{ look: { state: "well" }, resource, changedAt: 0 }];
  // A Job starts another Pod after each that fails; other controllers do so after an eviction.
  if (failed.length === 0 || (live.length > 0 && !isJob)) return seen;
  const retried = (first.record.pod.metadata.ownerReferences ?? []).length > 0;
  const changedAt = failed.at(-1)?.changedAt ?? 0;
  const ended: Seen = { look: examineEnded(failed, retried), resource, changedAt };
  const isHabit =
    ended.look.state === "failing" &&
    (ended.look.finality.when !== "tried" || ended.look.finality.beganAt !== undefined);
  return live.length === 0 || isHabit ? [...seen, ended] : seen;
}

function lookAt(inventory: Inventory, record: PodRecord, resource: ResourceName, now: number): Seen {
  const { pod } = record;
  const look = examinePod(
    record,
    { room: inventory.room, events: inventory.eventsOf(pod), claims: claimsOf(inventory, pod) },
    now,
  );
  return { look, resource, changedAt: record.changedAt };
}

function claimsOf(inventory: Inventory, pod: Pod): Look[] {
  return claimsUsedBy(pod).flatMap((name) => {
    const claim = inventory.claim(pod.metadata.namespace ?? "", name);
    return claim ? [examineClaim(claim, eventsOf(inventory, claim), { used: true })] : [];
  });
}

/** Where the API refuses to let a controller make its Pods: a quota, an admission, a ServiceAccount that is not there. */
function lookAtRefusals(inventory: Inventory, application: Application, members: readonly Member[]): Seen[] {
  const present = new Set(members.map(({ resource }) => resource));
  return resourcesOf(application)
    .filter((resource) => !present.has(resource))
    .flatMap((resource) => {
      const refusal = inventory.refusalOf(resource);
      if (!refusal) return [];
      const said = (refusal.event.message ?? "").replace(
        /^Error creating: (?:pods "[^"]*" is forbidden: )?/,
        "",
      );
      const finality = { when: "tried", beganAt: refusal.seenAt } as const;
      return [
        {
          look: failing(change("rejected", `its Pods are refused: ${said}`, finality)),
          resource,
          changedAt: 0,
        },
      ];
    });
}

/** Those that the Application itself declares. */
function lookAtClaims(inventory: Inventory, application: Application, now: number): Seen[] {
  return resourcesOf(application)
    .filter(({ kind, group = "" }) => kind === "PersistentVolumeClaim" && group === "")
    .flatMap((resource) => {
      const claim = inventory.claim(resource.namespace ?? "", resource.name);
      if (!claim || claim.status?.phase === "Bound") return [];
      const used = inventory.isUsed(claim);
      return [{ look: examineClaim(claim, eventsOf(inventory, claim), { used }), resource, changedAt: now }];
    });
}

function eventsOf(inventory: Inventory, claim: Parameters<Inventory["eventsOf"]>[0]) {
  return inventory.eventsOf(claim).map(({ event }) => event);
}

function unsettledUntil({ pod, tries }: PodRecord): number {
  if (hasEnded(pod) || pod.metadata.deletionTimestamp) return 0;
  return Math.max(
    0,
    ...[...tries.values()].map((each) =>
      each.restartedAt === undefined ? 0 : each.restartedAt + outlivingMs(each),
    ),
  );
}
