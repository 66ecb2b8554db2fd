import { basename, dirname, join } from "node:path/posix";
import type { Place } from "../runner/errors.ts";
import { inside, type Tree } from "./tree.ts";
import { isMapping, list, type Mapping, mapping, mappings, text, texts } from "./untyped.ts";
import { parseYamlFile, type YamlDocument } from "./yaml-documents.ts";

/** A folder's kustomization, as far as it says which files of the repository it uses. */
export interface Kustomization {
  file: string;
  /** Files and folders of this repository that it includes, from the top. */
  includes: readonly string[];
  /** What it includes from elsewhere, as written. */
  remote: readonly string[];
  /** Files with parts of objects, from the top. They are no manifests of their own. */
  patches: readonly string[];
  helmCharts: readonly InflatedChart[];
}

/** An entry of `helmCharts`. */
export interface InflatedChart {
  name: string;
  repository: string | undefined;
  version: string | undefined;
  release: string | undefined;
  namespace: string | undefined;
  /** From the top, in the order in which they are merged. */
  valuesFiles: readonly string[];
  valuesInline: Mapping | undefined;
  place: Place & { file: string; line: number };
}

/** Kustomizations by folder ("" for the top). */
export type Kustomizations = ReadonlyMap<string, Kustomization>;

const kustomizationFile = /^(?:kustomization\.ya?ml|Kustomization)$/;

/** Reads every kustomization of a commit. One that does not parse includes nothing. */
export async function readKustomizations(tree: Tree): Promise<Kustomizations> {
  const files = tree.files.map((file) => file.path).filter((path) => kustomizationFile.test(basename(path)));
  const found = new Map<string, Kustomization>();
  for await (const [file, content] of tree.readAll(files)) {
    const folder = dirname(file) === "." ? "" : dirname(file);
    const [document] = parseYamlFile(content);
    if (document) found.set(folder, readKustomization(file, folder, document));
  }
  return found;
}

/** The files that a folder's kustomization reaches, through bases and components, at any depth. */
export function reachedFiles(folder: string, kustomizations: Kustomizations): ReadonlySet<string> {
  const reached = new Set<string>();
  const visited = new Set<string>();
  const queue = [folder];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (visited.has(next)) continue;
    visited.add(next);
    for (const path of kustomizations.get(next)?.includes ?? []) {
      if (kustomizations.has(path)) queue.push(path);
      else reached.add(path);
    }
  }
  return reached;
}

function readKustomization(file: string, folder: string, document: YamlDocument): Kustomization {
  const content = mapping(document.value);
  const local = (paths: readonly string[]) =>
    paths.flatMap((path) => (isRemote(path) ? [] : (inside(join(folder, path)) ?? [])));
  const patchPaths = [...mappings(content.patches), ...mappings(content.patchesJson6902)].flatMap(
    (patch) => text(patch.path) ?? [],
  );
  const included = ["resources", "bases", "components"].flatMap((key) => texts(content[key]));
  return {
    file,
    includes: local(included),
    remote: included.filter(isRemote),
    patches: local([...patchPaths, ...texts(content.patchesStrategicMerge)]),
    helmCharts: mappings(content.helmCharts).map((chart, index) => {
      const valuesFiles = [text(chart.valuesFile), ...texts(chart.additionalValuesFiles)];
      return {
        name: text(chart.name) ?? "",
        repository: text(chart.repo),
        version: text(chart.version),
        release: text(chart.releaseName),
        namespace: text(chart.namespace),
        valuesFiles: local(valuesFiles.filter((path) => path !== undefined)),
        valuesInline: isMapping(chart.valuesInline) ? chart.valuesInline : undefined,
        place: { file, line: lineOf(document, ["helmCharts", index, "name"]) },
      };
    }),
  };
}

/** Kustomize takes whatever looks like a URL or a host's path for a repository to fetch. */
function isRemote(path: string): boolean {
  return /^[a-z+]+:\/\/|^[\w.-]+@|\?ref=|^(?:github|gitlab|bitbucket)\.\w+\//.test(path);
}

/** The line of the node at `path`; of the document where there is none. */
export function lineOf(document: YamlDocument, path: readonly (string | number)[]): number {
  const range = mapping(document.document.getIn(path, true)).range;
  return document.lineAt(Number(list(range)[0] ?? 0));
}
