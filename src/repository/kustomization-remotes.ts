import { dirname, join } from "node:path/posix";
import { type Kustomizations, lineOf } from "./kustomizations.ts";
import { type KustomizeUrl, parseKustomizeUrl } from "./kustomize-url.ts";
import type { FilePlace } from "./locate.ts";
import { inside, type Tree } from "./tree.ts";
import { type Mapping, mapping, mappings, text, texts } from "./untyped.ts";
import { parseYamlFile, type YamlDocument } from "./yaml-documents.ts";

/** Something that kustomize fetches to build a folder. */
export type KustomizationRemote = { place: FilePlace } & (
  | KustomizeUrl
  | { kind: "chart"; name: string; repository: string; version: string | undefined }
);

type Path = readonly (string | number)[];

const accumulatedFiles = ["generators", "transformers", "validators"];
/** Entries that are files, repositories or folders. */
const accumulated = ["resources", "bases", ...accumulatedFiles];
/** Entries that are files alone. */
const loaded = ["crds", "configurations", "patchesStrategicMerge"];

/**
 * Gives what kustomize fetches for a folder (from the top of the repository, with a kustomization) and for whatever
 * that includes from the same repository; what was given for an earlier folder is not given again. Charts that
 * stand beside a kustomization already are not fetched.
 */
export async function kustomizationReader(
  tree: Tree,
  kustomizations: Kustomizations,
): Promise<(folder: string) => Promise<KustomizationRemote[]>> {
  const visited = new Set<string>();
  const contents = new Map<string, string>();
  const files = [...kustomizations.values()].map(({ file }) => file);
  for await (const [file, content] of tree.readAll(files)) contents.set(file, content);

  return async (folder) => {
    const queue = [folder];
    const found: KustomizationRemote[] = [];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const kustomization = kustomizations.get(next);
      if (visited.has(next) || !kustomization) continue;
      visited.add(next);
      const [document] = parseYamlFile(contents.get(kustomization.file) ?? "");
      if (!document) continue;
      const content = mapping(document.value);
      const place = (path: Path) => ({ file: kustomization.file, line: lineOf(document, path) });
      const generators = accumulatedFiles.flatMap((key) => texts(content[key]));
      found.push(
        ...urlsIn(content).map(({ url, path }) => ({ ...url, place: place(path) })),
        ...chartsIn(content, place, next, tree),
        ...(await generatorsIn(generators, next, tree)),
      );
      const folders = generators.flatMap((path) => inside(join(next ?? "", path)) ?? []);
      queue.push(...[...kustomization.includes, ...folders].flatMap((path) => tree.resolve(path) ?? []));
    }
    return found;
  };
}

function urlsIn(content: Mapping): { url: KustomizeUrl; path: Path }[] {
  const entries = (keys: readonly string[]) =>
    keys.flatMap((key) =>
      textsAt(content[key]).map(([index, entry]) => ({ entry, path: [key, index] as Path })),
    );
  const fileFields: { value: string | undefined; path: Path }[] = [
    ...["patches", "patchesJson6902", "replacements"].flatMap((key) =>
      mappings(content[key]).map((item, index) => ({ value: text(item.path), path: [key, index, "path"] })),
    ),
    { value: text(mapping(content.openapi).path), path: ["openapi", "path"] },
    ...["configMapGenerator", "secretGenerator"].flatMap((key) =>
      mappings(content[key]).flatMap((item, index) =>
        [...textsAt(item.files), ...textsAt(item.envs)].map(([at, entry]) => ({
          // `name=path`
          value: entry.replace(/^[^=:/]+=/, ""),
          path: [key, index, texts(item.files).includes(entry) ? "files" : "envs", at],
        })),
      ),
    ),
    ...mappings(content.helmCharts).flatMap((item, index) =>
      [text(item.valuesFile), ...texts(item.additionalValuesFiles)].map((value) => ({
        value,
        path: ["helmCharts", index, "name"],
      })),
    ),
    ...entries(loaded).map(({ entry, path }) => ({ value: entry, path })),
  ];
  return [
    ...entries(accumulated).flatMap(({ entry, path }) => {
      const url = parseKustomizeUrl(entry);
      return url ? [{ url, path }] : [];
    }),
    ...entries(["components"]).flatMap(({ entry, path }) => {
      const url = parseKustomizeUrl(entry);
      return url?.kind === "git" ? [{ url, path }] : [];
    }),
    ...fileFields.flatMap(({ value, path }) =>
      value !== undefined && /^https?:\/\//i.test(value)
        ? [{ url: { kind: "file" as const, url: value }, path }]
        : [],
    ),
  ];
}

/** `helmCharts`, and `helmChartInflationGenerator` as kustomize 4 spelled it. */
function chartsIn(content: Mapping, place: (path: Path) => FilePlace, folder: string, tree: Tree) {
  const home = text(mapping(content.helmGlobals).chartHome) ?? "charts";
  const current = mappings(content.helmCharts).flatMap((chart, index) =>
    chartOf(chart, place(["helmCharts", index, "name"]), join(folder, home), tree),
  );
  const former = mappings(content.helmChartInflationGenerator).flatMap((chart, index) =>
    chartOf(
      { name: chart.chartName, repo: chart.chartRepoUrl, version: chart.chartVersion },
      place(["helmChartInflationGenerator", index, "chartName"]),
      join(folder, text(chart.chartHome) ?? home),
      tree,
    ),
  );
  return [...current, ...former];
}

/** Files of `generators` and the like with a HelmChartInflationGenerator. */
async function generatorsIn(
  generators: readonly string[],
  folder: string,
  tree: Tree,
): Promise<KustomizationRemote[]> {
  const found: KustomizationRemote[] = [];
  const paths = generators
    .flatMap((path) => inside(join(folder, path)) ?? [])
    .filter((path) => tree.hasFile(path));
  if (paths.length === 0) return [];
  for await (const [file, content] of tree.readAll(paths)) {
    for (const document of parseYamlFile(content)) {
      const object = mapping(document.value);
      if (object.kind !== "HelmChartInflationGenerator") continue;
      const key = object.name === undefined ? "chartName" : "name";
      const chart = {
        name: object.name ?? object.chartName,
        repo: object.repo ?? object.chartRepo ?? object.chartRepoUrl,
        version: object.version ?? object.chartVersion,
      };
      const home = text(object.chartHome) ?? "charts";
      found.push(...chartOf(chart, placeIn(file, document, key), join(dirname(file), home), tree));
    }
  }
  return found;
}

function placeIn(file: string, document: YamlDocument, key: string): FilePlace {
  return { file, line: lineOf(document, [key]) };
}

function chartOf(chart: Mapping, place: FilePlace, home: string, tree: Tree): KustomizationRemote[] {
  const [name, repository, version] = [text(chart.name), text(chart.repo), text(chart.version)];
  if (name === undefined || repository === undefined) return [];
  const folders = [name, `${name}-${version}/${name}`];
  if (folders.some((folder) => tree.hasFile(join(home, folder, "Chart.yaml")))) return [];
  return [{ kind: "chart", name, repository, version, place }];
}

/** The strings in a list, each with its index. */
function textsAt(value: unknown): [number, string][] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item, index): [number, string][] =>
    typeof item === "string" ? [[index, item]] : [],
  );
}
