import type { ChangedFile } from "./changed-files.ts";
import { isDocumentation, isTooling, readByName } from "./documentation.ts";
import { matchesGlob } from "./glob.ts";
import { type Readers, readReaders } from "./readers.ts";
import type { Tree } from "./tree.ts";

export interface RelevanceRequest {
  /** From the merge base to the head, and from the base to the merge result. */
  changed: readonly ChangedFile[];
  base: Tree;
  merged: Tree;
  /** Patterns of the base's configuration. */
  ignore: readonly string[];
  /** The configuration of k3d that the base names. */
  k3dConfig: string | undefined;
}

/**
 * Why no Argo CD could notice a change, as the words after "nothing to rehearse: "; undefined where one could,
 * or where that is not certain. A change of nothing is rehearsed: there would be nothing to be certain of.
 */
export async function findIrrelevance(request: RelevanceRequest): Promise<string | undefined> {
  const { changed, base, merged, ignore } = request;
  const paths = new Set(changed.map(({ path }) => path));
  if (paths.size === 0) return undefined;
  if (changed.some((file) => !mayBeIgnored(file, request))) return undefined;
  const isAside = (path: string) => isTooling(path) || ignore.some((pattern) => matches(pattern, path));
  const readers = [await readReaders(base, isAside), await readReaders(merged, isAside)];
  const folders = differentFolders(base, merged);
  for (const { anything, names } of readers) {
    if (anything || [...folders].some((folder) => names(folder))) return undefined;
  }
  if ([...paths].some((path) => readers.some((reader) => couldBeRead(path, reader)))) return undefined;
  const named = [...paths].filter((path) => ignore.some((pattern) => matches(pattern, path)));
  const all = paths.size === 1 ? "the only file that changes" : `each of the ${paths.size} files that change`;
  return named.length === 0
    ? `${all} is documentation or about the repository itself, which Argo CD does not read`
    : `${all} is documentation, about the repository itself, or ignored by relevance.ignore of the base, and Argo CD does not read it`;
}

function mayBeIgnored({ path, special }: ChangedFile, { ignore, k3dConfig }: RelevanceRequest): boolean {
  if (special || path === k3dConfig || readByName(path)) return false;
  return isDocumentation(path) || isTooling(path) || ignore.some((pattern) => matches(pattern, path));
}

function matches(pattern: string, path: string): boolean {
  return matchesGlob(pattern, path, { star: "within-folder" });
}

function couldBeRead(path: string, readers: Readers): boolean {
  return (
    readers.linked(path) ||
    readers.inChart(path) ||
    readers.namesFile(path) ||
    // What is no manifest by its name is only ever read where it is named.
    (!isDocumentation(path) && readers.readsFolderOf(path))
  );
}

/** A folder that appears or vanishes may be what a generator lists, or a source's own. */
function differentFolders(base: Tree, merged: Tree): ReadonlySet<string> {
  return foldersOf(base).symmetricDifference(foldersOf(merged));
}

function foldersOf({ files }: Tree): Set<string> {
  const folders = new Set<string>();
  for (const { path } of files) {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const folder = path.slice(0, at);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return folders;
}
