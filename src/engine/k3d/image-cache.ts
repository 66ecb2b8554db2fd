import { createHash, randomBytes } from "node:crypto";
import { access, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { InfrastructureError, isExpected, messageOf } from "../../runner/errors.ts";
import type { Log } from "../../runner/log.ts";
import { answerOf, docker, tryDocker } from "./docker.ts";

/** Images of some hundred megabytes, from and to a slow disk. */
const timeoutMs = 5 * 60_000;

/** Whether an image's name stands for the same image tomorrow, as far as names do. */
export function isCacheable(image: string): boolean {
  if (image.includes("@")) return false; // Docker's archives lose digests
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag !== undefined && tag !== "latest";
}

/** The name of an image's archive: readable, and different for different images. */
export function archiveName(image: string): string {
  const readable = image.replaceAll(/[^\w.-]+/g, "-").slice(-80);
  return `${readable}-${createHash("sha256").update(image).digest("hex").slice(0, 8)}.tar`;
}

/** Loads an image from its archive in `folder` into Docker. Gives whether it was there, and usable. */
export async function loadFromCache(
  folder: string,
  image: string,
  { log, signal }: { log: Log; signal: AbortSignal },
): Promise<boolean> {
  const path = join(folder, archiveName(image));
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return false;
  const loaded = await tryDocker(["load", "--quiet", "--input", path], { signal, timeoutMs });
  if (loaded.exitCode === 0 && (await isInDocker(image, signal))) return true;
  const why = loaded.exitCode === 0 ? "it holds another image" : answerOf(loaded.stderr);
  log.warn(`The archive of ${image} cannot be used and is made anew: ${why}`);
  await rm(path, { force: true });
  return false;
}

/** Saves an image of Docker's to `folder`, completely or not at all. A failure is a warning. */
export async function saveToCache(
  folder: string,
  image: string,
  { log, signal }: { log: Log; signal: AbortSignal },
): Promise<void> {
  const path = join(folder, archiveName(image));
  const draft = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    await mkdir(folder, { recursive: true });
    await docker(["save", "--output", draft, "--", image], { signal, timeoutMs });
    await rename(draft, path);
  } catch (error) {
    if (signal.aborted || !(isExpected(error) || isSystemError(error))) throw error;
    log.warn(`${image} could not be kept in ${folder}: ${messageOf(error)}`);
  } finally {
    await rm(draft, { force: true });
  }
}

export async function isInDocker(image: string, signal: AbortSignal): Promise<boolean> {
  const { exitCode, stderr } = await tryDocker(["image", "inspect", "--format", "ok", "--", image], {
    signal,
  });
  if (exitCode === 0) return true;
  if (/no such image/i.test(stderr)) return false;
  throw new InfrastructureError(`Docker cannot say whether it has the image ${image}: ${answerOf(stderr)}`);
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}
