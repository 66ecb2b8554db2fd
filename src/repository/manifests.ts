import type { Place } from "../runner/errors.ts";
import { readSource, readSources, type Source } from "./sources.ts";
import type { Tree } from "./tree.ts";
import { isMapping, type Mapping, mapping, mappings, text, texts } from "./untyped.ts";
import { parseYaml, splitDocuments, type YamlDocument } from "./yaml-documents.ts";

/** What the plain manifests of one commit say to Argo CD. */
export interface Declared {
  applications: readonly DeclaredApplication[];
  applicationSets: readonly DeclaredApplicationSet[];
  projects: readonly DeclaredProject[];
  /** Manifests for Argo CD that do not parse, and why. */
  broken: readonly (Place & { file: string; line: number; message: string })[];
  /** Templates of Helm charts that make Applications or ApplicationSets when they are rendered. */
  templates: readonly string[];
  /** Files that Argo CD is told to skip, by a comment of theirs. */
  skipped: ReadonlySet<string>;
  /** How many files were looked into. */
  filesRead: number;
}

export interface DeclaredManifest {
  name: string;
  namespace: string | undefined;
  /** Where the `kind` of the document stands. */
  place: Place & { file: string; line: number };
  /** As it was parsed; nothing is left out. */
  manifest: Mapping;
}

export interface DeclaredApplication extends DeclaredManifest {
  kind: "Application";
  project: string;
  /** `sources` where there are any, else `source`; none where another file completes this one (a patch). */
  sources: readonly Source[];
  destination: { server?: string; name?: string; namespace?: string };
  automated: boolean;
  syncWave: number;
  finalizers: readonly string[];
}

export interface DeclaredApplicationSet extends DeclaredManifest {
  kind: "ApplicationSet";
  goTemplate: boolean;
  generators: readonly Mapping[];
  /** The template's `metadata.name`, with its placeholders. */
  templateName: string | undefined;
  project: string;
  /** The template's sources, with their placeholders. */
  sources: readonly Source[];
  automated: boolean;
  syncWave: number;
}

export interface DeclaredProject extends DeclaredManifest {
  kind: "AppProject";
}

/** Files that Argo CD reads as plain manifests. */
export const manifestFile = /\.(?:ya?ml|json)$/;
const argoVersion = /\bapiVersion["']?\s*:\s*["']?argoproj\.io\//;
const declaredKind = /\bkind["']?\s*:\s*["']?(?:Application|ApplicationSet|AppProject)\b/;
const skipMarker = "+argocd:skip-file-rendering";

/**
 * Reads every Application, ApplicationSet and AppProject that stands below a folder (`scope`, "" for all).
 * Templates of Helm charts are no manifests yet. Unknown fields stay; what does not parse is in `broken`.
 */
export async function readDeclared(tree: Tree, scope: string): Promise<Declared> {
  const files = tree
    .below(scope)
    .map((file) => file.path)
    .filter((path) => manifestFile.test(path) || isChartTemplate(tree, path));
  const found: (DeclaredApplication | DeclaredApplicationSet | DeclaredProject)[] = [];
  const broken: Declared["broken"][number][] = [];
  const templates: string[] = [];
  const skipped = new Set<string>();
  let filesRead = 0;
  for await (const [file, content] of tree.readAll(files)) {
    filesRead++;
    if (!content.includes("argoproj.io/")) continue;
    if (isChartTemplate(tree, file)) {
      if (argoVersion.test(content) && declaredKind.test(content)) templates.push(file);
      continue;
    }
    if (content.includes(skipMarker)) skipped.add(file);
    for (const document of splitDocuments(content)) {
      if (!argoVersion.test(document.text)) continue;
      const parsed = parseYaml(document);
      const [error] = parsed.errors;
      if (error) broken.push({ file, ...error });
      else found.push(...objectsIn(parsed).flatMap(({ object, line }) => declare(object, { file, line })));
    }
  }
  return {
    applications: found.filter((one) => one.kind === "Application"),
    applicationSets: found.filter((one) => one.kind === "ApplicationSet"),
    projects: found.filter((one) => one.kind === "AppProject"),
    broken,
    templates,
    skipped,
    filesRead,
  };
}

/** Whether a file is below the `templates/` of a Helm chart, so that it means nothing before it is rendered. */
export function isChartTemplate(tree: Tree, path: string): boolean {
  const parts = path.split("/");
  return parts.some(
    (part, index) =>
      part === "templates" &&
      index < parts.length - 1 &&
      tree.hasFile([...parts.slice(0, index), "Chart.yaml"].join("/")),
  );
}

/** The objects of a document, each with its line: itself, or the items of a `List`. */
export function objectsIn(parsed: YamlDocument): { object: Mapping; line: number }[] {
  if (!isMapping(parsed.value)) return [];
  const { value } = parsed;
  if (text(value.kind) !== "List") return [{ object: value, line: lineOf(parsed, []) }];
  return mappings(value.items).map((object, index) => ({ object, line: lineOf(parsed, ["items", index]) }));
}

/** Where the `kind` of the object at `path` stands. */
function lineOf(parsed: YamlDocument, path: (string | number)[]): number {
  const node = parsed.document.getIn([...path, "kind"], true);
  const range = isMapping(node) && Array.isArray(node.range) ? node.range : parsed.document.contents?.range;
  return parsed.lineAt(Number(range?.[0] ?? 0));
}

function declare(
  manifest: Mapping,
  place: DeclaredManifest["place"],
): (DeclaredApplication | DeclaredApplicationSet | DeclaredProject)[] {
  const metadata = mapping(manifest.metadata);
  const name = text(metadata.name) ?? text(metadata.generateName);
  if (name === undefined || !text(manifest.apiVersion)?.startsWith("argoproj.io/")) return [];
  const common = { name, namespace: text(metadata.namespace), place, manifest };
  const spec = mapping(manifest.spec);
  const syncWave = waveOf(metadata);
  switch (manifest.kind) {
    case "AppProject":
      return [{ kind: "AppProject", ...common }];
    case "Application":
      return [
        {
          kind: "Application",
          ...common,
          ...readSpec(spec),
          destination: readDestination(spec),
          syncWave,
          finalizers: texts(metadata.finalizers),
        },
      ];
    case "ApplicationSet": {
      const template = mapping(spec.template);
      return [
        {
          kind: "ApplicationSet",
          ...common,
          ...readSpec(mapping(template.spec)),
          goTemplate: spec.goTemplate === true,
          generators: mappings(spec.generators),
          templateName: text(mapping(template.metadata).name),
          syncWave,
        },
      ];
    }
    default:
      return [];
  }
}

function readSpec(spec: Mapping): { project: string; sources: Source[]; automated: boolean } {
  const automated = mapping(spec.syncPolicy).automated;
  const dry = mapping(spec.sourceHydrator).drySource;
  return {
    project: text(spec.project) ?? "default",
    sources: isMapping(dry) ? [readSource(dry)] : readSources(spec),
    automated: isMapping(automated) && automated.enabled !== false,
  };
}

function readDestination(spec: Mapping): DeclaredApplication["destination"] {
  const destination = mapping(spec.destination);
  const server = text(destination.server);
  const name = text(destination.name);
  const namespace = text(destination.namespace);
  return { ...(server && { server }), ...(name && { name }), ...(namespace && { namespace }) };
}

function waveOf(metadata: Mapping): number {
  const wave = Number(text(mapping(metadata.annotations)["argocd.argoproj.io/sync-wave"]) ?? 0);
  return Number.isInteger(wave) ? wave : 0;
}
