import { basename } from "node:path/posix";
import { isChartTemplate } from "../../repository/manifests.ts";
import type { ProtectedSetting } from "../../repository/protected-settings.ts";
import type { Tree } from "../../repository/tree.ts";
import { isMapping, text } from "../../repository/untyped.ts";
import { parseYamlFile } from "../../repository/yaml-documents.ts";
import { type Fact, siteOf } from "./fact.ts";
import { objectFacts } from "./object-facts.ts";
import { valuesFactsIn } from "./values-in.ts";

/** All that a commit says of Argo CD's security. */
export interface DeclaredSettings {
  facts: readonly Fact[];
  /** Whose restrictions would be missed: `AppProject apps`. */
  owners: ReadonlySet<string>;
  hasFile(path: string): boolean;
}

const readable = /\.(?:ya?ml|json)$|(?:^|\/)Kustomization$/;
/** What only becomes a manifest when it is rendered. */
const rendered = /\.(?:tpl|gotmpl|jsonnet|libsonnet)$/;
const interesting = /argo|\bconfigs["']?\s*:|repoServer|AppProject|ConfigManagementPlugin/i;
/** Of values that do not parse, the looks. */
const looksUnparsed = /^\s*["']?configs["']?\s*:/m;
const protectedWords: readonly (readonly [RegExp, ProtectedSetting])[] = [
  [/ConfigManagementPlugin/i, "argocd-plugins"],
  [/argocd\.argoproj\.io\/secret-type/, "argocd-credentials"],
  [/\bargocd-rbac-cm\b/, "argocd-rbac"],
  [/\bAppProject\b/, "argocd-projects"],
  [
    /\bargocd-(?:cm|cmd-params-cm|cmp-cm|ssh-known-hosts-cm|tls-certs-cm)\b|\brepoServer\b/,
    "argocd-settings",
  ],
];

/**
 * Reads what a commit declares, wherever it does: manifests, kustomizations, Applications and values files.
 * `values` are the files that are known to hold values of Argo CD's chart; others are told by their looks. What is
 * rendered first, and what does not parse, counts as a whole.
 */
export async function readSettings(tree: Tree, values: ReadonlySet<string>): Promise<DeclaredSettings> {
  const texts = new Map<string, string>();
  const paths = tree.files
    .map(({ path }) => path)
    .filter((path) => values.has(path) || mayMatter(tree, path));
  // However large: padding must not hide anything.
  for await (const [path, content] of tree.readAll(paths, { maxBytes: Number.POSITIVE_INFINITY })) {
    texts.set(path, content);
  }
  const facts: Fact[] = [];
  const owners = new Set<string>();
  for (const [file, content] of texts) {
    if (!values.has(file) && !interesting.test(content) && !interesting.test(file)) continue;
    if (isChartTemplate(tree, file) || rendered.test(file)) facts.push(...wholeFacts(file, content));
    else if (readable.test(file) || values.has(file))
      facts.push(...fileFacts(file, content, { texts, owners, known: values.has(file) }));
  }
  return { facts, owners, hasFile: (path) => tree.hasFile(path) };
}

/** Files that a ConfigMap may be generated from are text too. */
function mayMatter(tree: Tree, path: string): boolean {
  return (
    readable.test(path) ||
    rendered.test(path) ||
    isChartTemplate(tree, path) ||
    /\.(?:csv|lua|env|properties|txt)$|known_hosts$/.test(path)
  );
}

function fileFacts(
  file: string,
  content: string,
  { texts, owners, known }: { texts: ReadonlyMap<string, string>; owners: Set<string>; known: boolean },
): Fact[] {
  return parseYamlFile(content).flatMap((document) => {
    const { value, errors } = document;
    if (errors.length > 0) return wholeFacts(file, content, known || looksUnparsed.test(content));
    if (!isMapping(value)) return [];
    const site = siteOf(file, document);
    const kind = text(value.kind);
    const objects = (object: typeof value, where: typeof site) => {
      if (object.kind === "AppProject" && isMapping(object.metadata))
        owners.add(`AppProject ${object.metadata.name}`);
      return objectFacts(object, where, texts);
    };
    if (/^kustomization\.ya?ml$|^Kustomization$/.test(basename(file)))
      return objects({ ...value, kind: kind ?? "Kustomization" }, site);
    // Values stay values, whatever else they claim to be.
    return [
      ...(kind === undefined ? [] : objects(value, site)),
      ...valuesFactsIn(value, site, known, objects),
    ];
  });
}

/** Without its comments and indentation, a text is one fact for each of the settings that it speaks of. */
function wholeFacts(file: string, content: string, always = false): Fact[] {
  const found = new Map<ProtectedSetting, number>();
  for (const [words, setting] of protectedWords) {
    const at = words.exec(content)?.index;
    if (at !== undefined) found.set(setting, content.slice(0, at).split("\n").length);
  }
  if (always && found.size === 0) found.set("argocd-settings", 1);
  const key = content
    .split("\n")
    .map((line) => line.trim().replaceAll(/\s+/g, " "))
    .filter((line) => line !== "" && !line.startsWith("#"))
    .join("\n");
  return [...found].map(([setting, line]) => ({
    setting,
    kind: "grant",
    key: `${basename(file)} ${key}`,
    says: "what this file makes is not known before it is rendered",
    owner: file,
    where: { file, line },
  }));
}
