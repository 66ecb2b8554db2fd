import { isMapping, list, type Mapping, mapping, mappings, text, texts } from "../../repository/untyped.ts";
import { below, canonical, type Fact, type Site, shown } from "./fact.ts";

/** Lists of an AppProject that permit. Only what holds a wildcard is security-relevant: the rest is its purpose. */
const permits = [
  "sourceRepos",
  "sourceNamespaces",
  "destinations",
  "clusterResourceWhitelist",
  "namespaceResourceWhitelist",
  "destinationServiceAccounts",
] as const;
/** Lists that forbid. */
const forbids = ["clusterResourceBlacklist", "namespaceResourceBlacklist", "signatureKeys"] as const;

/** What an AppProject permits without bounds, and what it forbids. `spec` may be that of a patch. */
export function projectFacts(name: string, spec: Mapping, site: Site): Fact[] {
  const owner = `AppProject ${name}`;
  const facts: Fact[] = [];
  const add = (kind: Fact["kind"], path: (string | number)[], part: string, says: string) =>
    facts.push({
      setting: "argocd-projects",
      kind,
      key: `${owner} ${path[0]} ${part}`,
      says: `${owner} ${says}`,
      owner,
      where: { file: site.file, line: below(site, ...path).line([]) },
    });
  for (const key of permits) {
    list(spec[key]).forEach((item, index) => {
      const words = wordsOf(item);
      if (words.some((word) => word.startsWith("!")))
        add(
          "restriction",
          [key, index],
          canonical(item),
          `no longer excludes ${shown(words.join(" "))} from ${key}`,
        );
      else if (words.some((word) => /[*?[\]{}]/.test(word)))
        add("grant", [key, index], canonical(item), `permits ${shown(words.join(" "))} in ${key}`);
    });
  }
  for (const key of forbids) {
    for (const item of list(spec[key]))
      add("restriction", [key], canonical(item), `no longer has ${shown(wordsOf(item).join(" "))} in ${key}`);
  }
  // An empty list of these forbids everything, none at all permits everything that stands in a namespace.
  if (Array.isArray(spec.namespaceResourceWhitelist))
    add("restriction", ["namespaceResourceWhitelist"], "", "no longer has a namespaceResourceWhitelist");
  if (spec.permitOnlyProjectScopedClusters === true)
    add("restriction", ["permitOnlyProjectScopedClusters"], "", "no longer permits only clusters of its own");
  if (isMapping(spec.orphanedResources)) {
    add("restriction", ["orphanedResources"], "", "no longer watches orphaned resources");
    for (const item of list(spec.orphanedResources.ignore))
      add("grant", ["orphanedResources", "ignore"], canonical(item), "ignores more orphaned resources");
  }
  for (const window of mappings(spec.syncWindows)) {
    const kind = text(window.kind) === "deny" ? "restriction" : "grant";
    const says = kind === "grant" ? "has another window for syncs" : "no longer has a window without syncs";
    add(kind, ["syncWindows"], canonical(window), says);
  }
  mappings(spec.roles).forEach((role, index) => {
    for (const policy of texts(role.policies)) {
      const line = policy.replaceAll(/\s*,\s*/g, ", ").trim();
      const kind = line.endsWith(", deny") ? "restriction" : "grant";
      add(
        kind,
        ["roles", index],
        line,
        kind === "grant" ? `has the policy "${shown(line)}"` : `no longer has the policy "${shown(line)}"`,
      );
    }
    for (const group of texts(role.groups))
      add(
        "grant",
        ["roles", index],
        `${text(role.name)} ${group}`,
        `gives the role ${text(role.name)} to ${shown(group)}`,
      );
  });
  return facts;
}

function wordsOf(item: unknown): string[] {
  if (typeof item === "string") return [item];
  return Object.values(mapping(item)).flatMap((value) => text(value) ?? []);
}
