import { ChangeError, type Place } from "../runner/errors.ts";
import { manifestFile, objectsIn } from "./manifests.ts";
import type { Tree } from "./tree.ts";
import { type Mapping, text } from "./untyped.ts";
import { parseYamlFile } from "./yaml-documents.ts";

/** An object as it stands in a file. */
export interface PlacedObject {
  place: Place & { file: string; line: number };
  manifest: Mapping;
}

/**
 * The objects in plain manifest files, in the order of the files. Throws ChangeError at the first that
 * does not parse; `lenient` passes over it instead.
 */
export async function readObjects(
  tree: Tree,
  files: Iterable<string>,
  { lenient = false }: { lenient?: boolean } = {},
): Promise<PlacedObject[]> {
  const found: PlacedObject[] = [];
  const manifests = [...files].filter((file) => manifestFile.test(file));
  for await (const [file, content] of tree.readAll(manifests)) {
    for (const document of parseYamlFile(content)) {
      const [error] = document.errors;
      if (error && !lenient) {
        throw new ChangeError(`this manifest does not parse: ${error.message}`, {
          where: { file, line: error.line },
        });
      }
      const objects = objectsIn(document).filter(
        ({ object }) => text(object.kind) && text(object.apiVersion),
      );
      found.push(...objects.map(({ object, line }) => ({ place: { file, line }, manifest: object })));
    }
  }
  return found;
}
