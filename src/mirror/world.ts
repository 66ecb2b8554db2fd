import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Checkout, mainRemote, type Remote } from "../repository/checkout.ts";
import type { Git } from "../repository/git.ts";
import { httpsUrlOf, sameRepository } from "../repository/repository-url.ts";
import { UsageError } from "../runner/errors.ts";
import type { Log } from "../runner/log.ts";
import { commitMerge, mergeTree } from "./merge.ts";
import { createOwnRepository } from "./own-repository.ts";
import { resolveBase, resolveHead } from "./revisions.ts";
import { rewriteSshUrls } from "./ssh-urls.ts";
import { bringUpstreamRefs, copyPullRequestRefs, writeRefs } from "./upstream-refs.ts";
import { commitWorktree } from "./worktree-commit.ts";

/** The repository as it will be after the merge, in a bare Git repository of our own. */
export interface World {
  /** The bare repository. The user's own is only ever read. */
  gitDir: string;
  /** The repository's https URLs (no credentials, no trailing `.git`): the mirror answers for each. */
  urls: readonly string[];
  /** The branch that the pull request merges into, such as `main`. */
  baseBranch: string;
  /** Whether `baseBranch` is the default branch, so that HEAD is the merge result too. */
  baseIsDefault: boolean;
  base: string;
  head: string;
  /** The merge of head into base: full SHA of a commit that exists nowhere else. */
  merge: string;
  /** The tree of the merge as Git makes it, before anything was rewritten. */
  mergedTree: string;
  /** Manifests in which an ssh URL of this repository was replaced, because ssh cannot be intercepted. */
  rewritten: readonly string[];
  /** Folders with files of Git LFS, each as `ab/cd/<oid>` below it. */
  lfsStores: readonly string[];
  /** What a reader of the verdict should know about how this came to be. */
  notes: readonly string[];
}

export interface WorldRequest {
  checkout: Checkout;
  /** The branch or commit to merge into; the default branch where undefined. */
  base?: string | undefined;
  /** The branch that stands for `base`, where that is a commit. */
  baseBranch?: string | undefined;
  /** The change; the checkout's HEAD where undefined. */
  head?: string | undefined;
  /** Rehearse what lies in the checkout, committed or not, in place of `head`. */
  worktree?: boolean | undefined;
  /** The pull request's number, for its `refs/pull/…`. */
  pullRequest?: number | undefined;
  /** The repository's URLs, in any spelling; or how to tell them from the base. */
  urls: readonly string[] | ((base: BaseCommit) => Promise<readonly string[]>);
  /** A private folder for the bare repository. */
  folder: string;
  /** Whether the remote may be asked; otherwise its branches and tags are as the checkout last saw them. */
  fetch: boolean;
  log: Log;
  signal?: AbortSignal | undefined;
}

/** What the change is merged into, in a Git directory that has it. */
export interface BaseCommit {
  gitDir: string;
  commit: string;
}

/**
 * Makes the world after the merge. Throws UsageError (unknown revision, history that is missing),
 * ChangeError (the merge conflicts) or InfrastructureError (a shallow checkout that cannot be completed).
 */
