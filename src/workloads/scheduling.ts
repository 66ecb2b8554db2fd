import { countOf } from "../runner/words.ts";
import { change, type Failure, infrastructure } from "./failure.ts";
import { conditionOf, hasEnded, type Node, type Pod } from "./objects.ts";
import { formatQuantity, parseQuantity, requestOf } from "./quantity.ts";

export interface Room {
  nodes: readonly Node[];
  /** All Pods of the cluster. */
  pods: readonly Pod[];
}

/** Taints that Kubernetes itself puts on a node that is not well. */
const unwell =
  /^node\.(?:kubernetes\.io\/(?:disk-pressure|memory-pressure|pid-pressure|not-ready|unreachable|network-unavailable)|cloudprovider\.kubernetes\.io\/uninitialized)$/;
const builtIn = ["cpu", "memory", "ephemeral-storage", "pods"];
const fixedMs = 10_000;

/**
 * Why no node takes a Pod, from what the scheduler says (the plugins of pkg/scheduler/framework) and what
 * the nodes have. Undefined while the scheduler has not said so. A volume is another rule's business.
 */
export function scheduleFailure(pod: Pod, room: Room): Failure | undefined {
  const condition = conditionOf(pod.status, "PodScheduled");
  if (condition?.status !== "False" || condition.reason !== "Unschedulable") return undefined;
  // What preemption would have to do says nothing about why; nor does the number of nodes.
  const said = (condition.message ?? "").replace(/\s*preemption: .*$/s, "").trim();
  return (
    sickNode(said, room) ??
    shortage(pod, said, room) ??
    selection(pod, said, room) ??
    crowding(said, room) ??
    change("unschedulable", `no node takes it: ${said}`, { when: "quiet" })
  );
}

/** Whether the scheduler waits for a claim to be bound. */
export function waitsForClaim(pod: Pod): string | undefined {
  const { message = "" } = conditionOf(pod.status, "PodScheduled") ?? {};
  return /unbound immediate PersistentVolumeClaims|persistentvolumeclaim "[^"]*" (?:not found|is being deleted)|available persistent volumes to bind|non-existent pv/i.test(
    message,
  )
    ? message
    : undefined;
}

function sickNode(said: string, { nodes }: Room): Failure | undefined {
  if (!/taint|no nodes available/.test(said)) return undefined;
  const sick = nodes.find(({ spec }) => spec?.taints?.some(({ key }) => unwell.test(key)));
  const taint = sick?.spec?.taints?.find(({ key }) => unwell.test(key));
  if (!sick || !taint) return undefined;
  const kind = taint.key.split("/").at(-1);
  return infrastructure("machine", `node ${sick.metadata.name} takes no Pods: ${kind}`, {
    when: "lasting",
    ms: 45_000,
  });
}

function shortage(pod: Pod, said: string, room: Room): Failure | undefined {
  const short = [...said.matchAll(/Insufficient ([\w./-]+?)(?=[,.]?(?:\s|$))/g)].map(
    ([, resource = ""]) => resource,
  );
  const usable = room.nodes.filter(({ spec }) => !spec?.unschedulable);
  for (const resource of short) {
    const asks = requestOf(pod, resource);
    const largest = Math.max(0, ...usable.map((node) => parseQuantity(node.status?.allocatable?.[resource])));
    const amount = (value: number) => formatQuantity(resource, value);
    if (largest > 0 && asks > largest) {
      const message = `no node can ever take it: it requests ${amount(asks)} of ${resource}, and the largest node has ${amount(largest)}`;
      return change("unschedulable", message, { when: "lasting", ms: fixedMs });
    }
    if (largest === 0 && !builtIn.includes(resource))
      // A device plugin, which another Application may bring, would announce it.
      return change("unschedulable", `no node has any ${resource}, of which it requests ${amount(asks)}`, {
        when: "quiet",
      });
  }
  const [resource] = short;
  if (resource === undefined && !/Too many pods/.test(said)) return undefined;
  const full =
    resource === undefined
      ? `too many Pods on ${countOf(usable.length, "node")}`
      : fullness(pod, resource, usable, room);
  return infrastructure("unschedulable", `the cluster of this rehearsal is full: ${full}`, { when: "quiet" });
}

/** The numbers of the largest node: what it has, what is requested of it in total, what this one asks. */
function fullness(pod: Pod, resource: string, nodes: readonly Node[], { pods }: Room): string {
  const amount = (value: number) => formatQuantity(resource, value);
  const has = (node: Node) => parseQuantity(node.status?.allocatable?.[resource]);
  const [largest] = nodes.toSorted((left, right) => has(right) - has(left));
  if (!largest) return `not enough ${resource}`;
  const there = pods.filter(
    ({ spec, ...rest }) => spec.nodeName === largest.metadata.name && !hasEnded({ spec, ...rest }),
  );
  const requested = there.reduce((sum, other) => sum + requestOf(other, resource), 0);
  return `node ${largest.metadata.name} has ${amount(has(largest))} of ${resource}, of which ${countOf(there.length, "Pod")} request ${amount(requested)}; this one asks for ${amount(requestOf(pod, resource))}`;
}

function selection({ spec }: Pod, said: string, { nodes }: Room): Failure | undefined {
  if (/didn't match Pod's node affinity\/selector|didn't match the requested node name/.test(said)) {
    const selector = Object.entries(spec.nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`);
    const wanted = selector.length > 0 ? `its node selector ${selector.join(", ")}` : "its node affinity";
    // A label may be another Application's work (node-feature-discovery).
    return change("unschedulable", `no node matches ${wanted}: ${said}`, { when: "quiet" });
  }
  if (!/untolerated taint|had taints that the pod didn't tolerate/.test(said)) return undefined;
  const taints = nodes.flatMap(({ spec }) =>
    (spec?.taints ?? []).map(({ key, value, effect }) => `${key}${value ? `=${value}` : ""}:${effect}`),
  );
  const which = [...new Set(taints)].join(", ");
  return change(
    "unschedulable",
    `it does not tolerate the taints of the nodes${which ? ` (${which})` : ""}: ${said}`,
    {
      when: "quiet",
    },
  );
}

/** What asks for more nodes than a rehearsal has. */
function crowding(said: string, { nodes }: Room): Failure | undefined {
  if (!/anti-affinity|topology spread|free ports|max volume count|were unschedulable/.test(said))
    return undefined;
  const message = `no room beside the other Pods on the ${countOf(nodes.length, "node")} of this rehearsal: ${said}`;
  return infrastructure("unschedulable", message, { when: "quiet" });
}
