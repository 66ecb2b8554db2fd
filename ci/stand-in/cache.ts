import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { asStep, type Log, type Step } from "../../src/runner/log.ts";
import { defaultCacheFolder } from "../../src/toolchain/context.ts";

/** What every part of the stand-in is made with. */
export interface Workshop {
  log: Log;
  signal?: AbortSignal | undefined;
}

/** Beside the toolchain's: holds one folder per part, named after what it is made from. */
export function standInCache(): string {
  return join(dirname(defaultCacheFolder()), "stand-in");
}

/** 16 hexadecimal digits over all parts. */
export function keyOf(...parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

/** A key over the names and contents of all files below a folder. */
export async function folderKey(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const contents = await Promise.all(files.map((file) => readFile(file, "utf8")));
  return keyOf(files.map((file, index) => [file.slice(folder.length), contents[index]]));
}

/**
 * The folder of a part of the stand-in, from the cache or made by `make`, which fills an empty folder. The
 * caller holds the lock. A part's older versions are removed when it is made anew.
 */
export async function cached(
  { log, signal }: Workshop,
  { name, key, title, cache = standInCache() }: { name: string; key: string; title: string; cache?: string },
  make: (staging: string, step: Step) => Promise<void>,
): Promise<string> {
  const folder = join(cache, `${name}-${key}`);
  if (await exists(folder)) return folder;
  const staging = join(cache, `${name}-staging-${randomBytes(4).toString("hex")}`);
  await mkdir(staging, { recursive: true });
  try {
    await asStep(log, title, (step) => make(staging, step));
    signal?.throwIfAborted();
    await rename(staging, folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  const older = new RegExp(`^${name}-(?:staging-)?[0-9a-f]+$`);
  for (const entry of await readdir(cache)) {
    if (older.test(entry) && entry !== basename(folder))
      await rm(join(cache, entry), { recursive: true, force: true });
  }
  return folder;
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
