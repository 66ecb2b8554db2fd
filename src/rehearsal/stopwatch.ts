import type { Timings } from "./verdict.ts";

type Moment = Exclude<keyof Timings, "total">;

export interface Stopwatch {
  mark(moment: Moment): void;
  timings(): Timings;
  /** When it was made; ISO 8601, in UTC. */
  readonly startedAt: string;
}

/** Measures from when it was made. */
export function stopwatch(): Stopwatch {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 10) / 100;
  const moments: Record<Moment, number | undefined> = {
    clusterReady: undefined,
    argocdReady: undefined,
    applied: undefined,
    decided: undefined,
  };
  return {
    mark(moment) {
      moments[moment] = seconds();
    },
    startedAt: new Date(startedAt).toISOString(),
    timings: () => ({ ...moments, total: seconds() }),
  };
}
