import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../src/runner/errors.ts";
import { CommandError, tryRun } from "../../src/runner/process.ts";
import { type Release, releaseFile } from "../../src/toolchain/release.ts";
import { selfReferences, withSelfReferences } from "./self-references.ts";

/** Where workflows name this repository's own actions by the commit that carries their bundles. */
const calledWorkflows = ".github/workflows";
/** Where they are named by version, as those name them who copy these files. */
const copiedWorkflows = "examples/workflows";

export interface ReleaseRequest {
  /** The top of the checkout, with nothing uncommitted, and with `dist` built from its HEAD. */
  top: string;
  /** Such as `1.2.3`. */
  version: string;
  /** What the release says of itself, for those who run it. */
  release: Release;
}

export interface ReleaseCommits {
  /** Carries `dist`. */
  carrier: string;
  /** Its child, in which the workflows name it; what the tag points at. */
  tagged: string;
  tag: string;
}

/**
 * Makes the two commits of a release on top of HEAD, on no branch, and tags the second. `dist` is in them and
 * never on a branch; and as no commit can name itself, the workflows of the second name the first. Author and
 * dates are those of HEAD: who makes a release again from the same commit makes the same SHAs.
 * Throws UsageError where the checkout has changes or the tag is there with something else.
 */
export async function makeReleaseCommits({ top, version, release }: ReleaseRequest): Promise<ReleaseCommits> {
  const tag = `v${version}`;
  const git = gitIn(top);
  if ((await git(["status", "--porcelain"])) !== "") {
    throw new UsageError("the checkout has changes that are not committed", {
      fix: "Release from a fresh clone.",
    });
  }
  const source = await git(["rev-parse", "HEAD"]);
  const identity = await identityOf(git, source);
  const folder = await mkdtemp(join(tmpdir(), "rehearsal-release-"));
  try {
    const tree = join(folder, "tree");
    await git(["worktree", "add", "--quiet", "--detach", tree, source]);
    const inTree = gitIn(tree, identity);
    const commit = async (message: string) => {
      await inTree(["commit", "--quiet", "--no-verify", `--message=${message}`]);
      return inTree(["rev-parse", "HEAD"]);
    };
    await cp(join(top, "dist"), join(tree, "dist"), { recursive: true });
    await writeFile(join(tree, releaseFile), `${JSON.stringify(release, undefined, 2)}\n`);
    await inTree(["add", "--force", "dist", releaseFile]);
    const carrier = await commit(`Build ${tag}`);
    await pin(join(tree, calledWorkflows), carrier, tag);
    await pin(join(tree, copiedWorkflows), tag);
    await inTree(["add", calledWorkflows, copiedWorkflows]);
    const tagged = await commit(`Release ${tag}`);
    await setTag(git, tag, tagged);
    return { carrier, tagged, tag };
  } finally {
    await git(["worktree", "remove", "--force", join(folder, "tree")]).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  }
}

async function pin(folder: string, revision: string, comment?: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    const text = await readFile(file, "utf8");
    if (selfReferences(text).length > 0) await writeFile(file, withSelfReferences(text, revision, comment));
  }
}

async function setTag(git: GitCommand, tag: string, commit: string): Promise<void> {
  const there = await git(["rev-parse", "--verify", "--quiet", `refs/tags/${tag}^{commit}`]).catch(() => "");
  if (there === commit) return;
  if (there !== "") {
    throw new UsageError(`the tag ${tag} is there, and points at ${there}, not at ${commit}`, {
      fix: "Raise the version: npm run release:version.",
    });
  }
  await git(["tag", tag, commit]);
}

type GitCommand = (args: readonly string[]) => Promise<string>;

function gitIn(cwd: string, env: Record<string, string> = {}): GitCommand {
  return async (args) => {
    const result = await tryRun("git", args, { cwd, env });
    if (result.exitCode !== 0) throw new CommandError("git", args, result);
    return result.stdout.trim();
  };
}

async function identityOf(git: GitCommand, commit: string): Promise<Record<string, string>> {
  const format = ["%an", "%ae", "%cI"].join("%n");
  const [name = "", email = "", date = ""] = (
    await git(["show", "--no-patch", `--format=${format}`, commit])
  ).split("\n");
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_COMMITTER_DATE: date,
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "commit.gpgSign",
    GIT_CONFIG_VALUE_0: "false", // signatures are not reproducible; the attestation vouches instead
  };
}
