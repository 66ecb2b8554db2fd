import { readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Claim, parseClaim } from "../../src/gate/claim.ts";
import type { Verdict } from "../../src/rehearsal/verdict.ts";
import { checkout, pullRequest } from "./checkout.ts";
import { type BuiltAction, type BuiltRun, runBuiltAction } from "./spawn.ts";

const simulated = { engine: "simulated", timeout: "4m" };

async function rehearse(step: BuiltAction): Promise<BuiltRun> {
  return runBuiltAction("rehearse", { ...step, inputs: { ...simulated, ...step.inputs } });
}

function claimIn(run: BuiltRun): Claim {
  const parsed = parseClaim(run.outputs.verdict ?? "");
  if ("problem" in parsed) throw new Error(`no claim, ${parsed.problem}: ${run.stdout}${run.stderr}`);
  return parsed.claim;
}

const errorsOf = (run: BuiltRun) => run.commands.filter(({ name }) => name === "error");

/** Processes that work below a folder, and the folders of rehearsals in it. */
async function leftovers(temporary: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "")));
  return [...folders.filter((folder) => folder.startsWith(temporary)), ...(await readdir(temporary))];
}

describe.concurrent("the root action", () => {
  test("is green for a change that passes, with a claim, a report and a summary", async () => {
    await using repository = await checkout();
    await using run = await rehearse({ cwd: repository.folder, event: pullRequest(repository) });
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(run.outputs.result).toBe("passed");
    expect(claimIn(run)).toMatchObject({
      result: "passed",
      head: repository.head,
      base: repository.base,
      instance: "default",
      run: "4711.1",
    });
    const report = run.outputs.report ?? "";
    expect(report.startsWith(run.temp)).toBe(true);
    expect((await readdir(report)).toSorted()).toEqual([
      "junit.xml",
      "logs",
      "report.html",
      "report.md",
      "verdict.json",
    ]);
    const verdict = JSON.parse(await readFile(join(report, "verdict.json"), "utf8")) as Verdict;
    expect(verdict.applications.map(({ name }) => name).toSorted()).toEqual(["homelab", "web"]);
    expect(run.summary).toContain(repository.head.slice(0, 7));
    expect(errorsOf(run)).toEqual([]);
    expect(await leftovers(run.temporary)).toEqual([]);
  });

  test("is red with the failure on its file and line, and obeys no command in what a manifest says", async () => {
    await using repository = await checkout({ web: "manifests/none\n::warning::owned\n##[warning]owned" });
    await using run = await rehearse({ cwd: repository.folder, event: pullRequest(repository) });
    expect(run.exitCode, run.stdout + run.stderr).toBe(1);
    expect(run.outputs.result).toBe("failed");
    expect(claimIn(run)).toMatchObject({ result: "failed", head: repository.head });
    expect(errorsOf(run).map(({ properties }) => properties.file)).toContain("applications/web.yaml");
    expect(errorsOf(run).at(-1)?.message).toBe(run.outputs.summary);
    expect(run.commands.filter(({ message }) => message.startsWith("owned"))).toEqual([]);
    expect(run.stdout).not.toContain("##[warning]");
    expect(run.exported).toBe("");
  });

  test("rehearses a merge group on the base that the queue names", async () => {
    await using repository = await checkout();
    const { base, head } = repository;
    const payload = { merge_group: { head_sha: head, base_sha: base, base_ref: "refs/heads/main" } };
    await using run = await rehearse({ cwd: repository.folder, event: { name: "merge_group", payload } });
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(claimIn(run)).toMatchObject({ result: "passed", head, base });
  });

  test("passes a change that no Argo CD could notice at once, and says why", async () => {
    await using repository = await checkout();
    const { base, folder, git } = repository;
    await git("reset", "--quiet", "--hard", base);
    await writeFile(join(folder, "README.md"), "# Homelab\n");
    await git("add", "--all");
    await git("commit", "--quiet", "--message=readme");
    const head = (await git("rev-parse", "HEAD")).trim();
    await using run = await rehearse({ cwd: folder, event: pullRequest({ base, head }) });
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(claimIn(run)).toMatchObject({ result: "passed", head, base });
    expect(run.stdout).not.toContain("Starting a cluster");
    const verdict = JSON.parse(await readFile(join(run.outputs.report ?? "", "verdict.json"), "utf8"));
    expect(verdict.irrelevant).toEqual(expect.any(String));
  });

  test("leaves nothing when it is cancelled, and is red", async () => {
    await using repository = await checkout();
    await using run = await rehearse({
      cwd: repository.folder,
      event: pullRequest(repository),
      cancelAt: /✓ Starting a cluster/,
    });
    expect(run.exitCode, run.stdout + run.stderr).toBe(3);
    expect(claimIn(run).result).toBe("infrastructure");
    expect(errorsOf(run).at(-1)?.message).toContain("cancelled");
    expect(await leftovers(run.temporary)).toEqual([]);
  });
});

describe.concurrent("the root action refuses, before it starts anything,", () => {
  test("a shallow checkout", async () => {
    await using repository = await checkout();
    await using other = await checkout();
    await other.git("fetch", "--quiet", "--depth=1", `file://${repository.folder}`, "HEAD");
    await other.git("checkout", "--quiet", "--detach", "FETCH_HEAD");
    await using run = await rehearse({ cwd: other.folder, event: pullRequest(repository) });
    expect(run.exitCode, run.stdout).toBe(2);
    expect(errorsOf(run).at(-1)?.message).toContain("is shallow");
    expect(run.stdout).toContain("fetch-depth: 0");
    expect(claimIn(run)).not.toHaveProperty("head");
  });

  test("a checkout of another commit", async () => {
    await using repository = await checkout();
    await repository.git("switch", "--quiet", "--detach", repository.base);
    await using run = await rehearse({ cwd: repository.folder, event: pullRequest(repository) });
    expect(run.exitCode, run.stdout).toBe(2);
    expect(run.stdout).toContain(`ref: ${repository.head}`);
    expect(claimIn(run).result).toBe("misused");
  });

  test("a draft", async () => {
    await using repository = await checkout();
    await using run = await rehearse({ cwd: repository.folder, event: pullRequest(repository, true) });
    expect(run.exitCode, run.stdout).toBe(2);
    expect(errorsOf(run).at(-1)?.message).toContain("is a draft");
    expect(claimIn(run).result).toBe("misused");
  });

  test("an input that it does not understand, in one line", async () => {
    await using run = await rehearse({
      event: pullRequest({ base: "a".repeat(40), head: "b".repeat(40) }),
      inputs: { timeout: "soon" },
    });
    expect(run.exitCode).toBe(1);
    expect(run.stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(errorsOf(run)[0]?.message).toBe(
      'the input timeout is not a duration like 90s, 10m or 1h30m: "soon". Give it a duration like 90s, 10m or 1h30m.',
    );
    expect(run.outputs).toEqual({});
  });

  test("a folder that is no checkout", async () => {
    await using run = await rehearse({ event: pullRequest({ base: "a".repeat(40), head: "b".repeat(40) }) });
    expect(run.exitCode, run.stdout).toBe(2);
    expect(errorsOf(run).at(-1)?.message).toContain("Git repository");
  });
});
