import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import type { z } from "zod";
import { InfrastructureError, isExpected, messageOf } from "../runner/errors.ts";
import { codeOf, explainFileError } from "../toolchain/disk.ts";
import { type Digest, digestOf } from "./digest.ts";

/**
 * What was fetched from other hosts, in one folder that outlives the run (`actions/cache` can keep it): bytes by
 * their digest, small JSON entries that say what they are, and bare Git repositories. Several processes may use
 * one folder at once: every file appears whole or not at all, and none is ever changed in place.
 */
export interface Store {
  /** Absolute. */
  readonly folder: string;
  /** Bytes whose digest was verified just now; undefined where there are none, or damaged ones. */
  readBlob(digest: Digest): Promise<Buffer | undefined>;
  /** Whether there is a blob of that digest; its bytes are not read. */
  hasBlob(digest: Digest): Promise<boolean>;
  /** Throws InfrastructureError where the disk is full or the folder cannot be written to. */
  keepBlob(bytes: Uint8Array): Promise<Digest>;
  /** What is known of one source. */
  entries<T>(kind: EntryKind<T>, source: string): Entries<T>;
  /** Where the bare repository of a Git URL is, or would be. */
  gitFolder(url: string): string;
}

/** One kind of entries; `entry-kinds.ts` has them all. */
export interface EntryKind<T> {
  /** The folder's name. */
  name: string;
  schema: z.ZodType<T>;
  /** What tells entries of one source apart. */
  keyOf(entry: T): string;
}

export interface Entries<T> {
  read(key: string): Promise<T | undefined>;
  /** All that can be read, in the order of their keys. */
  list(): Promise<T[]>;
  /** Replaces the one of the same key. Throws like `keepBlob`. */
  keep(entry: T): Promise<void>;
}

/** `$XDG_CACHE_HOME/rehearsal/vendor`; the specification has relative values ignored. */
export function defaultStoreFolder(): string {
  const configured = process.env.XDG_CACHE_HOME;
  const base = configured !== undefined && isAbsolute(configured) ? configured : join(homedir(), ".cache");
  return join(base, "rehearsal/vendor");
}

/** Opens the store in a folder, which is made with the first thing that is kept. */
export function openStore(folder: string): Store {
  const blobPath = (digest: Digest) => join(folder, "blobs/sha256", digest.slice("sha256:".length));

  return {
    folder,
    async readBlob(digest) {
      const bytes = await readIfThere(blobPath(digest));
      if (bytes === undefined || digestOf(bytes) === digest) return bytes;
      await rm(blobPath(digest), { force: true });
      return undefined;
    },
    async hasBlob(digest) {
      return (await stat(blobPath(digest)).catch(() => undefined))?.isFile() ?? false;
    },
    async keepBlob(bytes) {
      const digest = digestOf(bytes);
      const found = await readIfThere(blobPath(digest));
      if (found === undefined || digestOf(found) !== digest)
        await writeWhole(folder, blobPath(digest), bytes);
      return digest;
    },
    entries: ({ name, schema, keyOf }, source) => {
      const place = join(folder, name, folderName(source));
      const fileOf = (key: string) => join(place, `${fileName(key)}.json`);
      const read = async (file: string) => {
        const text = await readIfThere(file);
        const parsed = text && schema.safeParse(parseJson(text.toString("utf8")));
        return parsed?.success ? parsed.data : undefined;
      };
      return {
        read: (key) => read(fileOf(key)),
        async list() {
          const names = await readdir(place).catch(() => []);
          const files = names.filter((file) => file.endsWith(".json")).sort();
          const entries = await Promise.all(files.map((file) => read(join(place, file))));
          return entries.filter((entry) => entry !== undefined);
        },
        keep: (entry) =>
          writeWhole(folder, fileOf(keyOf(entry)), Buffer.from(`${JSON.stringify(entry, null, 2)}\n`)),
      };
    },
    gitFolder: (url) => join(folder, "git", `${folderName(url)}.git`),
  };
}

/** Under its name only once it is complete. */
async function writeWhole(root: string, path: string, bytes: Uint8Array): Promise<void> {
  const partial = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(partial, bytes, { flush: true });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw explained(error, root);
  }
}

function explained(error: unknown, root: string): unknown {
  const known = explainFileError(error, root);
  if (isExpected(known) || codeOf(known) === undefined) return known;
  return new InfrastructureError(`the cache in ${root} cannot be used: ${messageOf(error)}`, {
    cause: error,
  });
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

const longestName = 80;

/** For people to recognise, and unlike that of any other source, also where the file system ignores case. */
function folderName(source: string): string {
  const words = source.replace(/^https?:\/\//, "").replace(/[^A-Za-z0-9.-]+/g, "_");
  return `${words.slice(0, longestName).replace(/^[._]+/, "")}-${hash(source)}`;
}

function fileName(key: string): string {
  return /^[a-z0-9][a-z0-9._-]{0,79}$/.test(key) ? key : `${fileWords(key)}-${hash(key)}`;
}

function fileWords(key: string): string {
  return key
    .replace(/[^A-Za-z0-9.-]+/g, "_")
    .replace(/^[._]+/, "")
    .slice(0, longestName);
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
