import { dirname, join } from "node:path/posix";
import { sourcesOf } from "../argocd/application.ts";
import type { World } from "../mirror/world.ts";
import type { ChangedFile } from "../repository/changed-files.ts";
import type { Content } from "../repository/content.ts";
import { generatedSources } from "../repository/generated-sources.ts";
import { reachedFiles } from "../repository/kustomizations.ts";
import { sameRepository } from "../repository/repository-url.ts";
import { readSources, type Source } from "../repository/sources.ts";
import { inside } from "../repository/tree.ts";
import { texts } from "../repository/untyped.ts";
import type { Tracked } from "./tracked.ts";
import { shownChanges, type Verdict } from "./verdict.ts";

/** An Application's name, or of what an ApplicationSet makes the set's, and its sources. */
export interface NamedSources {
  name: string;
  sources: readonly Source[];
}

/** Those of the Applications that were watched. */
export function watchedSources(all: ReadonlyMap<string, Tracked>): NamedSources[] {
  return [...all.values()].flatMap(({ kind, name, object }) =>
    kind === "Application" && object !== undefined
      ? [{ name, sources: readSources({ sources: sourcesOf(object as Parameters<typeof sourcesOf>[0]) }) }]
      : [],
  );
}

/** Those that plain manifests declare, where none were watched. */
export function declaredSources({ declared, tree }: Content): NamedSources[] {
  return [
    ...declared.applications.map(({ name, sources }) => ({ name, sources })),
    ...declared.applicationSets.map((set) => ({ name: set.name, sources: generatedSources(set, tree) })),
  ];
}

/** What a verdict says of the files that the merge changes, and whose sources they lie in. */
export function describeChanges(
  changed: readonly ChangedFile[],
  applications: readonly NamedSources[],
  content: Content,
  { urls }: Pick<World, "urls">,
): Pick<Verdict, "changes" | "changed"> {
  const isOwn = (source: Source) => urls.some((url) => sameRepository(url, source.repoURL));
  const readers = applications.map(({ name, sources }) => ({
    name,
    reads: readsOf(sources, isOwn, content),
  }));
  return {
    changes: changed.slice(0, shownChanges).map(({ path, kind }) => ({
      path,
      kind,
      applications: [
        ...new Set(readers.filter(({ reads }) => reads(path)).map(({ name }) => name)),
      ].toSorted(),
    })),
    changed: changed.length,
  };
}

/** Whether a file lies in a source's folder (of plain manifests, not below it without `recurse`), is a values file of it, or is reached by its kustomization. */
function readsOf(
  sources: readonly Source[],
  isOwn: (source: Source) => boolean,
  { tree, kustomizations }: Content,
): (file: string) => boolean {
  const folders: { folder: string; deep: boolean }[] = [];
  const files = new Set<string>();
  for (const source of sources) {
    const folder = isOwn(source) && !source.chart ? folderOf(source) : undefined;
    if (folder !== undefined) {
      const resolved = tree.resolve(folder) ?? folder;
      const plain =
        !kustomizations.has(resolved) && !source.plugin && !tree.hasFile(join(resolved, "Chart.yaml"));
      const deep = !plain || source.directory?.recurse === true;
      folders.push({ folder, deep }, { folder: resolved, deep });
      if (kustomizations.has(resolved)) {
        for (const file of reachedFiles(resolved, kustomizations)) files.add(file);
      }
    }
    for (const path of texts(source.helm?.valueFiles)) {
      const file = valuesFile(path, folder, sources, isOwn);
      if (file !== undefined) files.add(file);
    }
  }
  const isIn = (file: string, { folder, deep }: (typeof folders)[number]) =>
    deep ? folder === "" || file.startsWith(`${folder}/`) : dirname(file) === (folder === "" ? "." : folder);
  return (file) => files.has(file) || folders.some((one) => isIn(file, one));
}

/** A source with a name and no path lends its files, and deploys none of them. */
function folderOf({ path, ref }: Source): string | undefined {
  if (path === undefined) return ref === undefined ? "" : undefined;
  return inside(path);
}

/** `$name/…` is within the source of that name; another is beside the chart, or from the top after a slash. */
function valuesFile(
  path: string,
  folder: string | undefined,
  sources: readonly Source[],
  isOwn: (source: Source) => boolean,
): string | undefined {
  const [, ref, rest = ""] = /^\$([^/]+)\/(.*)$/.exec(path) ?? [];
  if (ref !== undefined) {
    const named = sources.find((source) => source.ref === ref);
    return named && isOwn(named) ? inside(rest) : undefined;
  }
  if (folder === undefined || path.includes("://")) return undefined;
  return inside(path.startsWith("/") ? path.slice(1) : `${folder}/${path}`);
}
