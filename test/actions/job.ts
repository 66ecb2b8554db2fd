import { mkdir, mkdtemp, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Checkout, checkout, pullRequest } from "./checkout.ts";
import { type BuiltAction, type BuiltRun, runBuiltAction } from "./spawn.ts";

/** A job of several steps, which share what a runner has them share. */
export interface Job extends AsyncDisposable {
  repository: Checkout;
  step(name: string, inputs?: Record<string, string>, more?: Partial<BuiltAction>): Promise<BuiltRun>;
  /** Processes that work in the job's folders, and what lies there but reports. */
  leftovers(): Promise<string[]>;
}

/** On a change that writes these files. */
export async function job(change: Record<string, string> = {}): Promise<Job> {
  const repository = await checkout();
  for (const [path, text] of Object.entries(change)) {
    await mkdir(dirname(join(repository.folder, path)), { recursive: true });
    await writeFile(join(repository.folder, path), text);
  }
  await repository.git("add", "--all");
  await repository.git("commit", "--quiet", "--allow-empty", "--message=more");
  const head = (await repository.git("rev-parse", "HEAD")).trim();
  return jobOf({ ...repository, head });
}

async function jobOf(repository: Checkout): Promise<Job> {
  const temp = await mkdtemp(join(tmpdir(), "job-"));
  await mkdir(join(temp, "tmp"));
  const environment = { RUNNER_TEMP: temp, TMPDIR: join(temp, "tmp"), RUNNER_TRACKING_ID: `github_${temp}` };
  const runs: BuiltRun[] = [];
  return {
    repository,
    async step(name, inputs = {}, more = {}) {
      const run = await runBuiltAction(name, {
        ...{ cwd: repository.folder, event: pullRequest(repository), environment, inputs },
        ...more,
      });
      runs.push(run);
      return run;
    },
    async leftovers() {
      const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
      const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "")));
      const files = [...(await readdir(temp)), ...(await readdir(join(temp, "tmp")))];
      return [
        ...folders.filter((folder) => folder.startsWith(temp)),
        ...files.filter((file) => file !== "tmp" && !file.startsWith("rehearsal-report-")),
      ];
    },
    async [Symbol.asyncDispose]() {
      for (const run of runs) await run[Symbol.asyncDispose]();
      await rm(temp, { recursive: true, force: true, maxRetries: 5 });
      await repository[Symbol.asyncDispose]();
    },
  };
}

/** On a change that no Argo CD could notice. */
export async function docsOnly(): Promise<Job> {
  const repository = await checkout();
  await repository.git("switch", "--quiet", "--detach", repository.base);
  await writeFile(join(repository.folder, "README.md"), "# The homelab\n");
  await repository.git("add", "--all");
  await repository.git("commit", "--quiet", "--message=docs");
  return jobOf({ ...repository, head: (await repository.git("rev-parse", "HEAD")).trim() });
}
