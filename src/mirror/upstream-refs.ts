import type { Checkout, Remote } from "../repository/checkout.ts";
import { configuredGitAt, type Git, type GitSetting } from "../repository/git.ts";
import { InfrastructureError, UsageError } from "../runner/errors.ts";
import { asStep, type Log } from "../runner/log.ts";
import { CommandError, lastLines } from "../runner/process.ts";

export interface UpstreamRefs {
  /** The remote's own answer; undefined where it was not asked, or has none. */
  defaultBranch: string | undefined;
  notes: readonly string[];
}

const answerMs = 30_000;
const wholeHistory = "Check out the whole history: with actions/checkout set fetch-depth: 0.";

/**
 * Brings the remote's branches and tags into `git`, our own repository: from the network, or else as the
 * checkout has them. Throws UsageError or InfrastructureError where the history stays incomplete.
 */
export async function bringUpstreamRefs(request: {
  git: Git;
  gitDir: string;
  checkout: Checkout;
  remote: Remote | undefined;
  fetch: boolean;
  log: Log;
  signal?: AbortSignal | undefined;
}): Promise<UpstreamRefs> {
  const { git, checkout, remote, log, signal } = request;
  const incomplete = checkout.shallow ? "shallow" : checkout.partial ? "a partial clone" : undefined;
  if (!remote || !request.fetch) {
    if (incomplete) {
      const why = remote ? "nothing may be fetched" : "it has no remote to complete it from";
      throw new UsageError(`the checkout ${checkout.top} is ${incomplete}, and ${why}`, {
        fix: wholeHistory,
      });
    }
    await copyLocalRefs(git, checkout, remote?.name, signal);
    return { defaultBranch: undefined, notes: [] };
  }
  try {
    return await asStep(log, `Fetching branches and tags of ${remote.name}`, () =>
      fetchRefs(request, remote, signal),
    );
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    signal?.throwIfAborted();
    const reason = lastLines(error.result.stderr, 2) || "it did not answer in time";
    if (incomplete) {
      throw new InfrastructureError(
        `the checkout is ${incomplete}, and the rest cannot be fetched from ${remote.name}: ${reason}`,
        { fix: wholeHistory, cause: error },
      );
    }
    await copyLocalRefs(git, checkout, remote.name, signal);
    const note = `Branches and tags are as the checkout last saw them: ${remote.name} cannot be fetched (${reason}).`;
    log.warn(note);
    return { defaultBranch: undefined, notes: [note] };
  }
}

/** Tries to bring a commit that no branch or tag leads to, such as the head of a fork's pull request. */
export async function fetchCommit(
  request: { gitDir: string; checkout: Checkout; remote: Remote },
  commit: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const { exitCode } = await attemptOnNetwork(
    request,
    ["fetch", ...quietly, request.remote.configuredUrl, commit],
    signal,
  );
  return exitCode === 0;
}

