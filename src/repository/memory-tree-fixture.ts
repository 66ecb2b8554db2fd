import { dirname } from "node:path/posix";
import { inside, type Tree, type TreeFile } from "./tree.ts";

/** A tree of plain files that no Git holds, for tables of hundreds. Links are for `committed` of tree-fixture.ts. */
export function memoryTree(texts: Readonly<Record<string, string>>): Tree {
  const files: TreeFile[] = Object.entries(texts)
    .map(([path, text]) => ({ path, id: path, bytes: Buffer.byteLength(text), kind: "file" as const }))
    .toSorted((left, right) => (left.path < right.path ? -1 : 1));
  const folders = new Set([""]);
  for (const { path } of files) {
    for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) folders.add(folder);
  }
  const hasFile = (path: string) => Object.hasOwn(texts, inside(path) ?? "..");
  const hasFolder = (path: string) => folders.has(inside(path) ?? "..");
  return {
    commit: "0".repeat(40),
    files,
    hasFile,
    hasFolder,
    below: (folder) => files.filter(({ path }) => folder === "" || path.startsWith(`${folder}/`)),
    resolve: (path) => (hasFile(path) || hasFolder(path) ? inside(path) : undefined),
    read: async (path) => texts[inside(path) ?? ".."],
    async *readAll(paths) {
      for (const path of new Set(paths)) {
        const text = texts[inside(path) ?? ".."];
        if (text !== undefined) yield [path, text] as const;
      }
    },
  };
}
