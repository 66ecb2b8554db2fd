/** How long the board waits for what. Milliseconds. */
export interface Pace {
  /** An Application that is expected and not there has failed when its parent has been done for this long. */
  missingMs: number;
  /** Nobody counts as making progress who has not changed for this long. */
  stuckMs: number;
  /** After a failure the others get until there was no news, and none of them has changed, for this long. */
  patienceMs: number;
  /** However much changes: what passes or fails does so for the first time within this time of the last that did. */
  newsMs: number;
  /** A failure that another Application may heal is tried again at least once in this time. */
  quietMs: number;
  /** What Argo CD calls Degraded, and nothing else explains, has failed when it has lasted this long. */
  degradedMs: number;
  /** How long all must stay well before that counts, unless it is configured. */
  settleMs: number;
}

/** Where no container runs, what happens at all happens within seconds. */
export const simulatedPace = {
  missingMs: 6_000,
  stuckMs: 20_000,
  patienceMs: 15_000,
  newsMs: 60_000,
  quietMs: 8_000,
  degradedMs: 20_000,
  settleMs: 3_000,
} as const satisfies Pace;

/**
 * Where containers run. While a Pod is on its way its Application makes progress whatever the clock says
 * (workloads/assess.ts), so these bound only what no Pod shows.
 *
 * - stuck: an operator makes its first Pod, and a controller its next try, within a minute.
 * - patience: the kubelet's back-off after a second failure is 20 s, after a third 40 s.
 * - news: an image of a gigabyte takes three minutes on a GitHub runner, and nothing else may pass meanwhile.
 * - quiet: the kubelet tries a Pod again every 10 to 15 s, the scheduler within 10 s.
 * - degraded: a HorizontalPodAutoscaler is, until metrics of its Pods have been collected for a minute.
 * - settle: a program that does not find what it needs seldom takes longer than this to give up.
 */
export const containerPace = {
  missingMs: 15_000,
  stuckMs: 60_000,
  patienceMs: 45_000,
  newsMs: 240_000,
  quietMs: 25_000,
  degradedMs: 75_000,
  settleMs: 10_000,
} as const satisfies Pace;
