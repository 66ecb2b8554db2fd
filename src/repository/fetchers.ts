import { dirname } from "node:path/posix";
import { type FileContents, generatedSources, generatorFiles } from "./generated-sources.ts";
import type { FilePlace } from "./locate.ts";
import type { DeclaredApplicationSet } from "./manifests.ts";
import type { UnknownSource } from "./remote-source.ts";
import type { RemoteSourcesRequest } from "./remote-sources.ts";
import type { Source } from "./sources.ts";
import { templatedSources } from "./templated-applications.ts";
import type { Tree } from "./tree.ts";
import { isMapping, type Mapping, mapping, mappings, text } from "./untyped.ts";
import { parseYamlFile } from "./yaml-documents.ts";

/** A source of an Application, and who has it. */
export interface Fetcher {
  source: Source;
  place: FilePlace;
  /** For people. */
  by: string;
  /** Whether nothing says for certain that Argo CD will ask for it. */
  guessed: boolean;
}

/** The sources of all Applications of a commit, those that generators and templates make included. */
export async function findFetchers({
  content,
  isThisRepository,
  roots,
}: RemoteSourcesRequest): Promise<{ fetchers: Fetcher[]; unknown: UnknownSource[] }> {
  const { declared, tree } = content;
  const idle = new Set((roots?.leftOut ?? []).map(({ place }) => keyOf(place)));
  const fetchers: Fetcher[] = [];
  const unknown: UnknownSource[] = [];
  for (const { kind, name, place, sources } of declared.applications) {
    if (idle.has(keyOf(place))) continue;
    fetchers.push(...sources.map((source) => ({ source, place, by: `${kind} ${name}`, guessed: false })));
  }
  const contents = await readGeneratorFiles(declared.applicationSets, tree);
  for (const set of declared.applicationSets) {
    if (idle.has(keyOf(set.place)) || makesNone(set)) continue;
    const made = fromSet(set, { tree, contents }, isThisRepository);
    fetchers.push(...made.fetchers);
    unknown.push(...made.unknown);
  }
  for (const file of declared.templates) {
    const templated = await templatedSources(file, tree);
    fetchers.push(
      ...templated.sources.map(({ source, place, name }) => ({
        source,
        place,
        by: name === undefined ? `the template ${file}` : `Application ${name}`,
        guessed: true,
      })),
    );
    unknown.push(
      ...templated.unknown.map((place) => ({
        place,
        why: "a chart makes these Applications, and only its rendering tells what they ask for",
      })),
    );
  }
  // Who is unknown may deploy any folder of this repository.
  if (unknown.length > 0) fetchers.push(...everyFolder({ content }));
  return { fetchers: fetchers.filter(({ source }) => source.repoURL !== ""), unknown };

  function everyFolder({
    content: { scope, kustomizations },
  }: Pick<RemoteSourcesRequest, "content">): Fetcher[] {
    const own = ownUrl();
    if (own === undefined) return [];
    const charts = tree
      .below(scope)
      .filter(({ path }) => /(?:^|\/)Chart\.yaml$/.test(path) && !/(?:^|\/)charts\//.test(path))
      .map(({ path }) => path);
    const kustomized = [...kustomizations.values()]
      .map(({ file }) => file)
      .filter((file) => scope === "" || file.startsWith(`${scope}/`));
    return [...charts, ...kustomized].map((file) => ({
      source: { repoURL: own, path: dirname(file) },
      place: { file, line: 1 },
      by: dirname(file),
      guessed: true,
    }));
  }

  function ownUrl(): string | undefined {
    const all = [...declared.applications, ...declared.applicationSets].flatMap(({ sources }) => sources);
    return [...all, ...fetchers.map(({ source }) => source)].find(({ repoURL }) => isThisRepository(repoURL))
      ?.repoURL;
  }
}

/** Each element of a list is an Application of its own, as for Argo CD. */
async function readGeneratorFiles(
  sets: readonly DeclaredApplicationSet[],
  tree: Tree,
): Promise<FileContents> {
  const files = new Set(sets.flatMap(({ generators }) => generatorFiles(generators, tree)));
  const contents = new Map<string, Mapping[]>();
  for await (const [file, text] of tree.readAll(files)) {
    const value = parseYamlFile(text)[0]?.value;
    contents.set(file, Array.isArray(value) ? mappings(value) : [mapping(value)]);
  }
  return contents;
}

function fromSet(
  set: DeclaredApplicationSet,
  { tree, contents }: { tree: Tree; contents: FileContents },
  isThisRepository: (url: string) => boolean,
): { fetchers: Fetcher[]; unknown: UnknownSource[] } {
  const { place } = set;
  const by = `ApplicationSet ${set.name}`;
  const sources = generatedSources(set, tree, contents);
  const known = sources.filter((source) => source.chart === undefined || !isOpen(source.targetRevision));
  const missing = set.sources.some((template) => !known.some((source) => isMadeFrom(source, template)));
  const patched = text(
    set.manifest.spec && isMapping(set.manifest.spec) ? set.manifest.spec.templatePatch : undefined,
  );
  const listed = repositoriesIn(set.generators).filter((url) => !isThisRepository(url));
  return {
    fetchers: [
      ...known.map((source) => ({
        source: isOpen(source.targetRevision) ? withoutRevision(source) : source,
        place,
        by,
        guessed: false,
      })),
      ...listed
        .filter((url) => !isOpen(url))
        .map((repoURL) => ({ source: { repoURL }, place, by, guessed: false })),
    ],
    unknown: [
      ...(missing || known.length < sources.length
        ? [{ place, why: `only the cluster or a service can fill the placeholders of ${by}` }]
        : []),
      ...(patched !== undefined && /\bsources?\b/.test(patched)
        ? [{ place, why: `the templatePatch of ${by} changes its sources` }]
        : []),
      ...listed.map((url) => ({
        place,
        why: `what the generator of ${by} finds in ${url} is not looked up`,
      })),
    ],
  };
}

/** A list without elements. */
function makesNone({ generators }: DeclaredApplicationSet): boolean {
  return generators.every(
    ({ list }) => isMapping(list) && mappings(list.elements).length === 0 && list.elementsYaml === undefined,
  );
}

function isOpen(value: string | undefined): boolean {
  return value?.includes("{{") ?? false;
}

/** Whatever the revision is, all of the repository is cloned. */
function withoutRevision({ targetRevision: _, ...source }: Source): Source {
  return source;
}

/** Whether a filled source could come from a template. */
function isMadeFrom(source: Source, template: Source): boolean {
  return (["repoURL", "path", "chart", "ref"] as const).every((key) => {
    const [value, pattern] = [source[key], template[key]];
    if (value === undefined || pattern === undefined) return value === pattern;
    return isOpen(pattern) || value === pattern;
  });
}

/** The repositories that Git generators list, at any depth. */
function repositoriesIn(generators: readonly Mapping[]): string[] {
  const search = (value: unknown): string[] => {
    if (Array.isArray(value)) return value.flatMap(search);
    if (!isMapping(value)) return [];
    return Object.entries(value).flatMap(([key, inner]) =>
      key === "git" && isMapping(inner) ? (text(inner.repoURL) ?? []) : search(inner),
    );
  };
  return mappings(generators).flatMap(search);
}

function keyOf({ file, line }: FilePlace): string {
  return `${file}:${line}`;
}
