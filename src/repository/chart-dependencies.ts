import { join } from "node:path/posix";
import { lineOf } from "./kustomizations.ts";
import type { FilePlace } from "./locate.ts";
import type { Tree } from "./tree.ts";
import { mapping, mappings, text } from "./untyped.ts";
import { parseYamlFile } from "./yaml-documents.ts";

/** A chart that a chart in Git depends on, and that is not beside it. */
export interface ChartDependency {
  name: string;
  /** As written: a URL, or `@name` of a repository that only the cluster knows. */
  repository: string;
  /** From the lock where there is one, else the range that is written. */
  version: string | undefined;
  place: FilePlace;
}

/**
 * What `helm dependency build` fetches for the chart in `folder`: what Chart.yaml names (requirements.yaml of the
 * first API version), at the versions of its lock. Nothing where all of it lies in `charts/`, because Argo CD then
 * does not call it; dependencies in folders (`file://`) are not fetched either.
 */
export async function chartDependencies(folder: string, tree: Tree): Promise<ChartDependency[]> {
  for (const [name, lock] of [
    ["Chart.yaml", "Chart.lock"],
    ["requirements.yaml", "requirements.lock"],
  ] as const) {
    const file = join(folder, name);
    const [document] = parseYamlFile((await tree.read(file)) ?? "");
    const entries = mappings(mapping(document?.value).dependencies);
    if (!document || entries.length === 0) continue;
    const locked = await readLock(join(folder, lock), tree);
    const all = entries.map((entry, index) => {
      const dependency = { name: text(entry.name) ?? "", repository: text(entry.repository) ?? "" };
      const version = locked.get(keyOf(dependency)) ?? text(entry.version);
      const place = { file, line: lineOf(document, ["dependencies", index, "name"]) };
      return { ...dependency, version, place };
    });
    if (all.every((dependency) => isVendored(dependency.name, folder, tree))) return [];
    return all.filter(({ repository }) => repository !== "" && !repository.startsWith("file:"));
  }
  return [];
}

async function readLock(file: string, tree: Tree): Promise<ReadonlyMap<string, string>> {
  const [document] = parseYamlFile((await tree.read(file)) ?? "");
  const entries = mappings(mapping(document?.value).dependencies);
  return new Map(
    entries.flatMap((entry): [string, string][] => {
      const version = text(entry.version);
      const key = keyOf({ name: text(entry.name) ?? "", repository: text(entry.repository) ?? "" });
      return version === undefined ? [] : [[key, version]];
    }),
  );
}

function keyOf({ name, repository }: { name: string; repository: string }): string {
  return `${repository.replace(/\/+$/, "")} ${name}`;
}

function isVendored(name: string, folder: string, tree: Tree): boolean {
  const charts = join(folder, "charts");
  if (tree.hasFile(join(charts, name, "Chart.yaml"))) return true;
  const archive = `${charts}/${name}-`;
  return tree
    .below(charts)
    .some(
      ({ path }) =>
        path.startsWith(archive) && /^v?\d/.test(path.slice(archive.length)) && path.endsWith(".tgz"),
    );
}
