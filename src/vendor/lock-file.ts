import { posix } from "node:path";
import type { Tree } from "../repository/tree.ts";
import { ChangeError } from "../runner/errors.ts";
import { compareLocks, emptyLock, type Lock, lockFileName, parseLock } from "./lock.ts";

/** The lock of a commit: of the scope, else of the top; an empty one where there is none. Throws UsageError. */
export async function readLock(tree: Tree, scope: string): Promise<Lock & { file: string }> {
  for (const file of new Set([posix.join(scope, lockFileName), lockFileName])) {
    const text = await tree.read(file);
    if (text !== undefined) return { ...parseLock(text, file), file };
  }
  return { ...emptyLock, file: lockFileName };
}

/**
 * What a change is held against: its own lock, and for all that this no longer has, that of the base. Throws
 * ChangeError where the two have another digest for one version: whoever replaced what was published would
 * otherwise only need to write it into the change.
 */
export function jointLock(base: Lock, change: Lock & { file: string }): Lock {
  const [conflict] = compareLocks(base, change);
  if (conflict) {
    const { what, before, after } = conflict;
    throw new ChangeError(
      `the digest of ${what} has changed: the base's lock has ${before}, the change's has ${after}`,
      {
        where: { file: change.file },
        fix: "Take a new version. If it was published anew on purpose, merge the lock alone, past the gate.",
      },
    );
  }
  return { entries: [...change.entries, ...base.entries] };
}
