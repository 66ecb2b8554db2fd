import { randomBytes } from "node:crypto";
import { appendFile, mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type GitSetting, gitAt } from "../repository/git.ts";
import { resolveVersion } from "./version-range.ts";

/** A repository of another host, as far as it was fetched. Nothing is ever removed from it but refs. */
export interface BareRepository {
  readonly gitDir: string;
  /** Whether it has all branches and tags, with their history, as they were when they were last fetched. */
  isComplete(): Promise<boolean>;
  hasCommit(commit: string): Promise<boolean>;
  /**
   * The commit that a branch, tag, commit, full ref, or range of tags stands for; of `HEAD` where it is undefined.
   * Undefined where that is not here. A tag goes before a branch of its name, as for Git.
   */
  resolve(revision: string | undefined): Promise<string | undefined>;
  /** The commit of a tag. */
  tag(name: string): Promise<string | undefined>;
  /** Brings all branches and tags. Throws CommandError. */
  fetchEverything(url: string, signal?: AbortSignal): Promise<void>;
  /**
   * Brings one revision, with no more history than is here already. Gives false where the other end has none of
   * that name. Throws CommandError.
   */
  fetchRevision(url: string, revision: string | undefined, signal?: AbortSignal): Promise<boolean>;
}

const configuration = `
[uploadpack]
	allowAnySHA1InWant = true
	allowFilter = true
[transfer]
	hideRefs = refs/kept
[gc]
	auto = 0
[maintenance]
	auto = false
[core]
	hooksPath = /dev/null
`;

const fullCommit = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
const completeKey = "rehearsal.complete";

/** It speaks to our own relay and nobody else. */
const transport: readonly GitSetting[] = [
  ["protocol.allow", "never"],
  ["protocol.http.allow", "always"],
  ["protocol.version", "2"],
  ["http.proxy", ""],
  ["http.followRedirects", "false"],
];
const quietly = ["--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"];

/** Opens the one at `gitDir`; undefined where nothing was ever fetched. */
export async function findBareRepository(gitDir: string): Promise<BareRepository | undefined> {
  const found = await stat(join(gitDir, "HEAD")).catch(() => undefined);
  return found && bareRepository(gitDir);
}

/** Opens the one at `gitDir`, made where there is none. */
export async function makeBareRepository(gitDir: string): Promise<BareRepository> {
  const found = await findBareRepository(gitDir);
  if (found) return found;
  const partial = `${gitDir}.${process.pid}.${randomBytes(4).toString("hex")}.partial`;
  await mkdir(dirname(gitDir), { recursive: true });
  await mkdir(partial);
  await gitAt(partial).run(["init", "--quiet", "--bare", "--template=", "--initial-branch=main"]);
  await appendFile(join(partial, "config"), configuration);
  // Another process may have been faster.
  await rename(partial, gitDir).catch(() => rm(partial, { recursive: true, force: true }));
  return bareRepository(gitDir);
}

function bareRepository(gitDir: string): BareRepository {
  const git = gitAt(gitDir);

  async function commitOf(name: string): Promise<string | undefined> {
    const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
    const { exitCode, stdout } = await git.attempt(args);
    return exitCode === 0 ? stdout.trim().split("\n").at(-1) : undefined;
  }

  async function tags(): Promise<string[]> {
    const listing = await git.run(["for-each-ref", "--format=%(refname:strip=2)", "refs/tags"]);
    return listing.split("\n").filter(Boolean);
  }

  const isShallow = async () => (await git.run(["rev-parse", "--is-shallow-repository"])).trim() === "true";
  const isComplete = async () =>
    (await git.attempt(["config", "--bool", completeKey])).stdout.trim() === "true";

  async function listRemote(url: string, signal?: AbortSignal) {
    const listing = await git.run(["ls-remote", "--symref", url], { settings: transport, signal });
    const symbolic = /^ref: (\S+)\tHEAD$/m.exec(listing)?.[1];
    return {
      names: new Set([...listing.matchAll(/^[0-9a-f]+\t(.*)$/gm)].map(([, name = ""]) => name)),
      symbolic,
    };
  }

  async function fetch(url: string, args: readonly string[], signal?: AbortSignal): Promise<void> {
    await git.run(["fetch", ...quietly, ...args.slice(0, -1), url, ...args.slice(-1)], {
      settings: transport,
      signal,
    });
  }

  return {
    gitDir,
    isComplete,
    hasCommit: async (commit) => (await git.attempt(["cat-file", "-e", `${commit}^{commit}`])).exitCode === 0,
    async resolve(revision = "HEAD") {
      if (fullCommit.test(revision) || revision === "HEAD" || revision.startsWith("refs/"))
        return commitOf(revision);
      for (const ref of [`refs/tags/${revision}`, `refs/heads/${revision}`]) {
        const commit = await commitOf(ref);
        if (commit !== undefined) return commit;
      }
      const tag = resolveVersion(revision, await tags());
      if (tag !== undefined) return commitOf(`refs/tags/${tag}`);
      return /^[0-9a-f]{7,}$/.test(revision) ? commitOf(revision) : undefined;
    },
    tag: (name) => commitOf(`refs/tags/${name}`),
    async fetchEverything(url, signal) {
      const { symbolic } = await listRemote(url, signal);
      const whole = (await isShallow()) ? ["--unshallow"] : [];
      await git.run(
        [
          "fetch",
          ...quietly,
          "--prune",
          ...whole,
          url,
          "+refs/heads/*:refs/heads/*",
          "+refs/tags/*:refs/tags/*",
        ],
        { settings: transport, signal },
      );
      if (symbolic !== undefined) await git.run(["symbolic-ref", "HEAD", symbolic]);
      await git.run(["config", completeKey, "true"]);
    },
    async fetchRevision(url, revision = "HEAD", signal) {
      const depth = (await isComplete()) ? [] : ["--depth=1"];
      if (fullCommit.test(revision)) {
        await fetch(url, [...depth, `+${revision}:refs/kept/${revision}`], signal);
        return true;
      }
      const { names, symbolic } = await listRemote(url, signal);
      const candidates = revision === "HEAD" && symbolic ? [symbolic] : refsOf(revision);
      const ref = candidates.find((name) => names.has(name));
      if (ref === undefined) return false;
      await fetch(url, [...depth, `+${ref}:${ref}`], signal);
      if (revision === "HEAD" && symbolic) await git.run(["symbolic-ref", "HEAD", symbolic]);
      return true;
    },
  };
}

/** In the order of gitrevisions(7). */
function refsOf(revision: string): string[] {
  const full = revision.startsWith("refs/") ? [revision] : [];
  return [...full, `refs/tags/${revision}`, `refs/heads/${revision}`];
}
