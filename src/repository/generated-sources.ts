import { basename, dirname } from "node:path/posix";
import { matchesGlob } from "./glob.ts";
import type { DeclaredApplicationSet } from "./manifests.ts";
import type { Source } from "./sources.ts";
import type { Tree } from "./tree.ts";
import { isMapping, type Mapping, mapping, mappings, text } from "./untyped.ts";

/** What a template's placeholders stand for, by the name written in them. */
type Parameters = ReadonlyMap<string, string>;

/**
 * The sources that an ApplicationSet's Applications will have, as far as a commit can tell: Git
 * directories, Git files and lists, also within matrix and merge. A source with a placeholder that only
 * the cluster or a service can fill is left out. Sources of other repositories are included. `contents` has what
 * stands in the files of Git generators, a mapping for each Application; without it, only their paths count.
 */
export function generatedSources(
  set: DeclaredApplicationSet,
  tree: Tree,
  contents: FileContents = new Map(),
): Source[] {
  const parameters = combine(set.generators, { tree, contents });
  const found = new Map<string, Source>();
  for (const source of set.sources) {
    for (const values of parameters) {
      const filled = fillSource(source, values);
      if (filled) found.set(JSON.stringify(filled), filled);
    }
  }
  return [...found.values()];
}

/** By path, the objects in files that Git generators read. */
export type FileContents = ReadonlyMap<string, readonly Mapping[]>;

/** The files that Git generators of a set read, at any depth. */
export function generatorFiles(generators: readonly Mapping[], tree: Tree): string[] {
  return generators.flatMap((generator) => {
    const inner = [generator.matrix, generator.merge].flatMap((one) => mappings(mapping(one).generators));
    const own = mappings(mapping(generator.git).files);
    return [...(own.length > 0 ? listFiles(own, tree) : []), ...generatorFiles(inner, tree)];
  });
}

interface Read {
  tree: Tree;
  contents: FileContents;
}

/** The generators' parameters, one set for each Application. No generator that we know: one empty set. */
function combine(generators: readonly Mapping[], read: Read): Parameters[] {
  const found = generators.flatMap((generator) => parametersOf(generator, read));
  return found.length > 0 ? found : [new Map()];
}

function parametersOf(generator: Mapping, read: Read): Parameters[] {
  if (isMapping(generator.list)) return mappings(generator.list.elements).map((element) => flatten(element));
  if (isMapping(generator.git)) return gitParameters(generator.git, read);
  if (isMapping(generator.matrix)) {
    return mappings(generator.matrix.generators)
      .map((one) => combine([one], read))
      .reduce<Parameters[]>(
        (all, next) => all.flatMap((a) => next.map((b) => new Map([...a, ...b]))),
        [new Map()],
      );
  }
  // The first generator of a merge decides which Applications there are.
  if (isMapping(generator.merge)) return combine(mappings(generator.merge.generators).slice(0, 1), read);
  return [];
}

function gitParameters(git: Mapping, { tree, contents }: Read): Parameters[] {
  const prefix = text(git.pathParamPrefix);
  const name = prefix === undefined ? "path" : `${prefix}.path`;
  const directories = mappings(git.directories);
  if (directories.length > 0) {
    return selectPaths(visibleFolders(tree), directories, "within-folder").map((folder) =>
      pathParameters(name, folder),
    );
  }
  return listFiles(mappings(git.files), tree).flatMap((file) => {
    const path = new Map([...pathParameters(name, dirname(file)), [`${name}.filename`, basename(file)]]);
    return (contents.get(file) ?? [{}]).map((content) => new Map([...flatten(content), ...path]));
  });
}

/** Git itself lists the files, and its `*` does not stop at a slash. */
function listFiles(patterns: readonly Mapping[], tree: Tree): string[] {
  return selectPaths(
    tree.files.map((file) => file.path),
    patterns,
    "anything",
  );
}

/** A path is taken when a pattern matches it, and none that excludes does. */
function selectPaths(
  paths: readonly string[],
  patterns: readonly Mapping[],
  star: "within-folder" | "anything",
): string[] {
  const matches = (excluding: boolean, path: string) =>
    patterns.some(
      (pattern) =>
        (pattern.exclude === true) === excluding && matchesGlob(text(pattern.path) ?? "", path, { star }),
    );
  return paths.filter((path) => matches(false, path) && !matches(true, path));
}

function visibleFolders(tree: Tree): string[] {
  const folders = new Set<string>();
  for (const file of tree.files) {
    for (let folder = dirname(file.path); folder !== "." && !folders.has(folder); folder = dirname(folder)) {
      folders.add(folder);
    }
  }
  return [...folders].filter((folder) => !folder.split("/").some((part) => part.startsWith(".")));
}

/** Both spellings: `{{path.basename}}` of the old templates, `{{.path.basename}}` of Go's, where `path` is `path.path`. */
function pathParameters(name: string, path: string): Map<string, string> {
  const parameters = new Map([
    [name, path],
    [`${name}.path`, path],
    [`${name}.basename`, basename(path)],
    [`${name}.basenameNormalized`, normalizeName(basename(path))],
  ]);
  path.split("/").forEach((part, index) => {
    parameters.set(`${name}[${index}]`, part);
    parameters.set(`index .${name}.segments ${index}`, part);
  });
  return parameters;
}

function normalizeName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
}

function flatten(element: Mapping, prefix = ""): Map<string, string> {
  return new Map(
    Object.entries(element).flatMap(([key, value]): [string, string][] => {
      if (isMapping(value)) return [...flatten(mapping(value), `${prefix}${key}.`)];
      const scalar = text(value);
      return scalar === undefined ? [] : [[`${prefix}${key}`, scalar]];
    }),
  );
}

function fillSource(source: Source, parameters: Parameters): Source | undefined {
  const filled: Source = { ...source };
  for (const key of ["repoURL", "path", "chart", "targetRevision"] as const) {
    const template = source[key];
    if (template === undefined) continue;
    const value = fill(template, parameters);
    if (value !== undefined) filled[key] = value;
    // Which revision it is does not change what is deployed from here.
    else if (key !== "targetRevision") return undefined;
  }
  return filled;
}

/** The template with its placeholders filled; undefined where one is not known. */
function fill(template: string, parameters: Parameters): string | undefined {
  let complete = true;
  const filled = template.replace(/\{\{-?\s*(.*?)\s*-?\}\}/g, (_, expression: string) => {
    const value = parameters.get(expression) ?? parameters.get(expression.replace(/^\./, ""));
    complete &&= value !== undefined;
    return value ?? "";
  });
  return complete ? filled : undefined;
}
