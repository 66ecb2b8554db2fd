import { parse } from "yaml";
import { isMapping, mappings, text } from "../repository/untyped.ts";
import { type Digest, parseDigest } from "./digest.ts";
import type { ChartVersion } from "./entry-kinds.ts";

/** One version of a chart, as the index of a Helm repository has it. */
export interface IndexedChart {
  name: string;
  version: string;
  /** Of the archive; not every repository says it. */
  digest: Digest | undefined;
  /** Where its archive is, absolute. */
  urls: readonly URL[];
  /** What stands there besides. */
  facts: Record<string, unknown>;
}

/** The index of a Helm repository. Real ones have tens of megabytes, so no more of it is parsed than is asked for. */
export interface HelmIndex {
  /** Those whose archive is at a URL. */
  at(archive: URL): IndexedChart[];
  /** All versions of one chart. */
  versionsOf(name: string): IndexedChart[];
  /** One URL of each origin that archives are at. */
  archiveOrigins(): string[];
}

/** `repository` is the URL that relative ones are of. Undefined where the text is no index. */
export function readIndex(source: string, repository: string): HelmIndex | undefined {
  const charts = split(source) ?? parseWhole(source);
  if (!charts) return undefined;
  const base = new URL(`${repository}/`);
  const read = (name: string, item: Item) => indexed(name, item.value(), base);
  return {
    at(archive) {
      const file = archive.pathname.split("/").at(-1) ?? "";
      if (file === "") return [];
      const spelled = [file, decode(file), encodeURIComponent(decode(file))];
      return [...charts].flatMap(([name, items]) =>
        items
          .filter((item) => spelled.some((spelling) => item.text.includes(spelling)))
          .flatMap((item) => read(name, item) ?? [])
          .filter(({ urls }) => urls.some((url) => sameUrl(url, archive))),
      );
    },
    versionsOf: (name) => (charts.get(name) ?? []).flatMap((item) => read(name, item) ?? []),
    archiveOrigins() {
      const lists = source.matchAll(/["']?urls["']?:\s*(\[[^\]]*\]|(?:\n\s*- .*)+)/g);
      const found = [...lists].flatMap(([, list = ""]) => list.match(/https?:\/\/[^/"'\s,\]]+/g) ?? []);
      return [...new Set(found)];
    },
  };
}

/** An index of nothing but what is given. JSON is YAML, and is read faster. */
export function writeIndex(versions: readonly ChartVersion[]): string {
  const entries: Record<string, unknown[]> = {};
  for (const { name, version, digest, url, facts } of versions) {
    entries[name] = [
      ...(entries[name] ?? []),
      { ...facts, name, version, digest: digest.slice("sha256:".length), urls: [url] },
    ];
  }
  return `${JSON.stringify({ apiVersion: "v1", entries })}\n`;
}

interface Item {
  text: string;
  value(): unknown;
}

/** By the name of the chart: the items of its list as they stand in the text. Undefined where it is laid out otherwise. */
function split(source: string): Map<string, Item[]> | undefined {
  const start = /^entries:[ \t]*\r?\n/m.exec(source);
  if (!start) return undefined;
  const charts = new Map<string, Item[]>();
  let items: Item[] = [];
  let keyIndent: number | undefined;
  let itemIndent: number | undefined;
  let lines: string[] = [];
  const flush = () => {
    const text = lines.join("\n");
    if (lines.length > 0) items.push({ text, value: () => firstOf(parseText(text)) });
    lines = [];
  };
  for (const line of source.slice(start.index + start[0].length).split(/\r?\n/)) {
    const indent = line.search(/\S/);
    if (indent === -1 || (lines.length === 0 && line[indent] === "#")) {
      if (lines.length > 0) lines.push(line);
      continue;
    }
    const isItem = line.startsWith("- ", indent) || line.slice(indent) === "-";
    if (indent === 0 && !isItem) break;
    keyIndent ??= indent;
    if (!isItem && indent === keyIndent) {
      const key = /^\s*(["']?)([^"':]+)\1:\s*(?:\[\])?\s*$/.exec(line);
      if (!key) return undefined;
      flush();
      items = [];
      charts.set(key[2] ?? "", items);
      itemIndent = undefined;
    } else if (isItem && (itemIndent ?? indent) === indent) {
      flush();
      itemIndent = indent;
      lines = [line];
    } else if (lines.length > 0) {
      lines.push(line);
    } else {
      return undefined;
    }
  }
  flush();
  return charts;
}

function parseWhole(source: string): Map<string, Item[]> | undefined {
  const value = parseText(source);
  if (!isMapping(value) || !isMapping(value.entries)) return undefined;
  return new Map(
    Object.entries(value.entries).map(([name, items]) => [
      name,
      mappings(items).map((item) => ({ text: JSON.stringify(item), value: () => item })),
    ]),
  );
}

function firstOf(list: unknown): unknown {
  return Array.isArray(list) ? list[0] : undefined;
}

function parseText(source: string): unknown {
  try {
    return /^\s*\{/.test(source) ? JSON.parse(source) : parse(source, { logLevel: "silent" });
  } catch {
    return undefined;
  }
}

function indexed(name: string, value: unknown, base: URL): IndexedChart | undefined {
  if (!isMapping(value)) return undefined;
  const { name: own, version, digest, urls, ...facts } = value;
  const number = text(version);
  if (number === undefined) return undefined;
  const list = Array.isArray(urls) ? urls.flatMap((url) => text(url) ?? []) : [];
  return {
    name: text(own) ?? name,
    version: number,
    digest: parseDigest(digest),
    urls: list.flatMap((url) => (URL.canParse(url, base.href) ? [new URL(url, base)] : [])),
    facts,
  };
}

/** Whoever gives it may spell what needs no escape with one. */
function sameUrl(left: URL, right: URL): boolean {
  return left.origin === right.origin && decode(left.pathname) === decode(right.pathname);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
