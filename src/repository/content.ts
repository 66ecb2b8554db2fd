import { type Kustomizations, readKustomizations } from "./kustomizations.ts";
import { type Declared, readDeclared } from "./manifests.ts";
import type { Tree } from "./tree.ts";

/** What one commit declares, read once and asked often. */
export interface Content {
  tree: Tree;
  /** The folder whose Applications are rehearsed; "" for the whole repository. */
  scope: string;
  /** What stands below the scope. */
  declared: Declared;
  /** Those of the whole repository: a source may lie outside the scope. */
  kustomizations: Kustomizations;
}

/** Reads what is declared below `scope` in a commit. */
export async function readContent(tree: Tree, scope: string): Promise<Content> {
  const [declared, kustomizations] = await Promise.all([readDeclared(tree, scope), readKustomizations(tree)]);
  return { tree, scope, declared, kustomizations };
}
