import { copyFile, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Checkout } from "../repository/checkout.ts";
import type { Git, GitSetting } from "../repository/git.ts";
import { UsageError } from "../runner/errors.ts";
import { author } from "./merge.ts";

/**
 * Commits what lies in the checkout, saved or not yet added, on top of `head`, in our own repository. The
 * checkout's index, refs and objects stay as they are. Gives `head` itself where nothing has changed.
 */
export async function commitWorktree(request: {
  git: Git;
  gitDir: string;
  checkout: Checkout;
  head: string;
  signal?: AbortSignal | undefined;
}): Promise<{ commit: string; notes: string[] }> {
  const { git, gitDir, checkout, head, signal } = request;
  const index = join(gitDir, "worktree.index");
  const options = {
    cwd: checkout.top,
    signal,
    env: {
      GIT_DIR: checkout.gitDir,
      GIT_WORK_TREE: checkout.top,
      GIT_INDEX_FILE: index,
      GIT_OBJECT_DIRECTORY: join(gitDir, "objects"),
      // Quoted, because a colon in the path would separate two of them.
      GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(checkout.objects),
    },
    settings: writesNothingElse(gitDir),
  };
  await startFrom(index, checkout, options);
  const unmerged = await checkout.git.run(["ls-files", "--unmerged", "--format=%(path)"], options);
  if (unmerged !== "") {
    const files = [...new Set(unmerged.trim().split("\n"))];
    throw new UsageError(`a merge is unfinished in the checkout: ${files.join(", ")}`, {
      fix: "Resolve the conflicts and git add the files, or rehearse without --worktree.",
    });
  }
  await checkout.git.run(["add", "--all"], options);
  const notes = await dropForeignRepositories(checkout, head, options);
  const tree = (await checkout.git.run(["write-tree"], options)).trim();
  const unchanged = (await git.run(["rev-parse", `${head}^{tree}`], { signal })).trim() === tree;
  if (unchanged) return { commit: head, notes: [...notes, "The checkout has no uncommitted changes."] };
  const message = "Uncommitted work, as it lay in the checkout";
  const args = ["commit-tree", tree, "-p", head, "-m", message];
  return { commit: (await git.run(args, { env: author(), signal })).trim(), notes };
}

type CheckoutOptions = Parameters<Git["run"]>[1];

/** With the user's index, git add need not read files that have not changed, and keeps a sparse checkout. */
async function startFrom(index: string, checkout: Checkout, options: CheckoutOptions): Promise<void> {
  const original = join(checkout.gitDir, "index");
  const written = await stat(original).catch(() => undefined);
  if (!written) {
    await checkout.git.run(["read-tree", "HEAD"], options);
    return;
  }
  await copyFile(original, index);
  // Git takes a file for unchanged that is older than the index and has the recorded size. A copy is younger.
  const seconds = Math.floor(written.mtimeMs / 1000);
  await utimes(index, seconds, seconds);
}

/** Leaves out clones that lie untracked in the checkout: committed, they would be submodules of no URL. */
async function dropForeignRepositories(
  checkout: Checkout,
  head: string,
  options: CheckoutOptions,
): Promise<string[]> {
  const added = await checkout.git.run(
    ["diff-index", "--cached", "--diff-filter=A", "--no-renames", "-z", head],
    options,
  );
  const fields = added.split("\0").filter(Boolean);
  const repositories = fields.filter(
    (_, index) => index % 2 === 1 && fields[index - 1]?.startsWith(":000000 160000"),
  );
  const modules = await checkout.git.attempt(
    ["config", "--null", "--file", ".gitmodules", "--get-regexp", "\\.path$"],
    options,
  );
  const declared = new Set(modules.stdout.split("\0").map((entry) => entry.slice(entry.indexOf("\n") + 1)));
  const foreign = repositories.filter((path) => !declared.has(path));
  if (foreign.length === 0) return [];
  await checkout.git.run(["update-index", "--force-remove", "-z", "--stdin"], {
    ...options,
    input: foreign.map((path) => `${path}\0`).join(""),
  });
  return [`Left out, because each is a Git repository of its own: ${foreign.join(", ")}.`];
}

/** What git add would otherwise leave in the user's repository besides objects and index. */
function writesNothingElse(gitDir: string): GitSetting[] {
  return [
    ["core.fsmonitor", "false"],
    ["core.splitIndex", "false"],
    ["core.untrackedCache", "false"],
    ["core.hooksPath", "/dev/null"],
    ["core.safecrlf", "false"],
    ["advice.addEmbeddedRepo", "false"],
    ["lfs.storage", join(gitDir, "lfs")],
  ];
}
