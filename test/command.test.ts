import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Verdict } from "../src/rehearsal/verdict.ts";
import { packageRoot } from "../src/runner/package-root.ts";
import { commitAll } from "./engine/quickstart.ts";

const exec = promisify(execFile);
const command = join(packageRoot(), "bin/rehearse.js");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "command-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** The built command, as its user starts it. */
async function rehearse(...args: string[]): Promise<Result> {
  return exec(process.execPath, [command, ...args]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Result) => error,
  );
}

async function repository(name: string, files: Record<string, string>) {
  const top = join(folder, name);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(top, path)), { recursive: true });
    await writeFile(join(top, path), text);
  }
  const git = await commitAll(top);
  return { top, git };
}

function application(name: string, path: string): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: ${name}
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://git.example.com/you/homelab
    targetRevision: main
    path: ${path}
  destination:
    server: https://kubernetes.default.svc
    namespace: ${name}
`;
}

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n";

describe("the built command", () => {
  test("says how it is used", async () => {
    const { code, stdout } = await rehearse("--help");
    expect(code).toBe(0);
    expect(stdout).toContain("Usage: rehearse");
    expect(stdout).toContain("--worktree");
    expect(stdout).toContain("3  the rehearsal itself could not be carried out");
  });

  test("corrects a misspelt option", async () => {
    const { code, stderr } = await rehearse("--bse", "main");
    expect(code).toBe(2);
    expect(stderr).toContain("Did you mean --base?");
  });

  test("refuses a folder that is in no repository", async () => {
    const { code, stdout } = await rehearse(folder);
    expect(code).toBe(2);
    expect(stdout).toContain("is not inside a Git repository");
  });

  test("names a revision that it does not know", async () => {
    const { top } = await repository("unknown", {
      "root.yaml": application("root", "apps"),
      "apps/a.yaml": configMap,
    });
    const { code, stdout } = await rehearse(top, "--head", "no-such-branch");
    expect(code).toBe(2);
    expect(stdout).toContain("no-such-branch");
  });

  test("says what it looked for where there is no root Application", async () => {
    const { top } = await repository("rootless", {
      "apps/a.yaml": configMap,
      ".rehearsal.yaml": "repository: { url: https://git.example.com/you/homelab }\n",
    });
    const { code, stdout } = await rehearse(top);
    expect(code).toBe(2);
    expect(stdout).toMatch(/root|Application/);
  });

  test("lists the candidates where the root is ambiguous", async () => {
    const { top } = await repository("ambiguous", {
      "one/app.yaml": application("one", "manifests/one"),
      "two/app.yaml": application("two", "manifests/two"),
      "manifests/one/a.yaml": configMap,
      "manifests/two/a.yaml": configMap,
    });
    const { code, stdout } = await rehearse(top);
    expect(code).toBe(2);
    expect(stdout).toContain("one/app.yaml:2");
    expect(stdout).toContain("two/app.yaml:2");
    expect(stdout).toContain("roots:");
  });

  test("names the files of a merge conflict, which is the change's fault", async () => {
    const { top, git } = await repository("conflict", {
      "root.yaml": application("root", "apps"),
      "apps/a.yaml": configMap,
    });
    await git("switch", "--quiet", "--create", "change");
    await writeFile(join(top, "apps/a.yaml"), configMap.replace("settings", "mine"));
    await git("commit", "--quiet", "--all", "--message=mine");
    await git("switch", "--quiet", "main");
    await writeFile(join(top, "apps/a.yaml"), configMap.replace("settings", "theirs"));
    await git("commit", "--quiet", "--all", "--message=theirs");
    const { code, stdout } = await rehearse(top, "--base", "main", "--head", "change");
    expect(code).toBe(1);
    expect(stdout).toContain("apps/a.yaml");
    expect(stdout).toMatch(/conflict/i);
  });

  test("gives a verdict on standard output, and nothing else, with --json", async () => {
    const { top } = await repository("json", {
      "root.yaml": application("root", "apps"),
      "apps/a.yaml": configMap,
    });
    const { code, stdout, stderr } = await rehearse(top, "--json", "--head", "nowhere");
    const verdict = JSON.parse(stdout) as Verdict;
    expect(code).toBe(2);
    expect(verdict).toMatchObject({ schema: 3, result: "misused", applications: [] });
    expect(stderr).toContain("nowhere");
  });

  test("keeps its report in a folder, also of an early end", async () => {
    const { top } = await repository("reported", {
      "root.yaml": application("root", "apps"),
      "apps/a.yaml": configMap,
    });
    const report = join(folder, "report");
    const { code } = await rehearse(top, "--head", "nowhere", "--report", report);
    expect(code).toBe(2);
    expect((await readdir(report)).toSorted()).toEqual([
      ...["junit.xml", "report.html", "report.md", "verdict.json"],
    ]);
    expect(await readFile(join(report, "report.html"), "utf8")).toContain("nowhere");
    expect(await readFile(join(report, "junit.xml"), "utf8")).toContain('errors="1"');
    const unwritable = await rehearse(top, "--report", join(report, "report.md"));
    expect(unwritable.code).toBe(2);
    expect(unwritable.stdout).toContain("the report cannot be written to");
  });

  test("points at the key of a configuration that it does not understand", async () => {
    const { top } = await repository("configured", {
      "root.yaml": application("root", "apps"),
      "apps/a.yaml": configMap,
      ".rehearsal.yaml": "timeout: 5m\nrots: [root.yaml]\n",
    });
    const { code, stdout } = await rehearse(top);
    expect(code).toBe(2);
    expect(stdout).toContain(".rehearsal.yaml:2");
    expect(stdout).toContain("roots");
  });
});
