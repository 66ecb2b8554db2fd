import { connect, type KubeClient } from "../../kubernetes/client.ts";
import { messageOf } from "../../runner/errors.ts";
import { asStep } from "../../runner/log.ts";
import type { Cluster, Engine, EngineRequest } from "../engine.ts";
import { checkAccess } from "./access.ts";
import { followApplications } from "./applications.ts";
import { cleanUp } from "./clean-up.ts";
import { type Evidence, noFindings } from "./evidence.ts";
import { claimNamespace, refuseArgoCd } from "./free.ts";
import { type Heartbeat, startHeartbeat } from "./heartbeat.ts";
import { takeInventory } from "./inventory.ts";
import { accessOf, loadKubeconfig, writeKubeconfig } from "./kubeconfig.ts";
import { listEverything } from "./listing.ts";
import { checkPermissions } from "./permissions.ts";
import { refuseProduction } from "./production.ts";
import { findReach } from "./reach.ts";
import { otherHolder, type RehearsalRecord, releaseRecord, takeRecord } from "./record.ts";
import { recordNamespace, storeEvidence } from "./record-content.ts";

/**
 * Any cluster that a kubeconfig leads to (kind, k3d, vcluster, a shared test cluster): whatever a rehearsal
 * brings into it goes again, and whatever else is in it stays.
 */
export const existingEngine: Engine = {
  name: "existing",
  async start({ settings, processes, log, signal }) {
    const { existing } = await settings("existing");
    const access = await accessOf(await loadKubeconfig(process.env), existing.context);
    if (!existing.named) refuseProduction(access);
    const kubeconfig = await writeKubeconfig(access, processes.folder);
    const client = connect(kubeconfig);
    const kubernetesVersion = await checkAccess(client, access, signal);
    await checkPermissions(client, access.context);
    const { server, proxied } = access;
    const mirror = await findReach({ mirror: existing.mirror, server, proxied, signal });
    const stay = await moveIn(client, { server, log, signal });
    let over = false;
    return {
      engine: "existing",
      kubeconfig,
      kubernetesVersion,
      lost: stay.lost,
      containers: { kind: "real", mirror },
      claim: (namespace) => claimNamespace(client, namespace),
      unexercised: [], // containers, networks, volumes and webhooks are the cluster's own
      async [Symbol.asyncDispose]() {
        if (!over) await stay.moveOut();
        over = true; // what failed may be tried again
      },
    } satisfies Cluster;
  },
};

interface Stay {
  lost: AbortSignal;
  moveOut(): Promise<void>;
}

type MoveIn = Pick<EngineRequest, "log" | "signal"> & { server: string };

/** Takes the cluster for one rehearsal, and notes what is in it. Leaves no trace where that fails. */
async function moveIn(client: KubeClient, { server, log, signal }: MoveIn): Promise<Stay> {
  const record = await takeClean(client, { server, log, signal });
  const heartbeat = startHeartbeat(client, { holder: record.holder, server });
  try {
    const evidence = await lookAround(client, record, { log, signal });
    const following = new AbortController();
    followApplications(client, evidence.findings, following.signal);
    return {
      lost: heartbeat.lost,
      moveOut: () => moveOut(client, { holder: record.holder, evidence, heartbeat, following, log }),
    };
  } catch (error) {
    heartbeat.stop();
    await releaseRecord(client).catch((failure: unknown) =>
      log.warn(`The namespace ${recordNamespace} stays in the cluster: ${messageOf(failure)}`),
    );
    throw error;
  }
}

/** Takes the record, and cleans up first what a rehearsal left that died. */
async function takeClean(client: KubeClient, { server, log, signal }: MoveIn): Promise<RehearsalRecord> {
  const record = await takeRecord(client, log, signal);
  if (!record.remains) return record;
  const heartbeat = startHeartbeat(client, { holder: record.holder, server });
  try {
    await cleanUp(client, record.remains, log, { signal }); // where it fails, the record stays for who tries again
  } finally {
    heartbeat.stop();
  }
  await releaseRecord(client);
  return await takeRecord(client, log, signal);
}

function lookAround(
  client: KubeClient,
  { since }: RehearsalRecord,
  { log, signal }: Pick<EngineRequest, "log" | "signal">,
): Promise<Evidence> {
  return asStep(log, "Looking at what is in the cluster", async () => {
    signal.throwIfAborted();
    const { objects, unlisted } = await listEverything(client);
    refuseArgoCd(objects);
    const evidence = { since, existed: takeInventory(objects), unlisted, findings: noFindings() };
    signal.throwIfAborted();
    await storeEvidence(client, evidence);
    signal.throwIfAborted();
    if (unlisted.length > 0)
      log.warn(
        `The cluster does not list these, so what a rehearsal makes of them stays: ${unlisted.join(", ")}`,
      );
    return evidence;
  });
}

/** Not under the rehearsal's signal: that has aborted where a clean-up is needed most. */
async function moveOut(
  client: KubeClient,
  stay: {
    holder: string;
    evidence: Evidence;
    heartbeat: Heartbeat;
    following: AbortController;
    log: EngineRequest["log"];
  },
): Promise<void> {
  const { holder, evidence, heartbeat, following, log } = stay;
  following.abort();
  try {
    const other = await otherHolder(client, holder);
    if (other !== undefined) {
      log.warn(`The cluster is held by ${other} now, and left to it to clean up.`);
      return;
    }
    await cleanUp(client, evidence, log);
  } finally {
    heartbeat.stop();
  }
  await releaseRecord(client);
}
