import type { Place } from "../runner/errors.ts";
import type { Content } from "./content.ts";
import { matchesGlob } from "./glob.ts";
import { type Declared, isChartTemplate, manifestFile } from "./manifests.ts";
import type { Tree } from "./tree.ts";
import { splitDocuments } from "./yaml-documents.ts";

/**
 * Where an object stands in Git; undefined where no plain manifest holds it (a chart or a generator makes
 * it), or where several do. An object that names no namespace stands for any.
 */
export type Locate = (kind: string, name: string, namespace?: string) => FilePlace | undefined;

export type FilePlace = Place & { file: string; line: number };

interface Standing {
  namespace: string | undefined;
  place: FilePlace;
}

/**
 * Reads all plain manifests of the repository once. Files are scanned, not parsed: a definition of two
 * megabytes costs nothing, and one broken file hides no other. JSON, and YAML written like JSON, is not found.
 */
export async function locator({ tree, declared }: Content): Promise<Locate> {
  const index = await scanManifests(tree);
  return (kind, name, namespace) => {
    const application = kind === "Application" ? locateApplication(declared, name) : undefined;
    return application ?? choose(index.get(`${kind}/${name}`) ?? [], namespace);
  };
}

/**
 * Where an Application is declared: itself, or the ApplicationSet that makes it (`applicationSet`, from the
 * Application's owner references; without it, the only one whose template can give the name).
 */
export function locateApplication(
  declared: Declared,
  name: string,
  applicationSet?: string,
): FilePlace | undefined {
  const [own, another] = declared.applications.filter((one) => one.name === name && one.sources.length > 0);
  if (own && applicationSet === undefined) return another ? undefined : own.place;
  const [set, more] = declared.applicationSets.filter((one) =>
    applicationSet === undefined ? canMake(one.templateName, name) : one.name === applicationSet,
  );
  return set && !more ? set.place : undefined;
}

async function scanManifests(tree: Tree): Promise<Map<string, Standing[]>> {
  const files = tree.files
    .map((file) => file.path)
    .filter((path) => manifestFile.test(path) && !isChartTemplate(tree, path));
  const index = new Map<string, Standing[]>();
  for await (const [file, content] of tree.readAll(files)) {
    for (const { text, firstLine } of splitDocuments(content)) {
      const object = scan(text);
      if (!object) continue;
      const key = `${object.kind}/${object.name}`;
      const standing = { namespace: object.namespace, place: { file, line: firstLine + object.line } };
      index.set(key, [...(index.get(key) ?? []), standing]);
    }
  }
  return index;
}

function canMake(templateName: string | undefined, name: string): boolean {
  if (templateName === undefined) return false;
  const pattern = templateName.replace(/\{\{.*?\}\}/g, "*");
  // A name that is nothing but a placeholder could be anyone's.
  return pattern !== "*" && matchesGlob(pattern, name, { star: "anything" });
}

function choose(standing: readonly Standing[], namespace: string | undefined): FilePlace | undefined {
  const exact = standing.filter((one) => one.namespace !== undefined && one.namespace === namespace);
  const fitting = standing.filter((one) => one.namespace === undefined || namespace === undefined);
  const [only, another] = exact.length > 0 ? exact : fitting;
  return another ? undefined : only?.place;
}

/** Kind, name and namespace of a document in block style; `line` is that of its kind, from 0. */
function scan(
  document: string,
): { kind: string; name: string; namespace: string | undefined; line: number } | undefined {
  const kind = /^kind:[ \t]*["']?([\w.-]+)/m.exec(document);
  const metadata = /^metadata:[ \t]*(?:#.*)?\r?\n((?:[ \t]+.*(?:\r?\n|$)|[ \t]*(?:#.*)?\r?\n)+)/m.exec(
    document,
  );
  const block = metadata?.[1];
  if (!kind?.[1] || block === undefined) return undefined;
  const indent = /^([ \t]+)[^\s#]/m.exec(block)?.[1] ?? "";
  const field = (name: string) =>
    new RegExp(`^${indent}${name}:[ \\t]*["']?([^\\s"'#]+)`, "m").exec(block)?.[1];
  const name = field("name");
  if (name === undefined) return undefined;
  const line = document.slice(0, kind.index).split("\n").length - 1;
  return { kind: kind[1], name, namespace: field("namespace"), line };
}
