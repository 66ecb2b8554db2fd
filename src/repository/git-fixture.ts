import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "../runner/process.ts";

/** A folder for one test, removed when disposed. */
export interface TemporaryFolder extends AsyncDisposable {
  path: string;
}

/** Files by path: their content, `null` to delete, or more than content. */
export type Files = Record<string, string | null | { link: string } | { content: string; executable: true }>;

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "rehearsal-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Runs git as some user with no configuration but a name. Gives its output without the last line break. */
export async function git(cwd: string, ...args: string[]): Promise<string> {
  const { stdout } = await run("git", args, { cwd, env: gitEnvironment });
  return stdout.trimEnd();
}

export const gitEnvironment = {
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_COUNT: "3",
  GIT_CONFIG_KEY_0: "init.defaultBranch",
  GIT_CONFIG_VALUE_0: "main",
  // Off by default for submodules.
  GIT_CONFIG_KEY_1: "protocol.file.allow",
  GIT_CONFIG_VALUE_1: "always",
  GIT_CONFIG_KEY_2: "commit.gpgSign",
  GIT_CONFIG_VALUE_2: "false",
  GIT_AUTHOR_NAME: "Someone",
  GIT_AUTHOR_EMAIL: "someone@example.com",
  GIT_COMMITTER_NAME: "Someone",
  GIT_COMMITTER_EMAIL: "someone@example.com",
};

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, file] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await rm(path, { force: true });
    if (file === null) continue;
    if (typeof file === "string") await writeFile(path, file);
    else if ("link" in file) await symlink(file.link, path);
    else {
      await writeFile(path, file.content);
      await chmod(path, 0o755);
    }
  }
}

/** Writes files and commits everything. Gives the commit's SHA. */
export async function commit(folder: string, files: Files, message = "Change"): Promise<string> {
  await writeFiles(folder, files);
  await git(folder, "add", "--all");
  await git(folder, "commit", "--quiet", "--allow-empty", "-m", message);
  return git(folder, "rev-parse", "HEAD");
}

/** A new repository at `folder` with one commit on `main`. */
export async function createRepository(folder: string, files: Files): Promise<string> {
  await mkdir(folder, { recursive: true });
  await git(folder, "init", "--quiet");
  return commit(folder, files, "First");
}

/** A digest of everything below a folder: names, contents, links. */
export async function fingerprint(folder: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }));
  for (const { entry, path } of paths.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(`${path}\0`);
    if (entry.isFile()) hash.update(await readFile(path));
    if (entry.isSymbolicLink()) hash.update(await readlink(path));
  }
  return hash.digest("hex");
}