const quietly = ["--quiet", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance"];

async function fetchRefs(
  request: { git: Git; gitDir: string; checkout: Checkout },
  remote: Remote,
  signal?: AbortSignal,
): Promise<UpstreamRefs> {
  const url = remote.configuredUrl;
  const symbolic = await onNetwork(request, ["ls-remote", "--symref", url, "HEAD"], signal, answerMs);
  const completion = request.checkout.shallow
    ? ["--unshallow"]
    : request.checkout.partial
      ? ["--refetch"]
      : [];
  const refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
  await onNetwork(
    request,
    ["fetch", ...quietly, "--force", "--no-tags", ...completion, url, ...refs],
    signal,
  );
  const shallow = await request.git.run(["rev-parse", "--is-shallow-repository"], { signal });
  if (shallow.trim() === "true") {
    throw new InfrastructureError(`${remote.name} does not have the history that the checkout lacks`, {
      fix: wholeHistory,
    });
  }
  return { defaultBranch: symbolic.match(/^ref: refs\/heads\/(\S+)\tHEAD$/m)?.[1], notes: [] };
}

async function onNetwork(
  request: { gitDir: string; checkout: Checkout },
  args: readonly string[],
  signal?: AbortSignal,
  timeoutMs?: number,
): Promise<string> {
  const result = await attemptOnNetwork(request, args, signal, timeoutMs);
  if (result.exitCode === 0) return result.stdout;
  const stderr = withoutCredentials(result.stderr);
  throw new CommandError("git", args.map(withoutCredentials), { ...result, stderr });
}

async function attemptOnNetwork(
  { gitDir, checkout }: { gitDir: string; checkout: Checkout },
  args: readonly string[],
  signal?: AbortSignal,
  timeoutMs?: number,
) {
  const git = configuredGitAt(gitDir);
  const settings = await transportSettings(checkout, git, signal);
  const has = (name: string) => settings.some(([key]) => key === name);
  const ownSsh = process.env.GIT_SSH_COMMAND ?? process.env.GIT_SSH ?? has("core.sshcommand");
  return git.attempt(args, {
    cwd: checkout.top,
    signal,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    env: ownSsh
      ? {}
      : { GIT_SSH_COMMAND: "ssh -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15" },
    settings: [["http.lowSpeedLimit", "1000"], ["http.lowSpeedTime", "60"], ...settings],
  });
}

/**
 * What the checkout's configuration adds to the user's about reaching remotes: a CI checkout keeps its
 * credentials there. Our own repository has a configuration of its own and would not see it.
 */
async function transportSettings(
  checkout: Checkout,
  git: Git,
  signal?: AbortSignal,
): Promise<readonly GitSetting[]> {
  const [theirs, ours] = await Promise.all([listSettings(checkout.git, signal), listSettings(git, signal)]);
  const known = ours.map(String);
  return theirs.filter((setting) => {
    if (!/^(http|credential|url|ssh|protocol)\.|^core\.(sshcommand|askpass|gitproxy)$/.test(setting[0])) {
      return false;
    }
    const index = known.indexOf(String(setting));
    if (index >= 0) known.splice(index, 1);
    return index < 0;
  });
}

async function listSettings(git: Git, signal?: AbortSignal): Promise<GitSetting[]> {
  const listing = await git.run(["config", "--list", "--null"], { signal });
  return listing
    .split("\0")
    .filter(Boolean)
    .map((entry) => {
      const end = entry.indexOf("\n");
      return end < 0 ? [entry, "true"] : [entry.slice(0, end), entry.slice(end + 1)];
    });
}

/** The remote's branches as last seen, or the checkout's own where there is no remote; and its tags. */
async function copyLocalRefs(
  git: Git,
  checkout: Checkout,
  remote: string | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const tracked = remote === undefined ? [] : await listRefs(checkout, `refs/remotes/${remote}/`, signal);
  const heads = tracked.filter(({ name }) => name !== "HEAD");
  const branches = heads.length > 0 ? heads : await listRefs(checkout, "refs/heads/", signal);
  const tags = await listRefs(checkout, "refs/tags/", signal);
  await writeRefs(
    git,
    [
      ...branches.map(({ name, sha }) => ({ ref: `refs/heads/${name}`, sha })),
      ...tags.map(({ name, sha }) => ({ ref: `refs/tags/${name}`, sha })),
    ],
    signal,
  );
}

/** Refs of pull requests that the checkout happens to have, under the names that the host gives them. */
export async function copyPullRequestRefs(git: Git, checkout: Checkout, signal?: AbortSignal): Promise<void> {
  const own = await listRefs(checkout, "refs/pull/", signal);
  // Where actions/checkout puts the one that it was asked for.
  const tracked = await listRefs(checkout, "refs/remotes/pull/", signal);
  const refs = new Map([...tracked, ...own].map(({ name, sha }) => [`refs/pull/${name}`, sha]));
  await writeRefs(
    git,
    [...refs].map(([ref, sha]) => ({ ref, sha })),
    signal,
  );
}

/** Sets refs, all or none. */
export async function writeRefs(
  git: Git,
  refs: readonly { ref: string; sha: string }[],
  signal?: AbortSignal,
): Promise<void> {
  const input = refs.map(({ ref, sha }) => `update ${ref}\0${sha}\0\0`).join("");
  await git.run(["update-ref", "--stdin", "-z", "--no-deref"], { input, signal });
}

async function listRefs(checkout: Checkout, prefix: string, signal?: AbortSignal) {
  const listing = await checkout.git.run(["for-each-ref", "--format=%(objectname) %(refname)", prefix], {
    signal,
  });
  return listing
    .split("\n")
    .filter(Boolean)
    .map((line) => ({
      sha: line.slice(0, line.indexOf(" ")),
      name: line.slice(line.indexOf(" ") + 1 + prefix.length),
    }));
}

function withoutCredentials(text: string): string {
  return text.replace(/:\/\/[^/@\s]+@/g, "://");
}
