import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../../src/runner/process.ts";

/** A repository as GitHub hosts it: branches, `refs/pull/…`, the merge queue's branches. */
export interface HostedRepository {
  /** Commits files on a branch that starts at `main`, and opens a pull request from it. */
  openPullRequest(change: Change): Promise<Commits>;
  /** The SHA at which a branch stands. */
  tip(branch: string): Promise<string>;
  /** The commit that the merge queue would make of a pull request, on its own branch. */
  queue(number: number): Promise<{ head: string; base: string; ref: string }>;
}

export interface Change {
  number: number;
  branch: string;
  /** New texts by path. */
  files: Record<string, string>;
  /** A fork's branch is not in the repository; its commits are, as `refs/pull/<number>/head`. */
  fork?: boolean;
}

export interface Commits {
  head: string;
  base: string;
}

/** Makes `<github>/acme/homelab`, bare, from test/act/homelab. */
export async function hostRepository(github: string, scratch: string): Promise<HostedRepository> {
  const bare = join(github, "acme/homelab");
  const work = join(scratch, "homelab");
  await mkdir(dirname(bare), { recursive: true });
  await cp(join(import.meta.dirname, "homelab"), work, { recursive: true });
  const identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
  const git = async (...args: string[]) =>
    (await run("git", [...identity, ...args], { cwd: work })).stdout.trim();
  const commitAll = async (message: string) => {
    await git("add", "--all");
    await git("commit", "--quiet", `--message=${message}`);
    return git("rev-parse", "HEAD");
  };
  await git("init", "--quiet", "--initial-branch=main");
  await commitAll("base");
  await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", bare]);
  // As GitHub does; a fork's commits can be had by their SHA.
  await run("git", ["config", "uploadpack.allowAnySHA1InWant", "true"], { cwd: bare });
  await git("remote", "add", "origin", bare);
  await git("push", "--quiet", "origin", "main");
  return {
    tip: (branch) => git("rev-parse", branch),
    async openPullRequest({ number, branch, files, fork = false }) {
      await git("switch", "--quiet", "--force-create", branch, "main");
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(work, path)), { recursive: true });
        await writeFile(join(work, path), text);
      }
      const head = await commitAll(`change ${number}`);
      const refs = [`HEAD:refs/pull/${number}/head`, ...(fork ? [] : [`HEAD:refs/heads/${branch}`])];
      await git("push", "--quiet", "--force", "origin", ...refs);
      await git("switch", "--quiet", "--detach", "main");
      await git("merge", "--quiet", "--no-ff", "--message=merge", head);
      await git("push", "--quiet", "--force", "origin", `HEAD:refs/pull/${number}/merge`);
      return { head, base: await git("rev-parse", "main") };
    },
    async queue(number) {
      const base = await git("rev-parse", "main");
      const branch = `gh-readonly-queue/main/pr-${number}-${base}`;
      await git("fetch", "--quiet", "origin", `refs/pull/${number}/merge`);
      await git("push", "--quiet", "--force", "origin", `FETCH_HEAD:refs/heads/${branch}`);
      return { head: await git("rev-parse", "FETCH_HEAD"), base, ref: `refs/heads/${branch}` };
    },
  };
}

/** The Git configuration of a machine for which `https://github.com` is a folder. */
export async function redirectGitHub(file: string, github: string): Promise<void> {
  const text = `[url "file://${github}/"]\n\tinsteadOf = https://github.com/\n[safe]\n\tdirectory = *\n`;
  await rm(file, { force: true });
  await writeFile(file, text);
}
