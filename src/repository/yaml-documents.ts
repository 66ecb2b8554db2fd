import { type Document, LineCounter, parseDocument, type ScalarTag } from "yaml";

/** One document of a YAML file, not parsed yet. */
export interface YamlText {
  text: string;
  /** The line of the file on which `text` starts, from 1. */
  firstLine: number;
}

/** A parsed document. `value` is undefined where it has errors. */
export interface YamlDocument {
  value: unknown;
  errors: readonly YamlProblem[];
  document: Document.Parsed;
  /** The line of the file at an offset into the document's text. */
  lineAt(offset: number): number;
}

export interface YamlProblem {
  line: number;
  message: string;
}

/** Aliases in one document, beyond which it is a bomb rather than a manifest. */
const maxAliases = 1000;

/** Kubernetes reads YAML 1.1, where these words are booleans. Its other peculiarities do not matter to us. */
const oldBooleans: ScalarTag = {
  identify: () => false,
  default: true,
  tag: "tag:yaml.org,2002:bool",
  test: /^(?:yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/,
  resolve: (text) => /^(?:y|on)/i.test(text),
};

/**
 * Splits a file at its document markers. A line that starts with `---` ends a document wherever it
 * stands, even within a block of text, so no parser is needed: most documents need none afterwards either.
 */
export function splitDocuments(text: string): YamlText[] {
  const documents: YamlText[] = [];
  let start = 0;
  let firstLine = 1;
  for (const marker of text.matchAll(/^---(?=[ \t\r\n]|$)[^\n]*\n?/gm)) {
    const before = text.slice(start, marker.index);
    documents.push({ text: before, firstLine });
    firstLine += countLines(before);
    const [, inline] = /^---[ \t]+([^#\s].*)$/s.exec(marker[0]) ?? [];
    if (inline === undefined) {
      start = marker.index + marker[0].length;
      firstLine += countLines(marker[0]);
    } else {
      // Content, a tag or an anchor on the marker's own line.
      start = marker.index + 3;
    }
  }
  documents.push({ text: text.slice(start), firstLine });
  return documents.filter(({ text }) => /^[^#\s%]|^\s+[^#\s]/m.test(text));
}

/** Parses one document as Kubernetes would, but strictly: a duplicate key is an error. */
export function parseYaml({ text, firstLine }: YamlText): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    stringKeys: true,
    logLevel: "error",
    customTags: (tags) => [oldBooleans, ...tags],
  });
  const lineAt = (offset: number) => firstLine + Math.max(lines.linePos(offset).line, 1) - 1;
  const errors = document.errors.map((error) => ({
    line: lineAt(error.pos[0]),
    message:
      error.code === "DUPLICATE_KEY"
        ? `the key ${keyAt(text, error.pos[0])} stands twice in one mapping`
        : error.message,
  }));
  if (errors.length > 0) return { value: undefined, errors, document, lineAt };
  try {
    return { value: document.toJS({ maxAliasCount: maxAliases }), errors, document, lineAt };
  } catch (error) {
    // An alias without its anchor, or too many of them.
    const message = error instanceof Error ? error.message : String(error);
    return { value: undefined, errors: [{ line: firstLine, message }], document, lineAt };
  }
}

/** All documents of a file that hold anything. */
export function parseYamlFile(text: string): YamlDocument[] {
  return splitDocuments(text).map(parseYaml);
}

function keyAt(text: string, offset: number): string {
  return /^[^\s:,{}]+/.exec(text.slice(offset))?.[0] ?? "";
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
