import { ApiError, type KubeClient } from "../../kubernetes/client.ts";
import type { Log } from "../../runner/log.ts";
import type { OwnerReference } from "../../workloads/objects.ts";
import { watchWhatRuns } from "../../workloads/watch.ts";
import type { Inventory, UnknownOwner } from "./inventory.ts";

const lookUpMs = 500;
const againMs = 5_000;
const atOnce = 20;

export interface WatchOptions {
  client: KubeClient;
  inventory: Inventory;
  log: Log;
  signal: AbortSignal;
}

/**
 * Tells the inventory of Pods, claims, nodes and the events that explain them, and of the owners between
 * Pods and what Applications list, until `signal` aborts. Never throws: what cannot be read is missing
 * from a reason, and the wait goes on without it.
 */
export function watchWorkloads({ client, inventory, log, signal }: WatchOptions): void {
  watchWhatRuns(
    client,
    (kind, object, deleted) => inventory.observe(kind, object, deleted, Date.now()),
    signal,
  );
  const askedAt = new Map<string, number>();

  async function lookUp(owner: UnknownOwner): Promise<void> {
    askedAt.set(owner.uid, Date.now());
    try {
      const object = await client.read(owner);
      // One that is gone leads nowhere any more; its Pods follow it.
      inventory.observeOwner(owner.uid, (object?.metadata.ownerReferences ?? []) as OwnerReference[]);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      log.debug(`owner ${owner.kind} ${owner.name}: ${error.message}`);
      if (error.status === 403) inventory.observeOwner(owner.uid, []);
    }
  }

  const timer = setInterval(() => {
    const now = Date.now();
    const due = inventory.unknownOwners().filter(({ uid }) => now - (askedAt.get(uid) ?? 0) >= againMs);
    for (const owner of due.slice(0, atOnce)) void lookUp(owner).catch(() => undefined);
  }, lookUpMs);
  timer.unref();
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  if (signal.aborted) clearInterval(timer);
}
