import type { Cluster } from "../../engine/engine.ts";
import type { KubeClient } from "../../kubernetes/client.ts";
import { asStep, type Log } from "../../runner/log.ts";
import { type HostGuard, setUpHostGuard } from "./host-guard.ts";

export interface GuardClusterRequest {
  cluster: Cluster;
  client: KubeClient;
  /** From the base, as `namespace/name`. */
  waivers: readonly string[];
  argocdNamespace: string;
  log: Log;
  signal: AbortSignal;
}

/**
 * Guards the machine below a cluster, which outlives the rehearsal. Undefined where no container ever runs.
 * Throws InfrastructureError where the cluster cannot be guarded, and UsageError for a waiver that is none.
 */
export async function guardCluster(request: GuardClusterRequest): Promise<HostGuard | undefined> {
  const { cluster, client, waivers, argocdNamespace, log, signal } = request;
  if (cluster.containers.kind === "none") return undefined;
  return asStep(log, "Guarding this machine", async () => {
    await cluster.claim?.(argocdNamespace);
    const shared = cluster.claim !== undefined;
    return setUpHostGuard({ client, waivers, argocdNamespace, shared, signal });
  });
}

/** The same cluster, which is lost as well when its guard is. */
export function underGuard(cluster: Cluster, guard: HostGuard | undefined): Cluster {
  return guard === undefined ? cluster : { ...cluster, lost: AbortSignal.any([cluster.lost, guard.lost]) };
}

/** For the reader of a verdict. */
export function guardNote(waivers: readonly string[]): string {
  const but = waivers.length === 0 ? "" : `, but for what the base waives: ${waivers.join(", ")}`;
  return `The machine outlives this rehearsal, so workloads that reach it were refused${but}.`;
}
