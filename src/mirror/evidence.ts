import type { Evidence, Forward, ServedFetch, Tunnel } from "./mirror.ts";

/** Where the mirror writes down what it does, as it does it. */
export interface EvidenceLog {
  served(fetch: ServedFetch): void;
  tunnel(host: string, outcome: Tunnel["outcome"], reason?: string): void;
  /** `outcome` is the status of the answer, or why there was none. */
  forwarded(url: string, outcome: number | string): void;
  snapshot(): Evidence;
}

export function createEvidenceLog(): EvidenceLog {
  const fetches: ServedFetch[] = [];
  const tunnels = new Map<string, Tunnel>();
  const forwards = new Map<string, Forward>();
  return {
    served: (fetch) => {
      fetches.push(fetch);
    },
    tunnel(host, outcome, wholeReason) {
      const reason = wholeReason?.replace(/\s*\n\s*/g, " ");
      const key = [host, outcome, reason].join(" ");
      tunnels.set(key, { host, outcome, reason, count: (tunnels.get(key)?.count ?? 0) + 1 });
    },
    forwarded(url, outcome) {
      const key = `${url} ${outcome}`;
      const count = (forwards.get(key)?.count ?? 0) + 1;
      const result = typeof outcome === "number" ? { status: outcome } : { reason: outcome };
      forwards.set(key, { url, ...result, count });
    },
    snapshot: () => ({
      fetches: [...fetches],
      tunnels: [...tunnels.values()],
      forwards: [...forwards.values()],
    }),
  };
}
