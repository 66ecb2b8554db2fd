import { UsageError } from "../../runner/errors.ts";

const production = new Set(["prod", "production", "prd", "live"]);
/** `non-prod` and `pre-prod` are said of what is none; `preprod` is a word of its own, and not in the list. */
const denials = new Set(["non", "not", "pre"]);

/**
 * The word in a name, an address or an ARN that says "production", as it is written there. Words end at
 * whatever is no letter, and where a capital begins the next (`acmeProd`, `PRODCluster`); so `products`,
 * `reproduce`, `olive` and `preprod` say nothing, and `prod-like` does.
 */
export function productionWord(name: string): string | undefined {
  const words = name.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+/gu) ?? [];
  return words.find(
    (word, index) =>
      production.has(word.toLowerCase()) && !denials.has((words[index - 1] ?? "").toLowerCase()),
  );
}

/** What a kubeconfig calls a cluster, and where it is. */
export interface ClusterNames {
  context: string;
  cluster: string;
  user: string;
  namespace: string | undefined;
  /** URL. */
  server: string;
}

/** Throws UsageError where any name of the cluster says that it is in production. */
export function refuseProduction(names: ClusterNames): void {
  const said: [what: string, name: string][] = [
    ["context", names.context],
    ["cluster", names.cluster],
    ["user", names.user],
    ["namespace", names.namespace ?? ""],
    ["server", hostOf(names.server)],
  ];
  for (const [what, name] of said) {
    const word = productionWord(name);
    if (word === undefined) continue;
    throw new UsageError(
      `context ${names.context} looks like production: its ${what} ${name} says "${word}"`,
      {
        fix: `Rehearse on another cluster. If this one is meant, name the context in the configuration: existing: { context: ${names.context} }.`,
      },
    );
  }
}

function hostOf(server: string): string {
  try {
    return new URL(server).hostname;
  } catch {
    return server;
  }
}
