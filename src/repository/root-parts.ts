import { dirname } from "node:path/posix";
import type { Place } from "../runner/errors.ts";
import type { Content } from "./content.ts";
import { reachedFiles } from "./kustomizations.ts";
import { type PlacedObject, readObjects } from "./manifest-files.ts";
import type { RootGroup } from "./root-groups.ts";
import { text } from "./untyped.ts";

/** Something to apply. */
export type RootPart =
  | { kind: "manifests"; manifests: readonly PlacedObject[] }
  /** To be rendered with kustomize. `manifests` are the objects of its files, as they are before. */
  | { kind: "kustomization"; folder: string; place: Place; manifests: readonly PlacedObject[] };

/** Namespaces, then AppProjects, then what needs them. */
export function inOrder(objects: readonly PlacedObject[]): PlacedObject[] {
  const rank = ({ manifest }: PlacedObject) =>
    manifest.kind === "Namespace" ? 0 : manifest.kind === "AppProject" ? 1 : 2;
  return [...objects].sort((a, b) => rank(a) - rank(b));
}

/**
 * A group of roots with what stands beside them: the kustomization that holds them together, if it needs
 * nothing from elsewhere; otherwise the manifests, with the Namespaces and AppProjects of their folder.
 */
export async function readGroup(group: RootGroup, content: Content): Promise<RootPart> {
  const { tree, kustomizations } = content;
  const kustomization = kustomizations.get(group.folder);
  if (kustomization && kustomization.remote.length === 0 && kustomization.helmCharts.length === 0) {
    const reached = reachedFiles(group.folder, kustomizations);
    if (group.members.every(({ place }) => reached.has(place.file))) {
      return {
        kind: "kustomization",
        folder: group.folder,
        place: { file: kustomization.file },
        manifests: inOrder(await readObjects(tree, reached, { lenient: true })),
      };
    }
  }
  const folder = group.folder === "" ? "." : group.folder;
  const beside = tree.below(group.folder).filter((file) => dirname(file.path) === folder);
  const objects = await readObjects(
    tree,
    beside.map((file) => file.path),
    { lenient: true },
  );
  return {
    kind: "manifests",
    manifests: inOrder([
      ...objects.filter(isCompanion),
      ...group.members.map(({ place, manifest }) => ({ place, manifest })),
    ]),
  };
}

function isCompanion({ manifest }: PlacedObject): boolean {
  if (manifest.kind === "Namespace") return true;
  return manifest.kind === "AppProject" && Boolean(text(manifest.apiVersion)?.startsWith("argoproj.io/"));
}
