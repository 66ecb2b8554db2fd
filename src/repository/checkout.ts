import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { UsageError } from "../runner/errors.ts";
import { CommandError } from "../runner/process.ts";
import { type Git, gitIn, requireGit } from "./git.ts";

/** The user's checkout. It is only ever read. */
export interface Checkout {
  /** Its top folder; absolute, symbolic links resolved. */
  top: string;
  /** The folder that was opened, relative to `top`, with forward slashes; empty for `top` itself. */
  scope: string;
  /** Of this worktree; differs from `commonDir` in a linked worktree. */
  gitDir: string;
  commonDir: string;
  /** The object store. */
  objects: string;
  /** Whether its history is cut off. */
  shallow: boolean;
  /** Whether objects are missing that Git would fetch when it needs them (a partial clone). */
  partial: boolean;
  remotes: readonly Remote[];
  /** Undefined where HEAD is detached. */
  currentBranch: string | undefined;
  /**
   * As far as it can be told without asking the remote: its HEAD as last seen, else a branch `main` or
   * `master`, else the current branch. Undefined in a checkout of CI, which has one commit and no branch.
   */
  defaultBranch: string | undefined;
  git: Git;
}

export interface Remote {
  name: string;
  /** As it is contacted, after `url.<base>.insteadOf`. May carry credentials. */
  url: string;
  /** As it is configured. */
  configuredUrl: string;
}

/** Opens the checkout that `path` lies in. Throws UsageError where there is none, or Git is too old. */
export async function openCheckout(path: string, signal?: AbortSignal): Promise<Checkout> {
  const folder = resolve(path);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new UsageError(`${path} is not a folder`, {
      fix: "Name a folder in a checkout of your repository.",
    });
  }
  await requireGit(signal);
  const git = gitIn(folder);
  const [top = "", prefix = "", gitDir = "", commonDir = "", objects = "", shallow = ""] = await locate(
    git,
    path,
    signal,
  );
  const [remotes, currentBranch, partial] = await Promise.all([
    listRemotes(git, signal),
    symbolicRef(git, "HEAD", "refs/heads/", signal),
    git.attempt(["config", "--get-regexp", "^remote\\..*\\.promisor$"], { signal }),
  ]);
  return {
    top,
    scope: prefix.replace(/\/$/, ""),
    gitDir,
    commonDir,
    objects,
    shallow: shallow === "true",
    partial: partial.stdout.includes("true"),
    remotes,
    currentBranch,
    defaultBranch: await findDefaultBranch(git, mainRemote(remotes)?.name, currentBranch, signal),
    git: gitIn(top),
  };
}

/** `origin`, or the only remote there is. */
export function mainRemote(remotes: readonly Remote[]): Remote | undefined {
  const origin = remotes.find((remote) => remote.name === "origin");
  return origin ?? (remotes.length === 1 ? remotes[0] : undefined);
}

/** The full SHA of the commit that `revision` names in the checkout, or undefined. */
export async function findCommit(
  checkout: Checkout,
  revision: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`];
  // With --quiet, --end-of-options is printed as well by older versions of Git.
  const { exitCode, stdout } = await checkout.git.attempt(args, { signal });
  return exitCode === 0 ? stdout.trim().split("\n").at(-1) : undefined;
}

/** Like `findCommit`, but throws UsageError where there is no such commit. */
export async function resolveRevision(
  checkout: Checkout,
  revision: string,
  signal?: AbortSignal,
): Promise<string> {
  const commit = await findCommit(checkout, revision, signal);
  if (commit === undefined) throw unknownRevision(checkout, revision);
  return commit;
}

export function unknownRevision(checkout: Checkout, revision: string): UsageError {
  const shallow = checkout.shallow ? ", and the checkout is shallow" : "";
  return new UsageError(`there is no revision "${revision}" in ${checkout.top}${shallow}`, {
    fix: checkout.shallow
      ? "Check out the whole history (actions/checkout: fetch-depth: 0; elsewhere: git fetch --unshallow)."
      : "Name a branch, tag or commit that git log knows; git fetch brings those of the remote.",
  });
}

async function locate(git: Git, path: string, signal?: AbortSignal): Promise<string[]> {
  const args = ["rev-parse", "--path-format=absolute", "--show-toplevel", "--show-prefix"];
  const result = await git.attempt(
    [...args, "--absolute-git-dir", "--git-common-dir", "--git-path", "objects", "--is-shallow-repository"],
    { signal },
  );
  if (result.exitCode === 0) return result.stdout.split("\n");
  const reason = result.stderr;
  if (reason.includes("dubious ownership")) {
    throw new UsageError(`Git refuses to read ${path}, because it belongs to another user`, {
      fix: `If you trust it: git config --global --add safe.directory ${resolve(path)}`,
    });
  }
  if (reason.includes("must be run in a work tree")) {
    throw new UsageError(`${path} is not inside a checkout but inside a repository without files`, {
      fix: "Name a folder of a checkout: git worktree add makes one.",
    });
  }
  if (reason.includes("not a git repository")) {
    throw new UsageError(`${path} is not inside a Git repository`, {
      fix: "Call it in a checkout of your GitOps repository, or name the checkout's folder.",
    });
  }
  throw new CommandError("git", args, result);
}

async function listRemotes(git: Git, signal?: AbortSignal): Promise<Remote[]> {
  const { stdout } = await git.attempt(["config", "--null", "--get-regexp", "^remote\\..*\\.url$"], {
    signal,
  });
  const configured = new Map<string, string>();
  for (const entry of stdout.split("\0").filter(Boolean)) {
    const [key = "", url = ""] = entry.split("\n");
    const name = key.slice("remote.".length, -".url".length);
    if (!configured.has(name)) configured.set(name, url);
  }
  return Promise.all(
    [...configured].map(async ([name, configuredUrl]) => {
      const contacted = await git.attempt(["remote", "get-url", "--", name], { signal });
      return { name, configuredUrl, url: contacted.stdout.trim() || configuredUrl };
    }),
  );
}

async function findDefaultBranch(
  git: Git,
  remote: string | undefined,
  currentBranch: string | undefined,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const remoteRefs = remote === undefined ? undefined : `refs/remotes/${remote}/`;
  if (remoteRefs) {
    const head = await symbolicRef(git, `${remoteRefs}HEAD`, remoteRefs, signal);
    if (head !== undefined) return head;
  }
  for (const prefix of [remoteRefs, "refs/heads/"]) {
    for (const name of prefix ? ["main", "master"] : []) {
      const known = await git.attempt(["rev-parse", "--verify", "--quiet", `${prefix}${name}`], { signal });
      if (known.exitCode === 0) return name;
    }
  }
  return currentBranch;
}

async function symbolicRef(
  git: Git,
  ref: string,
  prefix: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { exitCode, stdout } = await git.attempt(["symbolic-ref", "--quiet", ref], { signal });
  const target = stdout.trim();
  return exitCode === 0 && target.startsWith(prefix) ? target.slice(prefix.length) : undefined;
}
