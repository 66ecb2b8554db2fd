import { parse, stringify } from "yaml";
import { z } from "zod";
import { messageOf, UsageError } from "../runner/errors.ts";
import type { Digest } from "./digest.ts";
import { digestShape } from "./entry-kinds.ts";
import { ociKey, repositoryKey } from "./source-url.ts";

/** Beside `.rehearsal.yaml`. */
export const lockFileName = "rehearsal.lock.yaml";

const word = z.string().min(1);
const chart = {
  /** Of the Helm repository, or `oci://host/path` without the chart's own name. */
  source: word,
  name: word,
  version: word,
  /** Of the archive; in a registry, of the manifest. */
  digest: digestShape,
};

const entry = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("helm"), ...chart }),
  z.strictObject({ kind: z.literal("oci"), ...chart }),
  z.strictObject({
    kind: z.literal("git"),
    source: word,
    /** The branch, tag, commit or range that is followed; `HEAD` where none is named. */
    version: word,
    commit: z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/, "a full commit"),
  }),
  z.strictObject({ kind: z.literal("file"), source: word, digest: digestShape }),
]);

const file = z.strictObject({ lock: z.literal(1), sources: z.array(entry) });

/** What one source was when the repository was vendored. */
export type LockEntry = z.infer<typeof entry>;

/** What the sources of a repository were when it was vendored, as `rehearsal.lock.yaml` holds it. */
export interface Lock {
  entries: readonly LockEntry[];
}

export const emptyLock: Lock = { entries: [] };

const header = `# What this repository takes from other hosts, as \`rehearse vendor\` found it. Reviewed like any other change:
# the same version with another digest is somebody having replaced what was published.
`;

/**
 * Reads a lock. `where` is the file's name from the top of the repository. Throws UsageError where it is not
 * valid, or has two entries of one source and version.
 */
export function parseLock(text: string, where: string): Lock {
  const checked = file.safeParse(parseText(text, where));
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw invalid(where, `${issue?.path.join(".") || "all of it"}: ${issue?.message ?? "not valid"}`);
  }
  const entries = checked.data.sources;
  const keys = entries.map(keyOf);
  const twice = entries.find((_, index) => keys.indexOf(keys[index] ?? "") !== index);
  if (twice) throw invalid(where, `${describe(twice)} stands in it twice`);
  return { entries };
}

/** The text of a lock: sorted, so that equal locks are equal files. */
export function formatLock({ entries }: Lock): string {
  const sources = [...entries].sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
  return header + stringify({ lock: 1, sources }, { lineWidth: 0 });
}

/** The digest that a lock has for a version of a chart; undefined where it has none. */
export function lockedDigest(
  { entries }: Lock,
  wanted: { kind: "helm" | "oci"; source: string; name: string; version: string },
): Digest | undefined {
  const source = sourceKey(wanted);
  const found = entries.find(
    (item) =>
      (item.kind === "helm" || item.kind === "oci") &&
      sourceKey(item) === source &&
      item.name === wanted.name &&
      item.version === wanted.version,
  );
  return found && "digest" in found ? found.digest : undefined;
}

/** The digest that a lock has for a file that is read by its URL; undefined where it has none. */
export function lockedFile({ entries }: Lock, url: string): Digest | undefined {
  const found = entries.find((item) => item.kind === "file" && item.source === url);
  return found && "digest" in found ? found.digest : undefined;
}

function sourceKey({ kind, source }: { kind: string; source: string }): string {
  return kind === "oci" ? ociKey(source) : repositoryKey(source);
}

/** Something that two locks say differently. */
export interface LockConflict {
  /** `cert-manager v1.21.1 of https://charts.jetstack.io`. */
  what: string;
  /** Digests or commits. */
  before: string;
  after: string;
}

/**
 * What both locks have, and say differently. A branch of a Git repository and a file without a version may
 * change; a chart's version and a tag may not.
 */
export function compareLocks(before: Lock, after: Lock): LockConflict[] {
  const known = new Map(before.entries.map((item) => [keyOf(item), item]));
  return after.entries.flatMap((item) => {
    const earlier = known.get(keyOf(item));
    if (earlier === undefined || earlier.kind === "git" || earlier.kind === "file") return [];
    const [left, right] = [contentOf(earlier), contentOf(item)];
    return left === right ? [] : [{ what: describe(item), before: left, after: right }];
  });
}

/** What an entry is about, for people. */
export function describe(item: Omit<LockEntry, "digest" | "commit">): string {
  const { name, version } = item as { name?: string; version?: string };
  return [[name, version].filter(Boolean).join(" "), item.source].filter(Boolean).join(" of ");
}

/** Equal for entries of one thing. */
function keyOf(item: { kind: string; source: string; name?: string; version?: string }): string {
  return JSON.stringify([item.kind, item.source, item.name ?? "", item.version ?? ""]);
}

function contentOf(item: LockEntry): string {
  return item.kind === "git" ? item.commit : item.digest;
}

function parseText(text: string, where: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw invalid(where, messageOf(error).split("\n")[0] ?? "not YAML");
  }
}

function invalid(where: string, why: string): UsageError {
  return new UsageError(`${where} is not a valid lock: ${why}`, {
    where: { file: where },
    fix: "Let rehearse vendor write it again.",
  });
}
