import type { ProgressNode } from "../rehearsal/snapshot.ts";
import type { ApplicationState, Verdict } from "../rehearsal/verdict.ts";

/** Deeper trees are drawn flat: an indentation of any depth would be a matter of the square of it. */
const deepest = 12;

const states: Record<ApplicationState, ProgressNode["state"]> = {
  passed: "passed",
  failed: "failed",
  waiting: "waiting",
  unfinished: "progressing",
  missing: "failed",
};

/** The tree as it stood at the end: each under the Application or ApplicationSet that brought it. */
export function verdictTree(verdict: Verdict): ProgressNode[] {
  const nodes = nodesOf(verdict);
  const byName = new Map(nodes.map((entry) => [entry.node.name, entry]));
  const roots: ProgressNode[] = [];
  for (const { node, parent } of nodes) {
    const above = parent === undefined ? undefined : byName.get(parent);
    const flat = above === undefined || !endsAtRoot(parent, byName);
    (flat ? roots : above.node.children).push(node);
  }
  return roots;
}

interface Entry {
  node: ProgressNode;
  parent: string | undefined;
}

/** Not where they bring each other in a circle. */
function endsAtRoot(parent: string | undefined, byName: ReadonlyMap<string, Entry>): boolean {
  let at = parent;
  for (let depth = 0; depth < deepest; depth++) {
    if (at === undefined) return true;
    at = byName.get(at)?.parent;
  }
  return false;
}

function nodesOf({ applications, applicationSets }: Verdict): Entry[] {
  // An ApplicationSet comes last, so that it is the one found where an Application has its name.
  return [
    ...applications.map(({ namespace, name, state, reason, waitsFor, parent, sync, health, seconds }) => ({
      parent,
      node: {
        ...nodeOf("Application", {
          namespace,
          name,
          state,
          detail: reason?.message ?? (waitsFor.length > 0 ? `waits for ${waitsFor.join(", ")}` : undefined),
        }),
        ...{ sync, health, seconds },
      },
    })),
    ...applicationSets.map(({ namespace, name, state, reason, parent }) => ({
      parent,
      node: nodeOf("ApplicationSet", { namespace, name, state, detail: reason?.message }),
    })),
  ];
}

function nodeOf(
  kind: ProgressNode["kind"],
  part: { namespace: string; name: string; state: ApplicationState; detail: string | undefined },
): ProgressNode {
  const { namespace, name, detail } = part;
  return {
    key: `${kind}/${namespace}/${name}`,
    ...{ name, kind, detail, state: states[part.state] },
    ...{ sync: undefined, health: undefined, seconds: undefined, children: [] },
  };
}
