/** What was answered for other hosts. */
export interface VendorEvidence {
  served: readonly ServedArtefact[];
  refused: readonly RefusedArtefact[];
  /**
   * Sources whose list of versions was made from the cache alone: that a version is not in it proves nothing.
   * By the URL of the repository.
   */
  incomplete: readonly string[];
}

export interface ServedArtefact {
  /** `podinfo 6.14.1 of https://charts.example.org`. */
  what: string;
  from: "cache" | "upstream";
  /** Why the cache had to do, where upstream was to be asked. */
  why?: string | undefined;
  count: number;
}

export interface RefusedArtefact {
  /** `absent`: not in the cache, and upstream may not be asked. `changed`: its digest is not what it was. */
  kind: "absent" | "changed";
  /** What was asked for: `host[:port]/path`. */
  what: string;
  message: string;
  count: number;
}

/** Where it is written down as it happens. */
export interface VendorEvidenceLog {
  served(what: string, from: ServedArtefact["from"], why?: string): void;
  refused(kind: RefusedArtefact["kind"], what: string, message: string): void;
  incomplete(source: string): void;
  /** What was a list of the cache's own is one of upstream again. */
  complete(source: string): void;
  snapshot(): VendorEvidence;
}

export function createEvidenceLog(): VendorEvidenceLog {
  const served = new Map<string, ServedArtefact>();
  const refused = new Map<string, RefusedArtefact>();
  const incomplete = new Set<string>();
  const count = <T extends { count: number }>(map: Map<string, T>, item: Omit<T, "count">) => {
    const key = JSON.stringify(item);
    map.set(key, { ...item, count: (map.get(key)?.count ?? 0) + 1 } as T);
  };
  return {
    served: (what, from, why) => count(served, { what, from, why }),
    refused: (kind, what, message) => count(refused, { kind, what, message }),
    incomplete: (source) => void incomplete.add(source),
    complete: (source) => void incomplete.delete(source),
    snapshot: () => ({
      served: [...served.values()],
      refused: [...refused.values()],
      incomplete: [...incomplete],
    }),
  };
}
