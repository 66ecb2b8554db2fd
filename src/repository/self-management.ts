import { join } from "node:path/posix";
import { parse, stringify } from "yaml";
import type { Place } from "../runner/errors.ts";
import type { Content } from "./content.ts";
import type { DeclaredApplication } from "./manifests.ts";
import type { Source } from "./sources.ts";
import { inside, type Tree } from "./tree.ts";
import { isMapping, type Mapping, mapping, mappings, text, texts } from "./untyped.ts";

/** How the repository installs Argo CD from its Helm chart, by itself. */
export interface SelfManagement {
  chart: string;
  /** URL of the chart repository, as Helm wants it. */
  repository: string | undefined;
  version: string | undefined;
  release: string;
  namespace: string;
  /** Texts in the order in which Helm merges them. */
  values: readonly { text: string; file: string | undefined }[];
  /** Values files that it names and that this commit does not have. */
  missing: readonly string[];
  place: Place & { file: string; line: number };
  /** Where else Argo CD is installed, in a repository of several clusters. */
  others: readonly Place[];
}

const chartName = "argo-cd";
export type Installation = Omit<SelfManagement, "others">;

/**
 * Finds what deploys the chart `argo-cd`: an Application that names it, one whose chart in Git depends on
 * it, or a kustomization that inflates it. Undefined where nothing does. Applications come before
 * kustomizations, and what stands below the scope before what does not.
 */
export async function findSelfManagement(
  content: Content,
  isThisRepository: (url: string) => boolean,
): Promise<SelfManagement | undefined> {
  const [first, ...others] = await findInstallations(content, isThisRepository);
  return first && { ...first, others: others.map(({ place }) => place) };
}

/** Everything that deploys the chart, in that order. */
export async function findInstallations(
  content: Content,
  isThisRepository: (url: string) => boolean,
): Promise<Installation[]> {
  const found: Installation[] = [];
  for (const application of content.declared.applications) {
    for (const source of application.sources) {
      const one = await fromSource(source, application, content.tree, isThisRepository);
      if (one) found.push(one);
    }
  }
  found.push(...(await fromKustomizations(content)));
  return found;
}

async function fromSource(
  source: Source,
  application: DeclaredApplication,
  tree: Tree,
  isThisRepository: (url: string) => boolean,
): Promise<Installation | undefined> {
  const wrapper =
    source.chart === undefined && isThisRepository(source.repoURL)
      ? await readWrapper(source, tree)
      : undefined;
  if (source.chart !== chartName && !wrapper) return undefined;
  const helm = mapping(source.helm);
  const resolveFile = (path: string) => locateValues(path, source, application.sources, isThisRepository);
  const files = await readValues(
    wrapper ? ["values.yaml", ...texts(helm.valueFiles)] : texts(helm.valueFiles),
    resolveFile,
    tree,
  );
  const inline = isMapping(helm.valuesObject) ? [helm.valuesObject] : parseInline(text(helm.values));
  const parameters = fromParameters(mappings(helm.parameters));
  const merged = [
    ...files.found,
    ...[...inline, ...parameters].map((values) => ({
      text: stringify(values),
      file: application.place.file,
    })),
  ];
  return {
    chart: chartName,
    repository: wrapper ? wrapper.repository : asUrl(source.repoURL),
    version: wrapper ? wrapper.version : source.targetRevision,
    release: text(helm.releaseName) ?? application.name,
    namespace: application.destination.namespace ?? "argocd",
    values: wrapper ? merged.flatMap((values) => unwrap(values, wrapper.alias)) : merged,
    missing: files.missing.filter((path) => helm.ignoreMissingValueFiles !== true && path !== "values.yaml"),
    place: application.place,
  };
}

