import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, type KubeClient } from "../../kubernetes/client.ts";
import { InfrastructureError, messageOf } from "../../runner/errors.ts";
import type { Log, Step } from "../../runner/log.ts";
import { countOf, someOf } from "../../runner/words.ts";
import { deleteAll, release, unmark } from "./delete.ts";
import type { Evidence } from "./evidence.ts";
import { gather } from "./gather.ts";
import { discover, listAll, type Meta, title } from "./listing.ts";
import { isTracked } from "./ours.ts";
import { inParallel } from "./parallel.ts";
import { deletionsOf, phases, planCleanUp } from "./plan.ts";
import { readClaim, storeFindings } from "./record-content.ts";
import { stopArgoCd } from "./stop-argocd.ts";

export interface Bounds {
  /** For Argo CD's Pods to end by themselves. */
  stopMs: number;
  /** For finalizers to be served by those who set them. */
  patienceMs: number;
  /** For all deletions of one phase. */
  phaseMs: number;
  /** For an API server that does not answer at all. */
  silentMs: number;
  /** For everything; a pass that has begun is not cut off. */
  totalMs: number;
}

const defaultBounds: Bounds = {
  stopMs: 60_000,
  patienceMs: 20_000,
  phaseMs: 120_000,
  silentMs: 60_000,
  totalMs: 300_000,
};

const retryMs = 1_000;

/**
 * Takes everything from the cluster that a rehearsal brought, and nothing else; warns of what it changed and
 * cannot give back. Repeats itself until nothing is left, so it may be called again after it was broken off
 * (by `signal`, if it is given one). Throws InfrastructureError that names what is left when its time is over.
 */
export async function cleanUp(
  client: KubeClient,
  evidence: Evidence,
  log: Log,
  { signal, bounds = defaultBounds }: { signal?: AbortSignal; bounds?: Bounds } = {},
): Promise<void> {
  const told: Told = { changed: new Map(), unknown: new Map(), removed: 0 };
  const step = log.step("Cleaning up the cluster");
  try {
    await repeat(bounds, (deadline) => pass({ client, evidence, bounds, step, told, signal, deadline }));
  } catch (error) {
    step.failed();
    throw error;
  } finally {
    tell(log, told);
  }
  step.done(countOf(told.removed, "object"));
}

/** Until a pass leaves nothing, or time is over. An API server that is busy or restarting is asked again. */
async function repeat(bounds: Bounds, once: (deadline: number) => Promise<readonly Meta[]>): Promise<void> {
  const deadline = Date.now() + bounds.totalMs;
  let answered = Date.now();
  for (;;) {
    let left: readonly Meta[] = [];
    let failure: ApiError | undefined;
    try {
      left = await once(deadline);
      if (left.length === 0) return;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      failure = error;
    }
    if (failure?.status !== 0) answered = Date.now();
    if (Date.now() > deadline || Date.now() - answered > bounds.silentMs) throw incomplete(left, failure);
    await sleep(retryMs);
  }
}

interface Told {
  changed: Map<string, Meta>;
  unknown: Map<string, Meta>;
  removed: number;
}

interface Pass {
  client: KubeClient;
  evidence: Evidence;
  bounds: Bounds;
  step: Step;
  told: Told;
  signal: AbortSignal | undefined;
  deadline: number;
}

/** Once through all phases; gives what is ours and there at its end. */
async function pass(request: Pass): Promise<readonly Meta[]> {
  const { client, evidence, bounds, step, told, signal, deadline } = request;
  const look = async () => {
    const { resources } = await discover(client);
    const { objects } = await listAll(client, resources);
    await gather(client, objects, evidence, await readClaim(client));
    return { resources, objects };
  };
  step.update("looking at what there is");
  const first = await look();
  if (deletionsOf(planCleanUp(first.objects, evidence)).length > 0) await storeFindings(client, evidence);
  step.update("stopping Argo CD");
  await stopArgoCd(client, first.resources, evidence, bounds.stopMs);

  // Argo CD may have made more until it stopped.
  const { resources, objects } = await look();
  const plan = planCleanUp(objects, evidence);
  for (const object of plan.changed) told.changed.set(object.uid, object);
  // Nothing had that annotation before, and with it the next rehearsal would take it for another Argo CD's.
  await inParallel(
    plan.changed.filter((object) => isTracked(object, evidence)),
    (object) => unmark(client, object),
  );
  await storeFindings(client, evidence);
  const { definitions, namespaces } = evidence.findings;
  // Argo CD is gone, so the finalizers that it set are in nobody's hands: those of Applications and of hooks.
  const nobodys = [...deletionsOf(plan), ...plan.carried];
  await inParallel(nobodys, (object) => release(client, object, new Set()));
  const namespaced = resources.filter((resource) => resource.namespaced);
  for (const phase of phases) {
    signal?.throwIfAborted();
    const going = plan.deletions[phase.name];
    if (going.length === 0) continue;
    // Argo CD is gone, so its own finalizers are in nobody's hands.
    if (phase.name === "argocd") await inParallel(going, (object) => release(client, object, definitions));
    const left = await deleteAll(going, {
      client,
      definitions,
      namespaces,
      namespaced,
      patienceMs: phase.name === "argocd" ? 0 : bounds.patienceMs,
      boundMs: Math.max(bounds.patienceMs, Math.min(bounds.phaseMs, deadline - Date.now())),
      signal,
      onProgress: (count) => step.update(`${phase.title}: ${countOf(count, "object")} left`),
    });
    told.removed += going.length - left.length;
  }
  step.update("making sure that nothing is left");
  const last = planCleanUp((await look()).objects, evidence);
  for (const object of last.unknown) told.unknown.set(object.uid, object);
  return deletionsOf(last);
}

function incomplete(left: readonly Meta[], failure: unknown): Error {
  const fix =
    "See why with kubectl get -o yaml, and delete it by hand; the next rehearsal on this cluster tries again.";
  if (left.length === 0)
    return new InfrastructureError(`the cluster could not be cleaned up: ${messageOf(failure)}`, {
      cause: failure,
      fix,
    });
  const names = left.map(
    (object) =>
      title(object) + (object.finalizers.length > 0 ? ` (held by ${object.finalizers.join(", ")})` : ""),
  );
  return new InfrastructureError(
    `${countOf(left.length, "object")} of the rehearsal could not be deleted from the cluster: ${someOf(names, 10)}`,
    { fix },
  );
}

function tell(log: Log, { changed, unknown }: Told): void {
  if (changed.size > 0)
    log.warn(
      `${countOf(changed.size, "object")} existed before the rehearsal, which changed them; they stay as they are now: ${someOf([...changed.values()].map(title), 20)}`,
    );
  if (unknown.size > 0)
    log.info(
      `${countOf(unknown.size, "object")} appeared on the cluster meanwhile and cannot be told to be the rehearsal's; they stay: ${someOf([...unknown.values()].map(title), 20)}`,
    );
}
