import { type Checkout, findCommit, type Remote, unknownRevision } from "../repository/checkout.ts";
import type { Git } from "../repository/git.ts";
import { UsageError } from "../runner/errors.ts";
import { fetchCommit } from "./upstream-refs.ts";

export interface RevisionQuery {
  /** Our own repository, with the remote's branches and tags. */
  git: Git;
  gitDir: string;
  checkout: Checkout;
  /** The remote that may be asked for commits which no branch leads to. */
  network: Remote | undefined;
  remoteName: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface Base {
  commit: string;
  branch: string;
}

/**
 * The commit and the branch that the pull request merges into. A branch is taken as the remote has it, and
 * only otherwise as the checkout has it. Throws UsageError where there is none.
 */
export async function resolveBase(
  query: RevisionQuery,
  wanted: { revision: string | undefined; branch: string | undefined; defaultBranch: string | undefined },
): Promise<Base> {
  const fallback = wanted.branch ?? wanted.defaultBranch;
  const revision = wanted.revision ?? fallback;
  if (revision === undefined) throw branchUnknown();
  for (const name of branchNames(revision, query.remoteName)) {
    const commit = await findBranch(query, name);
    if (commit !== undefined) return { commit, branch: wanted.branch ?? name };
  }
  const commit = await findAnywhere(query, revision);
  if (commit === undefined) throw unknownRevision(query.checkout, revision);
  if (fallback === undefined) throw branchUnknown();
  return { commit, branch: fallback };
}

/** The commit of the pull request; HEAD of the checkout by default. Throws UsageError where there is none. */
export async function resolveHead(query: RevisionQuery, revision = "HEAD"): Promise<string> {
  const commit = await findAnywhere(query, revision);
  if (commit !== undefined) return commit;
  if (revision !== "HEAD") throw unknownRevision(query.checkout, revision);
  throw new UsageError(`the checkout ${query.checkout.top} has no commit yet`, {
    fix: "Commit something first.",
  });
}

async function findBranch(query: RevisionQuery, name: string): Promise<string | undefined> {
  const upstream = await showRef(query.git, `refs/heads/${name}`, query.signal);
  if (upstream !== undefined) return upstream;
  const tracked = query.remoteName && `refs/remotes/${query.remoteName}/${name}`;
  const seen = tracked ? await showRef(query.checkout.git, tracked, query.signal) : undefined;
  return seen ?? showRef(query.checkout.git, `refs/heads/${name}`, query.signal);
}

async function findAnywhere(query: RevisionQuery, revision: string): Promise<string | undefined> {
  const local = await findCommit(query.checkout, revision, query.signal);
  if (local !== undefined) return local;
  for (const name of branchNames(revision, query.remoteName)) {
    const upstream = await showRef(query.git, `refs/heads/${name}`, query.signal);
    if (upstream !== undefined) return upstream;
  }
  const absolute = await anchoredAtHead(query, revision);
  const known = absolute && (await findOwn(query, absolute));
  if (known) return known;
  const isSha = /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(revision);
  if (!isSha || !query.network) return undefined;
  const request = { gitDir: query.gitDir, checkout: query.checkout, remote: query.network };
  const brought = await fetchCommit(request, revision, query.signal);
  return brought ? findOwn(query, revision) : undefined;
}

/** HEAD~2 is counted from the checkout's HEAD, also where only our own repository has the history. */
async function anchoredAtHead(query: RevisionQuery, revision: string): Promise<string | undefined> {
  const [, relative] = revision.match(/^(?:HEAD|@)((?:[~^].*)?)$/) ?? [];
  if (relative === undefined) return revision;
  const head = await findCommit(query.checkout, "HEAD", query.signal);
  return head && `${head}${relative}`;
}

async function findOwn({ git, signal }: RevisionQuery, revision: string): Promise<string | undefined> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`];
  const { exitCode, stdout } = await git.attempt(args, { signal });
  return exitCode === 0 ? stdout.trim() : undefined;
}

async function showRef(git: Git, ref: string, signal?: AbortSignal): Promise<string | undefined> {
  const { exitCode, stdout } = await git.attempt(["show-ref", "--verify", "--hash", "--", ref], { signal });
  return exitCode === 0 ? stdout.trim() : undefined;
}

function branchNames(revision: string, remote: string | undefined): string[] {
  const prefixes = [
    "refs/heads/",
    ...(remote === undefined ? [] : [`refs/remotes/${remote}/`, `${remote}/`]),
  ];
  const prefix = prefixes.find((candidate) => revision.startsWith(candidate)) ?? "";
  return revision === "HEAD" || revision === "@" ? [] : [revision.slice(prefix.length)];
}

function branchUnknown(): UsageError {
  return new UsageError("cannot tell which branch the change merges into", {
    fix: "Name it with --base, such as --base main.",
  });
}
