import type { Application, ResourceName } from "../../argocd/application.ts";
import { examinePods, unsettledUntil } from "../../workloads/examine-group.ts";
import { change, failing, type Look, rankOf } from "../../workloads/failure.ts";
import { examineClaim } from "../../workloads/volumes.ts";
import { hostRefusal } from "../host-guard/refusal.ts";
import type { Finality, Reason } from "../reason.ts";
import { type Inventory, type Member, resourcesOf } from "./inventory.ts";

/** What the Pods and claims of an Application say together. Times in ms since the epoch. */
export interface Assessment {
  /** The failure that decides, with the object of the Application that it is about. */
  failure: WorkloadFailure | undefined;
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

export interface WorkloadFailure {
  reason: Reason;
  finality: Finality;
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
    ...lookAtPods(inventory, members, now),
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

function lookAtPods({ sightings }: Inventory, members: readonly Member[], now: number): Seen[] {
  const resources = new Map(members.map(({ record, resource }) => [record, resource]));
  const records = [...resources.keys()];
  return examinePods(sightings, records, now).flatMap(({ record, ...seen }) => {
    const resource = resources.get(record);
    return resource ? [{ ...seen, resource }] : [];
  });
}

/** Where the API refuses to let a controller make its Pods: a quota, an admission, a ServiceAccount that is not there. */
function lookAtRefusals(
  { sightings }: Inventory,
  application: Application,
  members: readonly Member[],
): Seen[] {
  const present = new Set(members.map(({ resource }) => resource));
  return resourcesOf(application)
    .filter((resource) => !present.has(resource))
    .flatMap((resource) => {
      const refusal = sightings.refusalOf(resource);
      if (!refusal) return [];
      const said = (refusal.event.message ?? "").replace(
        /^Error creating: (?:pods "[^"]*" is forbidden: )?/,
        "",
      );
      const finality = { when: "tried", beganAt: refusal.seenAt } as const;
      const unwaived = hostRefusal(said);
      if (unwaived !== undefined) {
        const reason = { code: "rejected", class: "configuration", message: unwaived } as const;
        return [{ look: failing({ reason, finality }), resource, changedAt: 0 }];
      }
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
function lookAtClaims({ sightings }: Inventory, application: Application, now: number): Seen[] {
  return resourcesOf(application)
    .filter(({ kind, group = "" }) => kind === "PersistentVolumeClaim" && group === "")
    .flatMap((resource) => {
      const claim = sightings.claim(resource.namespace ?? "", resource.name);
      if (!claim || claim.status?.phase === "Bound") return [];
      const used = sightings.isUsed(claim);
      const events = sightings.eventsOf(claim).map(({ event }) => event);
      return [{ look: examineClaim(claim, events, { used }), resource, changedAt: now }];
    });
}