async function fromKustomizations({ tree, scope, kustomizations }: Content): Promise<Installation[]> {
  const charts = [...kustomizations.values()]
    .filter(({ file }) => scope === "" || file.startsWith(`${scope}/`))
    .flatMap((one) => one.helmCharts.filter((chart) => chart.name === chartName));
  return Promise.all(
    charts.map(async (chart) => {
      const files = await readValues(chart.valuesFiles, (path) => path, tree);
      const inline = chart.valuesInline
        ? [{ text: stringify(chart.valuesInline), file: chart.place.file }]
        : [];
      return {
        chart: chartName,
        repository: chart.repository,
        version: chart.version,
        release: chart.release ?? "argocd",
        namespace: chart.namespace ?? "argocd",
        values: [...files.found, ...inline],
        missing: files.missing,
        place: chart.place,
      };
    }),
  );
}

/** A chart in Git that depends on argo-cd; its values for it stand below the dependency's name. */
async function readWrapper(
  source: Source,
  tree: Tree,
): Promise<{ repository: string | undefined; version: string | undefined; alias: string } | undefined> {
  const file = inside(join(source.path ?? "", "Chart.yaml"));
  if (file === undefined || !tree.hasFile(file)) return undefined;
  const chart = mapping(safeParse((await tree.read(file)) ?? ""));
  const dependency = mappings(chart.dependencies).find(({ name }) => name === chartName);
  if (!dependency) return undefined;
  return {
    repository: text(dependency.repository),
    version: text(dependency.version),
    alias: text(dependency.alias) ?? chartName,
  };
}

/** Argo CD names an OCI registry without a scheme, Helm with one. */
function asUrl(repository: string): string {
  return repository.includes("://") ? repository : `oci://${repository}`;
}

function unwrap(values: { text: string; file: string | undefined }, alias: string) {
  const inner = mapping(safeParse(values.text))[alias];
  return isMapping(inner) ? [{ text: stringify(inner), file: values.file }] : [];
}

/** A values file from the top: `$name/…` is within the source of that name, others are beside the chart. */
function locateValues(
  path: string,
  source: Source,
  sources: readonly Source[],
  isThisRepository: (url: string) => boolean,
): string | undefined {
  const [, ref, rest = ""] = /^\$([^/]+)\/(.*)$/.exec(path) ?? [];
  if (ref !== undefined) {
    const named = sources.find((one) => one.ref === ref);
    return named && isThisRepository(named.repoURL) ? inside(rest) : undefined;
  }
  if (source.chart !== undefined || source.path === undefined) return undefined;
  // A leading slash means the top of the repository.
  return path.startsWith("/") ? inside(path.slice(1)) : inside(join(source.path, path));
}

async function readValues(
  paths: readonly string[],
  resolveFile: (path: string) => string | undefined,
  tree: Tree,
): Promise<{ found: { text: string; file: string }[]; missing: string[] }> {
  const found: { text: string; file: string }[] = [];
  const missing: string[] = [];
  for (const path of paths) {
    const file = resolveFile(path);
    const content = file === undefined ? undefined : await tree.read(file);
    if (file !== undefined && content !== undefined) found.push({ text: content, file });
    else missing.push(path);
  }
  return { found, missing };
}

function parseInline(values: string | undefined): Mapping[] {
  const parsed = values === undefined ? undefined : safeParse(values);
  return isMapping(parsed) ? [parsed] : [];
}

/** `helm.parameters` as values. List indices and escapes other than of dots are beyond what they are used for. */
function fromParameters(parameters: readonly Mapping[]): Mapping[] {
  return parameters.flatMap((parameter) => {
    const name = text(parameter.name);
    const value = text(parameter.value) ?? "";
    if (name === undefined || name.includes("[")) return [];
    const keys = name.split(/(?<!\\)\./).map((key) => key.replaceAll("\\.", "."));
    const scalar = parameter.forceString === true ? value : safeParse(value);
    return [keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), scalar)].filter(isMapping);
  });
}

function safeParse(source: string): unknown {
  try {
    return parse(source);
  } catch {
    return undefined;
  }
}
