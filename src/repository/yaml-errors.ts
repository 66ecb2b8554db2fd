import type { Place } from "../runner/errors.ts";
import { isChartTemplate } from "./manifests.ts";
import type { Tree } from "./tree.ts";
import { parseYamlFile } from "./yaml-documents.ts";

/** A file below a folder that is not the YAML it should be. */
export interface YamlError extends Place {
  file: string;
  line: number;
  message: string;
}

/**
 * Every error in the YAML below a folder, at any depth: syntax, tabs, keys that stand twice, aliases
 * without an anchor. Templates of Helm charts are left out. For pointing at the place when Argo CD says
 * that it cannot generate manifests; not every one of these stops Argo CD.
 */
export async function findYamlErrors(tree: Tree, folder: string): Promise<YamlError[]> {
  const files = tree
    .below(folder)
    .map((file) => file.path)
    .filter((path) => /\.ya?ml$|\/Kustomization$/.test(path) && !isChartTemplate(tree, path));
  const found: YamlError[] = [];
  for await (const [file, content] of tree.readAll(files)) {
    for (const { errors } of parseYamlFile(content))
      found.push(...errors.map((error) => ({ file, ...error })));
  }
  return found;
}
