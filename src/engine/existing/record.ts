import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, type KubeClient } from "../../kubernetes/client.ts";
import { InfrastructureError, UsageError } from "../../runner/errors.ts";
import type { Log } from "../../runner/log.ts";
import { type Evidence, noFindings } from "./evidence.ts";
import { readIfThere } from "./read.ts";
import { owner, readEvidence, recordNamespace } from "./record-content.ts";

const bootAnnotation = "gitops-rehearsal/boot";
const namespacePath = `/api/v1/namespaces/${recordNamespace}`;
const leasesPath = `/apis/coordination.k8s.io/v1/namespaces/${recordNamespace}/leases`;
const leasePath = `${leasesPath}/rehearsal`;

/** How often a rehearsal says that it lives, and how long it may be silent. */
export const renewMs = 5_000;
const silentMs = 60_000;
/** How long a silent one is watched, whose clock may be another. */
const watchedMs = 3 * renewMs;
/** A namespace with a handful of objects goes in seconds. */
const goneMs = 120_000;
const pollMs = 500;

interface Lease {
  metadata: {
    name: string;
    resourceVersion: string;
    creationTimestamp: string;
    annotations?: Record<string, string>;
  };
  spec: { holderIdentity?: string; renewTime?: string };
}

export interface RehearsalRecord {
  /** `pid@host`, and what tells two rehearsals of one process apart. */
  readonly holder: string;
  /** When it began: ms since 1970 by the API server's clock. */
  readonly since: number;
  /** What a rehearsal before this one left, that died; undefined where there is nothing to clean up. */
  readonly remains: Evidence | undefined;
}

/**
 * Takes the cluster for this rehearsal. Throws UsageError where another one is running on it.
 */
export async function takeRecord(
  client: KubeClient,
  log: Log,
  signal: AbortSignal,
): Promise<RehearsalRecord> {
  const holder = `${process.pid}@${hostname()} ${randomBytes(4).toString("hex")}`;
  const deadline = Date.now() + goneMs;
  for (;;) {
    signal.throwIfAborted();
    const namespace = await createNamespace(client);
    if (namespace !== "going") {
      const lease = await createLease(client, holder).catch(async (error: unknown) => {
        if (namespace === "created") await client.request("DELETE", namespacePath).catch(() => undefined);
        throw error;
      });
      if (lease) return { holder, since: Date.parse(lease.metadata.creationTimestamp), remains: undefined };
      const other = await readIfThere<Lease>(client, leasePath);
      if (other) return await takeOver(client, other, { holder, log, signal });
    }
    if (Date.now() > deadline)
      throw new InfrastructureError(`namespace ${recordNamespace} is being deleted, and does not go`, {
        fix: `See what kubectl get namespace ${recordNamespace} -o yaml says.`,
      });
    await sleep(pollMs, undefined, { signal });
  }
}

/** `going` where one is being deleted, and has to be waited for. */
async function createNamespace(client: KubeClient): Promise<"created" | "there" | "going"> {
  const created = await create(client, "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: recordNamespace, labels: owner },
  });
  if (created) return "created";
  const there = await readIfThere<Lease>(client, namespacePath);
  const { deletionTimestamp, labels } = (there?.metadata ?? {}) as {
    deletionTimestamp?: string;
    labels?: Record<string, string>;
  };
  if (there === undefined || deletionTimestamp !== undefined) return "going";
  if (labels?.["app.kubernetes.io/managed-by"] !== owner["app.kubernetes.io/managed-by"])
    throw new UsageError(`the cluster has a namespace ${recordNamespace} that is not Rehearsal's`, {
      fix: "Rename it, or rehearse on another cluster.",
    });
  return "there";
}

async function createLease(client: KubeClient, holder: string): Promise<Lease | undefined> {
  const now = microTime();
  return (await create(client, leasesPath, {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "rehearsal", labels: owner, annotations: { [bootAnnotation]: bootId() } },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: silentMs / 1000,
      acquireTime: now,
      renewTime: now,
    },
  })) as Lease | undefined;
}

/** Undefined where it is there already, or its namespace is about to go. */
async function create(client: KubeClient, path: string, content: unknown): Promise<unknown> {
  try {
    return await client.request("POST", path, { type: "application/json", content });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const going = error.status === 404 || (error.status === 403 && /being terminated/.test(error.message));
    if (error.status === 409 || going) return undefined;
    throw error;
  }
}

