import type { KubeObject } from "../kubernetes/client.ts";
import { type PodProblem, problemOf } from "./pod-problem.ts";

/** Follows Pods, and tells problems that pass from those that stay. */
export interface PodJudge {
  see(pod: KubeObject, deleted: boolean, now: number): void;
  /** The one at the root of the others, once it is clear that it stays. Times are in milliseconds. */
  lasting(now: number): PodProblem | undefined;
  /** The one at the root, whether or not it stays. */
  current(): PodProblem | undefined;
}

/**
 * How long a problem may pass by itself: the kubelet pulls again after 10, 20 and 40 s, nodes become ready,
 * volumes are provisioned, a Job makes the Secret that a container waits for. In the order in which one is
 * the reason for the others. What crashes is tried a number of times instead.
 */
const patienceMs: Record<PodProblem["kind"], number> = {
  image: 75_000,
  scheduling: 60_000,
  runtime: 60_000,
  configuration: 60_000,
  crash: Number.POSITIVE_INFINITY,
};
const order = Object.keys(patienceMs);

export function createPodJudge(): PodJudge {
  const problems = new Map<string, { problem: PodProblem; since: number }>();
  const byRoot = () =>
    [...problems.values()].sort(
      (left, right) => order.indexOf(left.problem.kind) - order.indexOf(right.problem.kind),
    );
  return {
    see(pod, deleted, now) {
      const { name } = pod.metadata;
      const before = problems.get(name);
      const problem = deleted ? undefined : problemOf(pod);
      if (!problem) problems.delete(name);
      else if (before?.problem.kind !== problem.kind) problems.set(name, { problem, since: now });
      else problems.set(name, { problem: withBestWords(problem, before.problem), since: before.since });
    },
    lasting(now) {
      // What has another problem as its reason may well pass with it.
      const [first] = byRoot();
      if (!first) return undefined;
      return byRoot().find(
        ({ problem, since }) =>
          problem.kind === first.problem.kind && (problem.final || now - since > patienceMs[problem.kind]),
      )?.problem;
    },
    current: () => byRoot()[0]?.problem,
  };
}

/** While it waits to pull again, the kubelet does not always say what the registry said. */
function withBestWords(problem: PodProblem, before: PodProblem): PodProblem {
  if (problem.container !== before.container || !/^Back-off/.test(problem.reason)) return problem;
  return { ...problem, reason: before.reason, final: problem.final || before.final };
}
