import { parse } from "yaml";
import type { ProtectedSetting } from "../../repository/protected-settings.ts";
import { isMapping } from "../../repository/untyped.ts";
import type { YamlDocument } from "../../repository/yaml-documents.ts";

/**
 * One thing that a commit says of Argo CD's security. A grant that the merge adds, and a restriction that it takes
 * away, weaken it.
 */
export interface Fact {
  setting: ProtectedSetting;
  kind: "grant" | "restriction";
  /** What makes two of them the same, whatever their file, line and format. */
  key: string;
  /** Of a grant, what it does; of a restriction, what is no more without it. No value that could be a secret. */
  says: string;
  /** What the restriction is on, such as `AppProject apps`: where that is gone, nothing is weakened. */
  owner: string;
  where: { file: string; line: number };
}

export type Path = readonly (string | number)[];

/** Where a value stands, so that parts of it can be found. */
export interface Site {
  file: string;
  line(path: Path): number;
}

export function siteOf(file: string, document: YamlDocument): Site {
  return { file, line: (path) => document.lineAt(offsetOf(document.document.contents, path)) };
}

export function below(site: Site, ...prefix: Path): Site {
  return { file: site.file, line: (path) => site.line([...prefix, ...path]) };
}

/** Of what stands as text within a value: all of it is where that value is. */
export function within(site: Site): Site {
  return { file: site.file, line: () => site.line([]) };
}

/** The offset of the key at a path, or of the nearest above it that is there. */
function offsetOf(contents: unknown, path: Path): number {
  let offset = startOf(contents);
  let node = contents;
  for (const step of path) {
    if (!isMapping(node) || !Array.isArray(node.items)) break;
    if (typeof step === "number") {
      node = node.items[step];
      offset = startOf(node) || offset;
    } else {
      const pair = node.items.find((item) => String(item?.key) === step);
      if (!pair) break;
      offset = startOf(pair.key) || offset;
      node = pair.value;
    }
  }
  return offset;
}

function startOf(node: unknown): number {
  const range = isMapping(node) ? node.range : undefined;
  return Array.isArray(range) ? Number(range[0]) : 0;
}

/** The same for what means the same: the order of keys, comments and the format of YAML in a string do not matter. */
export function canonical(value: unknown): string {
  if (typeof value === "string") {
    const parsed = parsedText(value);
    return typeof parsed === "object" && parsed !== null ? canonical(parsed) : value.trim();
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isMapping(value)) return String(value);
  const entries = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`);
  return `{${entries.toSorted().join(",")}}`;
}

/** A string as the YAML that it holds; undefined where it holds none. */
export function parsedText(text: string): unknown {
  try {
    return parse(text, { logLevel: "error" });
  } catch {
    return undefined;
  }
}

/** As YAML or a ConfigMap has it: a boolean or its text. */
export function isTrue(value: unknown): boolean {
  return /^(?:true|yes|on|1|t)$/i.test(String(value).trim());
}

export function isFalse(value: unknown): boolean {
  return /^(?:false|no|off|0|f)$/i.test(String(value).trim());
}

/** For people, and short. */
export function shown(value: string): string {
  const line = value.replaceAll(/\s+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
