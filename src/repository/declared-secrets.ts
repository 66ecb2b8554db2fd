import type { Tree, TreeFile } from "./tree.ts";
import { isMapping, type Mapping, mapping, texts } from "./untyped.ts";
import { parseYaml, splitDocuments, type YamlText } from "./yaml-documents.ts";

/** What a commit says in plain text that nobody should repeat. */
export interface DeclaredSecrets {
  /** Secrets as they stand there, valid or not. */
  secrets: readonly Mapping[];
  /** Further values: of kustomize's generators, of what is called a password, in URLs, in what does not parse. */
  values: readonly string[];
}

const readable = /\.(?:ya?ml|json)$/i;
/** Files that kustomize's generators read may have any name, and those with secrets usually have one of these. */
const environmentFile = /(?:^|\/)[^/]*\.env(?:\.[^/]*)?$/i;

/** Most files need no parser to see that they hold none. */
const hint =
  /\bkind["']?\s*:\s*["']?Secret\b|secretGenerator|pass(?:word|wd|phrase)|token|api[-_]?key|(?:access|private)[-_]?key|client[-_]?secret|:\/\/[^\s/"'<>]+@/i;

/** Of keys of values files. Not `secret` or `secretKey`, which are names of Secrets and of their keys. */
const telling = /(?:pass(?:word|wd|phrase)|token|api[-_]?key|(?:access|private)[-_]?key|client[-_]?secret)$/i;

const inUrl = /\b[a-z][a-z0-9+.-]{0,20}:\/\/([^\s/"'<>]+)@/gi;
const templated = /\{\{|\$\(|\$\{/;

/**
 * Finds what is secret in a commit. `seen` are ids of blobs that were read before; those of this commit are added.
 */
export async function readDeclaredSecrets(tree: Tree, seen: Set<string>): Promise<DeclaredSecrets> {
  const isNew = ({ id }: TreeFile) => !seen.has(id);
  const files = tree.files.filter(
    (file) => isNew(file) && (readable.test(file.path) || environmentFile.test(file.path)),
  );
  for (const { id } of files) seen.add(id);
  const secrets: Mapping[] = [];
  const values: string[] = [];
  for await (const [path, text] of tree.readAll(files.map(({ path }) => path))) {
    if (environmentFile.test(path)) values.push(...assignments(text));
    else if (hint.test(text)) {
      const found = secretsInText(text);
      secrets.push(...found.secrets);
      values.push(...found.values);
    }
  }
  return { secrets, values };
}

/** What is secret in the text of a YAML or JSON file. */
export function secretsInText(text: string): DeclaredSecrets {
  const secrets: Mapping[] = [];
  const values = [...text.matchAll(inUrl)].flatMap(([, user = ""]) => credentials(user));
  for (const part of splitDocuments(text)) {
    if (!hint.test(part.text)) continue;
    const { value } = parseYaml(part);
    if (value === undefined) values.push(...valuesOfBroken(part));
    else walk(value, !isMapping(value) || value.kind === undefined);
  }
  return { secrets, values: values.filter((value) => !templated.test(value)) };

  /** `settings`: a values file, whose keys tell what is secret. */
  function walk(value: unknown, settings: boolean): void {
    if (Array.isArray(value)) for (const item of value) walk(item, settings);
    if (!isMapping(value)) return;
    if (value.kind === "Secret") secrets.push(untemplated(value));
    for (const generator of Array.isArray(value.secretGenerator) ? value.secretGenerator : [])
      values.push(...texts(mapping(generator).literals).flatMap(assignments));
    for (const [key, field] of Object.entries(value)) {
      if (typeof field === "string") {
        if (settings && telling.test(key)) values.push(field);
        // A values file within an Application.
        else if (key === "values" && field.includes("\n")) values.push(...secretsInText(field).values);
      } else walk(field, settings || key === "valuesObject");
    }
  }
}

/** What a template puts in is not known here, and the template itself no secret. */
function untemplated(secret: Mapping): Mapping {
  const kept = (field: unknown) =>
    Object.fromEntries(
      Object.entries(mapping(field)).filter(
        ([, value]) => typeof value !== "string" || !templated.test(value),
      ),
    );
  return { ...secret, data: kept(secret.data), stringData: kept(secret.stringData) };
}

/** `NAME=value`, line by line. */
function assignments(text: string): string[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, value] = /^\s*(?!#)[^=]+=(.*)$/.exec(line) ?? [];
    return value === undefined ? [] : [value, value.replace(/^\s*(["'])(.*)\1\s*$/, "$2")];
  });
}

/** As it stands in a URL, and what it means there. */
function credentials(user: string): string[] {
  const colon = user.indexOf(":");
  const password = colon === -1 ? user : user.slice(colon + 1);
  return [password, decoded(password)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A Secret that is no YAML is quoted in the error that says so: all that stands below its data may be a value. */
function valuesOfBroken({ text }: YamlText): string[] {
  const isSecret = /^\s*["']?kind["']?\s*:\s*["']?Secret\b/m.test(text);
  const values: string[] = [];
  let within = false;
  for (const line of text.split(/\r?\n/)) {
    const [, indent = "", key, rest = ""] =
      /^(\s*)(?:- )?["']?([\w./-]+)["']?\s*:(?:\s+(.*))?$/.exec(line) ?? [];
    if (isSecret && key !== undefined && /^(?:string)?data$/i.test(key)) within = true;
    else if (key !== undefined && indent === "" && isSecret) within = false;
    else if (within || (key !== undefined && telling.test(key))) {
      const shown = (key === undefined ? line : rest).trim();
      values.push(shown, shown.replace(/^["']|["']$/g, ""));
    }
  }
  return values;
}