export async function prepareWorld(request: WorldRequest): Promise<World> {
  const { checkout, log, signal } = request;
  if (request.worktree && request.head !== undefined) {
    throw new UsageError("--worktree and --head exclude each other", {
      fix: "Check out the revision whose uncommitted work you mean, and leave out --head.",
    });
  }
  await mkdir(request.folder, { recursive: true, mode: 0o700 });
  const gitDir = join(request.folder, "world.git");
  const git = await createOwnRepository(gitDir, checkout, signal);
  const known = typeof request.urls === "function" ? [] : request.urls;
  const remote = chooseRemote(checkout, known);
  const upstream = await bringUpstreamRefs({
    git,
    gitDir,
    checkout,
    remote,
    fetch: request.fetch,
    log,
    signal,
  });

  const network = request.fetch ? remote : undefined;
  const query = { git, gitDir, checkout, network, remoteName: remote?.name, signal };
  const defaultBranch = upstream.defaultBranch ?? checkout.defaultBranch;
  const base = await resolveBase(query, {
    revision: request.base,
    branch: request.baseBranch,
    defaultBranch,
  });
  const named =
    typeof request.urls === "function" ? await request.urls({ gitDir, commit: base.commit }) : request.urls;
  const urls = [...new Set(named.flatMap((url) => httpsUrlOf(url) ?? []))];
  const committed = await resolveHead(query, request.head);
  const worktree = request.worktree
    ? await commitWorktree({ git, gitDir, checkout, head: committed, signal })
    : { commit: committed, notes: [] };

  const commits = { base: base.commit, head: worktree.commit, baseBranch: base.branch };
  const merged = await mergeTree(git, commits, signal);
  const before = await git.run(["rev-parse", `${base.commit}^{tree}`], { signal });
  const { tree, rewritten } = await rewriteSshUrls({ git, gitDir, tree: merged, urls, signal });
  const merge = await commitMerge(git, tree, commits, signal);
  const head = { branch: defaultBranch ?? base.branch };
  await publish({ git, checkout, commits, merge, head, pullRequest: request.pullRequest, signal });
  return {
    gitDir,
    urls,
    baseBranch: base.branch,
    baseIsDefault: base.branch === head.branch,
    base: base.commit,
    head: worktree.commit,
    merge,
    mergedTree: merged,
    rewritten,
    lfsStores: [join(gitDir, "lfs/objects"), join(checkout.commonDir, "lfs/objects")],
    notes: [
      ...upstream.notes,
      ...worktree.notes,
      ...(before.trim() === merged ? [`The merge changes no file of ${base.branch}.`] : []),
      ...(rewritten.length === 0 ? [] : [sshNote(rewritten)]),
      ...(await largeFileNotes(git, merge, signal)),
    ],
  };
}

/** The remote that is the repository itself, rather than a fork of it that `origin` may be. */
function chooseRemote(checkout: Checkout, urls: readonly string[]): Remote | undefined {
  const main = mainRemote(checkout.remotes);
  const candidates = main ? [main, ...checkout.remotes] : checkout.remotes;
  return candidates.find((remote) => urls.some((url) => sameRepository(url, remote.url))) ?? main;
}

async function publish(request: {
  git: Git;
  checkout: Checkout;
  commits: { base: string; head: string; baseBranch: string };
  merge: string;
  head: { branch: string };
  pullRequest: number | undefined;
  signal: AbortSignal | undefined;
}): Promise<void> {
  const { git, commits, merge, signal } = request;
  await copyPullRequestRefs(git, request.checkout, signal);
  const own = request.pullRequest === undefined ? "refs/rehearsal" : `refs/pull/${request.pullRequest}`;
  await writeRefs(
    git,
    [
      { ref: `refs/heads/${commits.baseBranch}`, sha: merge },
      { ref: `${own}/head`, sha: commits.head },
      { ref: `${own}/merge`, sha: merge },
    ],
    signal,
  );
  await git.run(["symbolic-ref", "HEAD", `refs/heads/${request.head.branch}`], { signal });
}

function sshNote(rewritten: readonly string[]): string {
  return (
    "ssh cannot be intercepted, so the merge result names this repository by its https URL in " +
    `${rewritten.join(", ")}.`
  );
}

async function largeFileNotes(git: Git, merge: string, signal?: AbortSignal): Promise<string[]> {
  const args = ["grep", "-l", "-F", "-e", "filter=lfs", merge, "--", ".gitattributes", "*/.gitattributes"];
  const { exitCode } = await git.attempt(args, { signal });
  if (exitCode !== 0) return [];
  return [
    "Files of Git LFS come from the checkout where it has all that are asked for, otherwise from the host.",
  ];
}
