import type { ProtectedSetting } from "../../repository/protected-settings.ts";
import { isMapping, list, type Mapping } from "../../repository/untyped.ts";
import { configMapRules, type Mode } from "./config-map-rules.ts";
import { below, canonical, type Fact, isFalse, isTrue, parsedText, type Site, shown } from "./fact.ts";

/** What the entries of one of Argo CD's ConfigMaps say, wherever they are written. */
export function configMapFacts(configMap: string, data: Mapping, site: Site): Fact[] {
  const rules = configMapRules[configMap] ?? [];
  return Object.entries(data).flatMap(([key, value]) => {
    const found = rules.find(({ keys }) => keys.test(key));
    if (found?.setting === undefined) return [];
    return entryFacts(found.setting, found.mode, { owner: configMap, key, value, site: below(site, key) });
  });
}

export interface Entry {
  /** What it belongs to, such as `argocd-cm` or `repoServer`. */
  owner: string;
  key: string;
  value: unknown;
  site: Site;
}

/** What one entry says, by how it weakens something. */
export function entryFacts(setting: ProtectedSetting, mode: Mode, entry: Entry): Fact[] {
  const { owner, key, value, site } = entry;
  if (value === undefined || value === null || value === "") return [];
  const name = `${owner}: ${key}`;
  const where = { file: site.file, line: site.line([]) };
  const grant = (part: string, says: string): Fact => {
    return { setting, kind: "grant", key: `${name} ${part}`, says, owner, where };
  };
  const restriction = (part: string, says: string): Fact => {
    return { setting, kind: "restriction", key: `${name} ${part}`, says, owner, where };
  };
  switch (mode) {
    case "value":
      return [grant(canonical(value), `${name} is set`)];
    case "fixed":
      return [grant(canonical(value), `${name} is set`), restriction("", `${name} is taken away`)];
    case "options":
      return optionsOf(value).map((option) => grant(option, `${name} has ${shown(option)}`));
    case "list":
      return String(Array.isArray(value) ? value.join(",") : value)
        .split(",")
        .map((part) => part.trim())
        .filter((part) => part !== "")
        .map((part) => grant(part, `${name} has ${shown(part)}`));
    case "items":
      return itemsOf(value).map((item, index) =>
        grant(canonical(item), `${name} has the entry ${nameOf(item, index)}`),
      );
    case "policy":
      return String(value)
        .split("\n")
        .map((line) =>
          line
            .trim()
            .replaceAll(/\s*,\s*/g, ", ")
            .replaceAll(/\s+/g, " "),
        )
        .filter((line) => line !== "" && !line.startsWith("#"))
        .map((line) =>
          /, deny$/.test(line)
            ? restriction(line, `${name} no longer has "${shown(line)}"`)
            : grant(line, `${name} has "${shown(line)}"`),
        );
    case "if-true":
      return isFalse(value) ? [] : [grant("", `${name} is switched on`)];
    case "if-false":
      return isTrue(value) ? [] : [grant("", `${name} is switched off`)];
    case "while-true":
      return isTrue(value) ? [restriction("", `${name} is no longer switched on`)] : [];
    case "while-false":
      return isFalse(value) ? [restriction("", `${name} is no longer switched off`)] : [];
  }
}

/** `--load-restrictor LoadRestrictionsNone` is one, and the same as with `=`. */
function optionsOf(value: unknown): string[] {
  const options: string[] = [];
  for (const word of String(value).split(/\s+/).filter(Boolean)) {
    const last = options.at(-1);
    if (word.startsWith("-") || last === undefined || last.includes("=")) options.push(word);
    else options.splice(-1, 1, `${last}=${word}`);
  }
  return options;
}

/** The entries of a list or mapping, also of one that is written as text. */
export function itemsOf(value: unknown): unknown[] {
  const parsed = typeof value === "string" ? parsedText(value) : value;
  if (isMapping(parsed)) return Object.entries(parsed).map(([key, inner]) => ({ [key]: inner }));
  return Array.isArray(parsed) ? list(parsed) : [value];
}

/** By its name or first key: the rest may be long, or a secret. */
export function nameOf(item: unknown, index: number): string {
  if (typeof item === "string") return `"${shown(item.replace(/=.*/s, "=…"))}"`;
  if (!isMapping(item)) return `no. ${index + 1}`;
  const name = item.name ?? item.url ?? Object.keys(item)[0];
  return typeof name === "string" ? shown(name.replace(/\/\/[^@/]*@/, "//")) : `no. ${index + 1}`;
}
