import type { KubeClient, KubeObject } from "../../kubernetes/client.ts";
import { watchKind } from "../../kubernetes/watch.ts";
import { ChangeError, InfrastructureError, messageOf } from "../../runner/errors.ts";
import { asStep, type Log, type Step } from "../../runner/log.ts";
import { createSightings } from "../../workloads/sightings.ts";
import { watchWhatRuns } from "../../workloads/watch.ts";
import { componentOf, templateOf } from "./pod-template.ts";
import { describe, errorOfDelay, errorOfProblem, shown } from "./rollout-error.ts";
import { createRolloutJudge, type Problem, type RolloutJudge } from "./rollout-judge.ts";
import { isPartOfArgoCd, isPodOfArgoCd, isRolledOut, refusal } from "./workload-state.ts";

export interface RolloutRequest {
  client: KubeClient;
  namespace: string;
  log: Log;
  signal: AbortSignal;
  /** 8 minutes by default. */
  timeoutMs?: number;
  /** Milliseconds since the epoch; only tests want another. */
  clock?: () => number;
}

/** Half a gigabyte of images over a slow line. */
const defaultTimeoutMs = 8 * 60_000;
/** The API server may have to learn of a quota, a ServiceAccount or a webhook first. */
const refusalPatienceMs = 30_000;
/** Nothing is asked of the API for it: it is how often the clock is looked at. */
const tickMs = 1_000;

const workloadKinds = [
  { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments" },
  { apiVersion: "apps/v1", kind: "StatefulSet", plural: "statefulsets" },
] as const;

/**
 * Waits until what Argo CD needs for Applications runs: its server, repo-server, controllers and Redis, not
 * Dex or notifications. Throws ChangeError where they crash or lack an object, and InfrastructureError where
 * the cluster does not run them (images, room, time) or `signal` says so.
 */
export async function waitForRollout(request: RolloutRequest): Promise<void> {
  const { client, namespace, log, signal, timeoutMs = defaultTimeoutMs, clock = Date.now } = request;
  await asStep(log, "Waiting for Argo CD to run", async (step) => {
    const workloads = await listWorkloads(client, namespace);
    const stopped = new AbortController();
    const changes = createChanges();
    const pods = followPods(request, changes.tell, stopped.signal);
    const refusedSince = new Map<string, number>();
    for (const kind of workloadKinds)
      watchKind(
        client,
        { ...kind, namespace },
        (workload, deleted) => {
          if (!deleted && isPartOfArgoCd(workload)) workloads.set(keyOf(workload), workload);
          else workloads.delete(keyOf(workload));
          changes.tell();
        },
        stopped.signal,
      );
    const deadline = clock() + timeoutMs;
    try {
      for (;;) {
        signal.throwIfAborted();
        const waiting = [...workloads.values()].filter((workload) => !isRolledOut(workload));
        if (waiting.length === 0) return;
        const now = clock();
        const { problem, lasting } = pods.judge(now);
        if (lasting) throw await errorOfProblem(request, lasting);
        throwIfRefused(waiting, refusedSince, now);
        if (now > deadline) {
          const what = `Argo CD did not run within ${timeoutMs / 60_000} minutes: ${describe(waiting)}`;
          throw await errorOfDelay(request, { what, waiting, problem });
        }
        tellProgress(step, workloads.size, waiting, problem);
        await changes.next(signal);
      }
    } finally {
      stopped.abort();
    }
  });
}

function tellProgress(
  step: Step,
  count: number,
  waiting: readonly KubeObject[],
  problem: Problem | undefined,
): void {
  const names = waiting.map(({ metadata }) => metadata.name).join(", ");
  const trouble = problem ? ` – ${problem.record.pod.metadata.name}: ${shown(problem.reason.message)}` : "";
  step.update(`${count - waiting.length} of ${count} run; still to come: ${names}${trouble}`);
}

/** Throws ChangeError where the parts are missing without which there is no Argo CD. */
async function listWorkloads(client: KubeClient, namespace: string): Promise<Map<string, KubeObject>> {
  const lists = await Promise.all(
    workloadKinds.map(({ apiVersion, kind }) => client.list(apiVersion, kind, namespace)),
  );
  const found = lists.flatMap(({ items }) => items).filter(isPartOfArgoCd);
  for (const component of ["repo-server", "application-controller"]) {
    if (!found.some((workload) => componentOf(templateOf(workload)) === component))
      throw new ChangeError(`the installation of Argo CD has no ${component} in namespace ${namespace}`, {
        fix: "Correct Argo CD's chart or values.",
      });
  }
  return new Map(found.map((workload) => [keyOf(workload), workload]));
}

function throwIfRefused(waiting: readonly KubeObject[], since: Map<string, number>, now: number): void {
  for (const workload of waiting) {
    const key = keyOf(workload);
    const message = refusal(workload);
    if (message === undefined) since.delete(key);
    else if (now - (since.get(key) ?? now) > refusalPatienceMs)
      throw new InfrastructureError(
        `the cluster lets no Pods be made for ${workload.metadata.name}: ${shown(message)}`,
      );
    else since.set(key, since.get(key) ?? now);
  }
}

/**
 * Runs `work`, which installs Argo CD, and ends it early once one of Argo CD's Pods shows that it never will
 * run: Helm itself waits minutes for the Jobs of a chart, and then says no more than that it did. Throws as
 * `waitForRollout`, and what `work` throws where the Pods do not explain it.
 */
export async function whileInstalling<T>(
  request: Omit<RolloutRequest, "log">,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, clock = Date.now } = request;
  const stopped = new AbortController();
  const hopeless = new AbortController();
  const changes = createChanges();
  const pods = followPods(request, changes.tell, stopped.signal);
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      const { lasting } = pods.judge(clock());
      if (lasting) return hopeless.abort(await errorOfProblem(request, lasting));
      await changes.next(stopped.signal);
    }
  })();
  watching.catch((error) => hopeless.abort(error));
  try {
    return await work(AbortSignal.any([signal, hopeless.signal]));
  } catch (error) {
    signal.throwIfAborted();
    hopeless.signal.throwIfAborted();
    if (!(error instanceof ChangeError && /timed out|deadline exceeded/i.test(messageOf(error)))) throw error;
    const { problem } = pods.judge(clock());
    throw await errorOfDelay(request, { what: shown(error.message), waiting: [], problem });
  } finally {
    stopped.abort();
  }
}

function followPods(
  { client, namespace, clock = Date.now }: Omit<RolloutRequest, "log">,
  onChange: () => void,
  signal: AbortSignal,
): RolloutJudge {
  const sightings = createSightings();
  // All of the cluster's: what other Pods take of a node explains why there is no room.
  watchWhatRuns(
    client,
    (kind, object, deleted) => {
      sightings.observe(kind, object, deleted, clock());
      if (object.metadata.namespace === namespace) onChange();
    },
    signal,
  );
  return createRolloutJudge(sightings, (pod) => pod.metadata.namespace === namespace && isPodOfArgoCd(pod));
}

/** Wakes one that waits for the next change, at the latest after a second. */
function createChanges(): { tell(): void; next(signal: AbortSignal): Promise<void> } {
  let wake: (() => void) | undefined;
  let changed = false;
  return {
    tell() {
      changed = true;
      wake?.();
    },
    async next(signal) {
      if (!changed && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, tickMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
          signal.addEventListener("abort", wake, { once: true });
        });
        if (wake) signal.removeEventListener("abort", wake);
        wake = undefined;
      }
      changed = false;
    },
  };
}

function keyOf({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.name}`;
}
