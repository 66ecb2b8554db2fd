import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Verdict } from "../../src/rehearsal/verdict.ts";
import { packageRoot } from "../../src/runner/package-root.ts";
import { tryRun } from "../../src/runner/process.ts";
import { commitAll } from "./quickstart.ts";

/** The archives of charts beside the checkout, which only machines of this project have. */
export const charts = join(packageRoot(), "../shared/charts");
export const chartsAreThere = existsSync(charts);

const parts = ["bootstrap", "infrastructure", "monitoring", "applications", ".rehearsal.yaml"];

/** A Git repository of its own with the homelab at the top of this one on `main`. */
export interface ModelHomelab extends AsyncDisposable {
  folder: string;
  /** Commits edits on a new branch. Each has to change its file. */
  change(branch: string, edits: readonly { path: string; edit(text: string): string }[]): Promise<void>;
}

/**
 * All charts that it names are in `cache` then, from the archives beside the checkout, and locked on `main`.
 * `adapt` edits the folder before anything is committed.
 */
export async function modelHomelab(
  cache: string,
  adapt?: (folder: string) => Promise<void>,
): Promise<ModelHomelab> {
  const folder = await mkdtemp(join(tmpdir(), "model-homelab-"));
  for (const part of parts) await cp(join(packageRoot(), part), join(folder, part), { recursive: true });
  await adapt?.(folder);
  const git = await commitAll(folder);
  await vendorCharts(folder, cache);
  await git("add", "--all");
  await git("commit", "--quiet", "--message=lock");
  return {
    folder,
    async change(branch, edits) {
      await git("switch", "--quiet", "--create", branch, "main");
      for (const { path, edit } of edits) {
        const before = await readFile(join(folder, path), "utf8");
        const after = edit(before);
        if (after === before) throw new Error(`the edit of ${path} changes nothing`);
        await writeFile(join(folder, path), after);
      }
      await git("commit", "--quiet", "--all", "--message=change");
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const command = join(packageRoot(), "src/cli/main.ts");

async function vendorCharts(folder: string, cache: string): Promise<void> {
  const args = [command, "vendor", folder, "--cache", cache, "--seed", charts];
  const { exitCode, stdout, stderr } = await tryRun(process.execPath, args);
  if (exitCode !== 0) throw new Error(`rehearse vendor failed:\n${stdout}${stderr}`);
}

/** Rehearses a branch offline, as its author would. */
export async function rehearseOffline(
  { folder }: ModelHomelab,
  branch: string,
  cache: string,
): Promise<{ exitCode: number | undefined; verdict: Verdict; stderr: string }> {
  const args = [command, folder, "--json", "--engine", "simulated", "--base", "main", "--head", branch];
  const { exitCode, stdout, stderr } = await tryRun(process.execPath, [
    ...args,
    "--offline",
    "--cache",
    cache,
  ]);
  return { exitCode, verdict: JSON.parse(stdout) as Verdict, stderr };
}
