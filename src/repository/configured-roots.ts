import { basename, dirname } from "node:path/posix";
import { type Place, UsageError } from "../runner/errors.ts";
import type { Content } from "./content.ts";
import { reachedFiles } from "./kustomizations.ts";
import { type PlacedObject, readObjects } from "./manifest-files.ts";
import { either, nearest } from "./nearest.ts";
import { inOrder, type RootPart } from "./root-parts.ts";
import { text } from "./untyped.ts";

/** An entry of `roots` in the configuration. */
export interface ConfiguredRoot {
  /** A file or folder, from the top of the repository. */
  path: string;
  /** Where the configuration says so. */
  place: Place;
}

/**
 * What the configured roots consist of: all objects of a file; of a folder, what its kustomization makes,
 * or else the objects of Argo CD and the Namespaces that stand in it (not below). Throws UsageError for an
 * entry that leads to no Application, ChangeError for a file that does not parse.
 */
export async function readConfiguredRoots(
  configured: readonly ConfiguredRoot[],
  content: Content,
): Promise<RootPart[]> {
  const parts: RootPart[] = [];
  for (const root of configured) parts.push(await readRoot(root, content));
  return parts;
}

async function readRoot(root: ConfiguredRoot, content: Content): Promise<RootPart> {
  const { tree, kustomizations } = content;
  const path = tree.resolve(root.path);
  if (path === undefined) throw missing(root, content);
  const kustomization = kustomizations.get(path);
  if (kustomization) {
    const manifests = inOrder(await readObjects(tree, reachedFiles(path, kustomizations), { lenient: true }));
    return { kind: "kustomization", folder: path, place: { file: kustomization.file }, manifests };
  }
  if (tree.hasFile(path)) return manifestsOf(root, await readObjects(tree, [path]));
  const direct = tree.below(path).filter((file) => (path === "" ? "." : path) === dirname(file.path));
  const objects = await readObjects(
    tree,
    direct.map((file) => file.path),
  );
  return manifestsOf(
    root,
    objects.filter(
      ({ manifest }) =>
        manifest.kind === "Namespace" || text(manifest.apiVersion)?.startsWith("argoproj.io/"),
    ),
  );
}

function manifestsOf(root: ConfiguredRoot, objects: readonly PlacedObject[]): RootPart {
  const brings = ({ manifest }: PlacedObject) =>
    manifest.kind === "Application" || manifest.kind === "ApplicationSet";
  if (objects.some(brings)) return { kind: "manifests", manifests: inOrder(objects) };
  throw new UsageError(`the root ${root.path} holds no Application and no ApplicationSet`, {
    where: root.place,
    fix: "Name the file of the root Application, or the folder it stands in.",
  });
}

function missing(root: ConfiguredRoot, { declared, tree }: Content): UsageError {
  const files = [...declared.applications, ...declared.applicationSets].map(({ place }) => place.file);
  const candidates = [...files, ...files.map((file) => dirname(file))];
  const sameName = candidates.filter((path) => basename(path) === basename(root.path));
  const near = [...new Set([...nearest(root.path, candidates), ...sameName])].slice(0, 3);
  return new UsageError(`the root ${root.path} is not in commit ${tree.commit.slice(0, 12)}`, {
    where: root.place,
    fix:
      near.length > 0
        ? `Did you mean ${either(near)}?`
        : "Name a file or folder relative to the configuration file.",
  });
}
