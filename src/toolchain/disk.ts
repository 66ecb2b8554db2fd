import { stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { InfrastructureError, messageOf } from "../runner/errors.ts";
import { formatBytes, joinNames } from "./wording.ts";

export interface SpaceNeed {
  folder: string;
  bytes: number;
  /** What takes the space: `Go's build cache`. */
  what: string;
}

/** Free bytes for the current user in the file system of `folder`, which need not exist yet. */
export async function freeSpace(folder: string): Promise<{ bytes: number; device: number }> {
  try {
    const [{ bavail, bsize }, { dev }] = await Promise.all([statfs(folder), stat(folder)]);
    return { bytes: bavail * bsize, device: dev };
  } catch (error) {
    if (codeOf(error) !== "ENOENT" || dirname(folder) === folder) throw error;
    return freeSpace(dirname(folder));
  }
}

/**
 * Throws InfrastructureError, with the numbers, where a file system has less space than is needed on it.
 * Needs on the same file system add up. `purpose` is the subject of the message: `building the toolchain`.
 */
export async function requireSpace(purpose: string, needs: readonly SpaceNeed[]): Promise<void> {
  const byDevice = new Map<number, { free: number; needs: SpaceNeed[] }>();
  for (const need of needs) {
    const { bytes, device } = await freeSpace(need.folder);
    const entry = byDevice.get(device) ?? { free: bytes, needs: [] };
    entry.needs.push(need);
    byDevice.set(device, entry);
  }
  for (const { free, needs } of byDevice.values()) {
    const needed = needs.reduce((sum, need) => sum + need.bytes, 0);
    if (needed <= free) continue;
    const parts = needs
      .filter((need) => need.bytes > 0)
      .map((need) => `${formatBytes(need.bytes)} for ${need.what} in ${need.folder}`);
    throw new InfrastructureError(
      `${purpose} needs about ${formatBytes(needed)} of disk (${joinNames(parts)}), and ${formatBytes(free)} is free`,
      { fix: noSpaceFix },
    );
  }
}

export const noSpaceFix =
  "Free some space, or move the caches to a bigger disk: XDG_CACHE_HOME for ours, GOCACHE and GOMODCACHE for Go's.";

/** Turns a failed operation on files into the user's error; gives back anything else as it came. */
export function explainFileError(error: unknown, folder: string): unknown {
  const code = codeOf(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new InfrastructureError(`no space left on the disk of ${folder}`, {
      fix: noSpaceFix,
      cause: error,
    });
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new InfrastructureError(`cannot write to ${folder}: ${messageOf(error)}`, {
      fix: "Make the folder writable, or set XDG_CACHE_HOME to one that is.",
      cause: error,
    });
  }
  return error;
}

/** Whether an error is of reading or writing files, and not of what is in them. */
export function isFileError(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EACCES", "EPERM", "EROFS", "ENOENT", "EISDIR", "EIO"].includes(
    codeOf(error) ?? "",
  );
}

/** The code of a system error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