async function takeOver(
  client: KubeClient,
  lease: Lease,
  { holder, log, signal }: { holder: string; log: Log; signal: AbortSignal },
): Promise<RehearsalRecord> {
  const { holderIdentity = "somebody" } = lease.spec;
  if (!(await isDead(client, lease, log, signal)))
    throw new UsageError(`another rehearsal is running on this cluster: ${holderIdentity}`, {
      fix: "Wait until it has ended, or give each a vcluster, kind or k3d cluster of its own.",
    });
  try {
    await client.request("PATCH", leasePath, {
      type: "application/merge-patch+json",
      content: {
        // Fails where somebody else was faster.
        metadata: {
          resourceVersion: lease.metadata.resourceVersion,
          annotations: { [bootAnnotation]: bootId() },
        },
        spec: { holderIdentity: holder, renewTime: microTime() },
      },
    });
  } catch (error) {
    if (error instanceof ApiError && (error.status === 409 || error.status === 404))
      throw new UsageError("another rehearsal is about to begin on this cluster", {
        cause: error,
        fix: "Wait until it has ended.",
      });
    throw error;
  }
  const since = Date.parse(lease.metadata.creationTimestamp);
  log.info(
    `The rehearsal of ${holderIdentity}, begun ${new Date(since).toISOString()}, has died on this cluster.`,
  );
  return { holder, since, remains: (await readEvidence(client, since)) ?? emptyEvidence(since) };
}

/** Died before it had installed anything: nothing but the record itself is left. */
function emptyEvidence(since: number): Evidence {
  return {
    since,
    existed: { size: 0, has: () => true, encode: () => Buffer.alloc(0) },
    unlisted: [],
    findings: noFindings(),
  };
}

/** Of a process on this very machine that is known at once; otherwise it has to be silent while we look. */
async function isDead(client: KubeClient, lease: Lease, log: Log, signal: AbortSignal): Promise<boolean> {
  const { holderIdentity = "", renewTime = "" } = lease.spec;
  const [, pid, host] = /^(\d+)@(\S+)/.exec(holderIdentity) ?? [];
  const here = host === hostname() && lease.metadata.annotations?.[bootAnnotation] === bootId();
  if (here && !isAlive(Number(pid))) return true;
  if (Date.now() - Date.parse(renewTime) < silentMs) return false;
  log.info(
    `Whether the rehearsal of ${holderIdentity} on this cluster still lives shows within ${watchedMs / 1000} s.`,
  );
  await sleep(watchedMs, undefined, { signal });
  const now = await readIfThere<Lease>(client, leasePath);
  return now?.metadata.resourceVersion === lease.metadata.resourceVersion;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Says that this rehearsal lives. Throws InfrastructureError where the record is no longer its own. */
export async function renew(client: KubeClient, holder: string): Promise<void> {
  let lease: Lease;
  try {
    lease = (await client.request("PATCH", leasePath, {
      type: "application/merge-patch+json",
      content: { spec: { renewTime: microTime() } },
    })) as Lease;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) throw taken("nobody");
    throw error;
  }
  if (lease.spec.holderIdentity !== holder) throw taken(lease.spec.holderIdentity ?? "nobody");
}

/** The record of this rehearsal is another's now. */
export class RecordTaken extends InfrastructureError {}

function taken(by: string): RecordTaken {
  return new RecordTaken(
    `this rehearsal's record on the cluster (namespace ${recordNamespace}) was taken away; now it is held by ${by}`,
  );
}

/** Who holds the cluster, if that is not this rehearsal. */
export async function otherHolder(client: KubeClient, holder: string): Promise<string | undefined> {
  const lease = await readIfThere<Lease>(client, leasePath);
  return lease === undefined || lease.spec.holderIdentity === holder ? undefined : lease.spec.holderIdentity;
}

/** Gives the cluster back. Throws InfrastructureError where the record does not go. */
export async function releaseRecord(client: KubeClient): Promise<void> {
  const deadline = Date.now() + goneMs;
  for (;;) {
    try {
      await client.request("DELETE", namespacePath);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return;
      if (!(error instanceof ApiError) || Date.now() > deadline) throw error;
    }
    if (Date.now() > deadline)
      throw new InfrastructureError(`namespace ${recordNamespace} is being deleted, and does not go`);
    await sleep(pollMs);
  }
}

/** Tells machines with one host name apart; empty where the system does not tell. */
function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

/** RFC 3339 with microseconds, as a Lease demands. */
function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}
