import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Verdict } from "../../src/rehearsal/verdict.ts";
import { packageRoot } from "../../src/runner/package-root.ts";

const exec = promisify(execFile);

/** A Git repository of its own with the quickstart in it, healthy on `main`. */
export interface Fixture extends AsyncDisposable {
  /** The folder of the quickstart. */
  folder: string;
  /** Commits an edit on a branch `change`: each path from the quickstart's folder, and its new text (undefined deletes). */
  change(edits: Record<string, (text: string) => string | undefined>): Promise<void>;
  git(...args: string[]): Promise<string>;
}

export async function quickstart(): Promise<Fixture> {
  const top = await mkdtemp(join(tmpdir(), "quickstart-"));
  const folder = join(top, "examples/quickstart");
  await cp(join(packageRoot(), "examples/quickstart"), folder, { recursive: true });
  const git = await commitAll(top);
  return {
    folder,
    git,
    async change(edits) {
      await git("switch", "--quiet", "--create", "change");
      for (const [path, edit] of Object.entries(edits)) {
        const file = join(folder, path);
        const before = await readFile(file, "utf8").catch(() => "");
        const after = edit(before);
        if (after === before) throw new Error(`the edit of ${path} changes nothing`);
        await mkdir(dirname(file), { recursive: true });
        if (after === undefined) await rm(file);
        else await writeFile(file, after);
      }
      await git("add", "--all");
      await git("commit", "--quiet", "--message=change");
    },
    [Symbol.asyncDispose]: () => rm(top, { recursive: true, force: true }),
  };
}

/** Makes a folder a Git repository with all that is in it on `main`; gives a way to run git there. */
export async function commitAll(folder: string): Promise<Fixture["git"]> {
  const identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
  const git = async (...args: string[]) =>
    (await exec("git", [...identity, ...args], { cwd: folder })).stdout;
  await git("init", "--quiet", "--initial-branch=main");
  await exec("chmod", ["-R", "u+w", folder]);
  await git("add", "--all");
  await git("commit", "--quiet", "--message=base");
  return git;
}

export interface Run {
  exitCode: number;
  verdict: Verdict;
  stderr: string;
}

/** Runs the command as its user would, with `--json`. */
export async function rehearse(folder: string, ...flags: string[]): Promise<Run> {
  const main = join(packageRoot(), "src/cli/main.ts");
  const result = await exec(process.execPath, [main, folder, "--json", "--engine", "simulated", ...flags], {
    maxBuffer: 64 * 1024 * 1024,
  }).then(
    ({ stdout, stderr }) => ({ exitCode: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      exitCode: error.code,
      stdout: error.stdout,
      stderr: error.stderr,
    }),
  );
  return { exitCode: result.exitCode, verdict: JSON.parse(result.stdout) as Verdict, stderr: result.stderr };
}
