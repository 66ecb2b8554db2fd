import { randomUUID } from "node:crypto";
import type { Git } from "../repository/git.ts";
import { ChangeError } from "../runner/errors.ts";
import { CommandError } from "../runner/process.ts";

export interface MergeRequest {
  base: string;
  head: string;
  baseBranch: string;
}

/**
 * The tree of the merge, as Git's own strategy computes it. Throws ChangeError where the two conflict, with
 * the names of the files, or have no history in common.
 */
export async function mergeTree(git: Git, request: MergeRequest, signal?: AbortSignal): Promise<string> {
  const { base, head, baseBranch } = request;
  const args = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", base, head];
  const result = await git.attempt(args, { signal });
  const [tree = "", ...conflicts] = result.stdout.split("\0").filter(Boolean);
  if (result.exitCode === 0) return tree.trim();
  if (result.exitCode === 1) {
    const files = [...new Set(conflicts)];
    throw new ChangeError(`the change conflicts with ${baseBranch} in ${files.join(", ")}`, {
      where: files[0] === undefined ? undefined : { file: files[0] },
      fix: `Merge ${baseBranch} into the change, or rebase it, and resolve the conflicts.`,
    });
  }
  if (result.stderr.includes("unrelated histories")) {
    throw new ChangeError(`the change has no history in common with ${baseBranch}`, {
      fix: `Start the change from a commit of ${baseBranch}.`,
    });
  }
  throw new CommandError("git", args, result);
}

/**
 * Commits the merge result, always anew. The random identity in its message makes a SHA that exists nowhere
 * else, also where the merge changes nothing or only fast-forwards: an Application synced at that SHA can
 * have got it from the mirror alone.
 */
export async function commitMerge(
  git: Git,
  tree: string,
  request: MergeRequest,
  signal?: AbortSignal,
): Promise<string> {
  const { base, head, baseBranch } = request;
  const parents = [...new Set([base, head])].flatMap((parent) => ["-p", parent]);
  const message = `Rehearse the merge of ${head} into ${baseBranch}\n\nRehearsal-Id: ${randomUUID()}\n`;
  const commit = await git.run(["commit-tree", tree, ...parents, "-F", "-"], {
    env: author(),
    input: message,
    signal,
  });
  return commit.trim();
}

/** Who commits, in place of a user who need not be configured. */
export function author(): Record<string, string> {
  const name = "Rehearsal";
  const email = "rehearsal@localhost";
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  };
}
