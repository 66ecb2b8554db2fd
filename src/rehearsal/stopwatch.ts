import type { Timings } from "./verdict.ts";

type Moment = Exclude<keyof Timings, "total">;

/** Measures from when it was made. */
export function stopwatch(): { mark(moment: Moment): void; timings(): Timings } {
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
    timings: () => ({ ...moments, total: seconds() }),
  };
}
