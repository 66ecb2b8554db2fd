import { dirname } from "node:path/posix";
import type { Content } from "./content.ts";
import { matchesGlob } from "./glob.ts";
import { reachedFiles } from "./kustomizations.ts";
import type { Source } from "./sources.ts";
import { inside } from "./tree.ts";
import { text } from "./untyped.ts";

/** Says of a file, by its path from the top, whether a source deploys what stands in it. */
export type Deploys = (file: string) => boolean;

const nothing: Deploys = () => false;

/**
 * Which files a source of this repository deploys, by the rules of Argo CD 3.6 (`util/app/discovery` and
 * `findManifests` of its repo-server): a chart's templates, what a kustomization reaches, or plain files,
 * below the folder only with `directory.recurse`. A plugin's is its own affair: everything below.
 */
export function filesDeployedBy(source: Source, { tree, declared, kustomizations }: Content): Deploys {
  const folder = source.path === undefined ? undefined : inside(source.path);
  if (folder === undefined || source.chart !== undefined) return nothing;
  const resolved = tree.resolve(folder);
  if (resolved === undefined) return nothing;
  if (tree.hasFile(under(resolved, "Chart.yaml")))
    return (file) => file.startsWith(`${under(resolved, "templates")}/`);
  if (kustomizations.has(resolved)) {
    const reached = reachedFiles(resolved, kustomizations);
    return (file) => reached.has(file);
  }
  if (source.plugin) return (file) => relative(resolved, file) !== undefined;
  return plainFiles(resolved, source, declared.skipped);
}

function plainFiles(folder: string, source: Source, skipped: ReadonlySet<string>): Deploys {
  const recurse = source.directory?.recurse === true;
  const include = text(source.directory?.include);
  const exclude = text(source.directory?.exclude);
  return (file) => {
    const path = relative(folder, file);
    if (path === undefined || skipped.has(file)) return false;
    if (!recurse && dirname(path) !== ".") return false;
    if (exclude !== undefined && matchesGlob(exclude, path, { star: "anything" })) return false;
    return include === undefined || matchesGlob(include, path, { star: "anything" });
  };
}

function relative(folder: string, file: string): string | undefined {
  if (folder === "") return file;
  return file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : undefined;
}

function under(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}
