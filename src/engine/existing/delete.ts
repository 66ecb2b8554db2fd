import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, type KubeClient } from "../../kubernetes/client.ts";
import { trackingAnnotation } from "./evidence.ts";
import { listAll, type Meta, pathOf, type Resource } from "./listing.ts";
import { orphanedFinalizers } from "./ours.ts";
import { inParallel } from "./parallel.ts";

export interface DeleteRequest {
  client: KubeClient;
  /** Names of CustomResourceDefinitions that go, too: who served their finalizers does. */
  definitions: ReadonlySet<string>;
  /** Namespaces that go as a whole: what holds these back is looked for. */
  namespaces: ReadonlySet<string>;
  /** Namespaced kinds, for that. */
  namespaced: readonly Resource[];
  /** How long finalizers are left to those who serve them. */
  patienceMs: number;
  /** How long all of it may take. */
  boundMs: number;
  signal: AbortSignal | undefined;
  /** Called as their number changes. */
  onProgress(left: number): void;
}

const pollMs = 500;

/**
 * Deletes objects and waits until they are gone, with what is in their namespaces. After some patience
 * finalizers go whose operators do. Gives what is left within the bound.
 */
export async function deleteAll(objects: readonly Meta[], request: DeleteRequest): Promise<Meta[]> {
  const { client, patienceMs, boundMs, signal } = request;
  const started = Date.now();
  let known = 0;
  await inParallel(objects, (object) => deleteOne(client, object));
  for (;;) {
    signal?.throwIfAborted();
    const left = await stillThere(client, objects);
    if (left.length === 0) return [];
    if (left.length !== known) request.onProgress(left.length);
    known = left.length;
    const passed = Date.now() - started;
    if (passed > patienceMs) {
      const within = left.some(({ resource }) => resource.kind === "Namespace")
        ? await heldBackIn(request)
        : [];
      await inParallel([...left, ...within], (object) => release(client, object, request.definitions));
    }
    if (passed > boundMs) return left;
    await sleep(pollMs);
  }
}

/** The very object, and no other that has come in its place. What is gone already is well. */
export async function deleteOne(client: KubeClient, object: Meta, graceSeconds?: number): Promise<void> {
  const { resource, namespace, name, uid } = object;
  await tolerating([404, 409], () =>
    client.request("DELETE", pathOf(resource, namespace, name), {
      type: "application/json",
      content: {
        apiVersion: "v1",
        kind: "DeleteOptions",
        propagationPolicy: "Background",
        preconditions: { uid },
        ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
      },
    }),
  );
}

async function stillThere(client: KubeClient, objects: readonly Meta[]): Promise<Meta[]> {
  const resources = [...new Map(objects.map(({ resource }) => [pathOf(resource), resource])).values()];
  const uids = new Set(objects.map(({ uid }) => uid));
  return (await listAll(client, resources)).objects.filter(({ uid }) => uids.has(uid));
}

async function heldBackIn({ client, namespaces, namespaced }: DeleteRequest): Promise<Meta[]> {
  const lists = await Promise.all(
    [...namespaces].map(async (namespace) => (await listAll(client, namespaced, namespace)).objects),
  );
  return lists.flat().filter(({ deleting, finalizers }) => deleting && finalizers.length > 0);
}

/** Takes away the finalizers that nobody serves any more. */
export async function release(
  client: KubeClient,
  object: Meta,
  definitions: ReadonlySet<string>,
): Promise<void> {
  const orphaned = orphanedFinalizers(object, definitions);
  if (orphaned.length === 0) return;
  const finalizers = object.finalizers.filter((finalizer) => !orphaned.includes(finalizer));
  await tolerating([404, 409, 422], () =>
    client.request("PATCH", pathOf(object.resource, object.namespace, object.name), {
      type: "application/merge-patch+json",
      content: { metadata: { uid: object.uid, resourceVersion: object.resourceVersion, finalizers } },
    }),
  );
}

/** Takes Argo CD's mark from an object that stays. */
export async function unmark(client: KubeClient, { resource, namespace, name, uid }: Meta): Promise<void> {
  await tolerating([404, 409], () =>
    client.request("PATCH", pathOf(resource, namespace, name), {
      type: "application/merge-patch+json",
      content: { metadata: { uid, annotations: { [trackingAnnotation]: null } } },
    }),
  );
}

async function tolerating(statuses: readonly number[], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ApiError) || !statuses.includes(error.status)) throw error;
  }
}
