import { setTimeout as sleep } from "node:timers/promises";
import type { KubeClient } from "../../kubernetes/client.ts";
import { deleteOne } from "./delete.ts";
import { type Evidence, isNew, partOfArgoCd } from "./evidence.ts";
import { keyOf } from "./inventory.ts";
import { listAll, type Meta, type Resource } from "./listing.ts";
import { inParallel } from "./parallel.ts";

const pollMs = 500;

/**
 * Ends Argo CD's own Pods, before anything else: it would make again what is deleted, or delete what is not
 * to be. A controller that manages itself puts back what it misses until its own Pod has gone, hence the loop.
 * Pods that do not go within `boundMs` are forced.
 */
export async function stopArgoCd(
  client: KubeClient,
  resources: readonly Resource[],
  evidence: Evidence,
  boundMs: number,
): Promise<void> {
  const workloads = resources.filter(({ kind }) => ["Deployment", "StatefulSet", "DaemonSet"].includes(kind));
  const pods = resources.filter(({ group, kind }) => group === "" && kind === "Pod");
  const { argocdNamespaces } = evidence.findings;
  const inOwn = async (kinds: readonly Resource[]) => {
    const lists = await Promise.all(
      [...argocdNamespaces].map((namespace) => listAll(client, kinds, namespace)),
    );
    return lists.flatMap(({ objects }) => objects).filter((object) => isNew(object, evidence, keyOf(object)));
  };
  const names = new Set<string>();
  const deadline = Date.now() + boundMs;
  for (;;) {
    const running = (await inOwn(workloads)).filter(({ labels }) => partOfArgoCd(labels));
    for (const { namespace, name } of running) names.add(`${namespace}/${name}`);
    await inParallel(running, (workload) => deleteOne(client, workload));
    const left = (await inOwn(pods)).filter((pod) => isPodOf(pod, names));
    if (left.length === 0 && running.length === 0) return;
    const late = Date.now() > deadline;
    if (late) await inParallel(left, (pod) => deleteOne(client, pod, 0));
    if (Date.now() > deadline + boundMs) return; // what is left shows in the end
    await sleep(pollMs);
  }
}

/** A Deployment's Pods belong to ReplicaSets, whose names begin with its own. */
function isPodOf({ namespace, controller }: Meta, workloads: ReadonlySet<string>): boolean {
  if (controller === undefined) return false;
  const owner = `${namespace}/${controller.name}`;
  return workloads.has(owner) || workloads.has(owner.slice(0, owner.lastIndexOf("-")));
}
