import type { Application } from "../argocd/application.ts";
import { isOpen, type Tracked } from "./tracked.ts";

/** What can be shown of a rehearsal while it runs. */
export interface ProgressNode {
  key: string;
  name: string;
  kind: Tracked["kind"];
  state: "passed" | "progressing" | "waiting" | "failed" | "unseen";
  sync: string | undefined;
  health: string | undefined;
  detail: string | undefined;
  /** Undefined where nobody measured. */
  seconds: number | undefined;
  children: ProgressNode[];
}

/** The tree as it stands: each under the Application or ApplicationSet that brought it. */
export function snapshot(all: ReadonlyMap<string, Tracked>, now: number): ProgressNode[] {
  const nodes = new Map([...all.values()].map((tracked) => [tracked.key, nodeOf(tracked, now)]));
  const roots: ProgressNode[] = [];
  for (const [key, node] of nodes) {
    const parent = nodes.get(all.get(key)?.expectedBy ?? "");
    (parent && !bringsItself(key, all) ? parent.children : roots).push(node);
  }
  return roots;
}

/** Applications may bring each other in a circle, which has to be cut to be a tree. */
function bringsItself(key: string, all: ReadonlyMap<string, Tracked>): boolean {
  const seen = new Set<string>();
  for (let at = all.get(key)?.expectedBy; at !== undefined && !seen.has(at); at = all.get(at)?.expectedBy) {
    if (at === key) return true;
    seen.add(at);
  }
  return false;
}

function nodeOf(tracked: Tracked, now: number): ProgressNode {
  const status = tracked.object?.status as Application["status"];
  return {
    key: tracked.key,
    name: tracked.name,
    kind: tracked.kind,
    state: stateOf(tracked),
    sync: status?.sync?.status,
    health: status?.health?.status,
    detail: detailOf(tracked),
    seconds: ((tracked.passedAt ?? now) - tracked.firstSeenAt) / 1000,
    children: [],
  };
}

function stateOf(tracked: Tracked): ProgressNode["state"] {
  if (tracked.finding.state === "passed") return "passed";
  if (tracked.final) return "failed";
  if (tracked.object === undefined) return "unseen";
  return isOpen(tracked) ? "progressing" : "waiting";
}

function detailOf({ finding, final, waitsFor }: Tracked): string | undefined {
  if (finding.state === "passed") return undefined;
  if (final) return final.message;
  if (waitsFor.length > 0) return `waits for ${waitsFor.map((key) => key.split("/").at(-1)).join(", ")}`;
  if (finding.state === "suspect") return finding.reason.message;
  return finding.state === "progressing" ? finding.detail : "asking for a sync";
}
