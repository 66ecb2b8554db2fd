import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGitBackend } from "../src/mirror/git-backend.ts";
import { type HttpsHost, startHost } from "../src/mirror/mirror-fixture.ts";
import { packageRoot } from "../src/runner/package-root.ts";
import { indexOf, packChart } from "../src/vendor/upstream-fixture.ts";
import { type OutsideWorld, startOutsideWorld } from "./engine/outside-world.ts";
import { commitAll } from "./engine/quickstart.ts";

const exec = promisify(execFile);
const command = join(packageRoot(), "bin/rehearse.js");
let folder: string;
let repository: string;
let host: HttpsHost;
let outside: OutsideWorld;
const pages = new Map<string, Buffer | string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vendor-"));
  repository = join(folder, "repository");
  const shown = await packChart({ name: "shown", version: "1.0.0" });
  const needed = await packChart({ name: "needed", version: "2.3.4" });
  pages.set(
    "charts.example/index.yaml",
    indexOf([
      { name: "shown", version: "1.0.0", archive: shown, url: "shown-1.0.0.tgz" },
      { name: "needed", version: "2.3.4", archive: needed, url: "needed-2.3.4.tgz" },
    ]),
  );
  pages.set("charts.example/shown-1.0.0.tgz", shown);
  pages.set("charts.example/needed-2.3.4.tgz", needed);
  pages.set("files.example/crd.yaml", "kind: CustomResourceDefinition\n");
  await write("base", {
    "config/kustomization.yaml": "resources: [../deep]\n",
    "deep/kustomization.yaml": "resources: [https://files.example/crd.yaml]\n",
  });
  const git = await commitAll(join(folder, "base"));
  await git("tag", "v1");
  const backend = await createGitBackend(join(folder, "base/.git"));
  host = await startHost(["charts.example", "files.example", "git.example"], (request, response) => {
    const page = pages.get(`${request.headers.host}${request.url}`);
    if (page !== undefined) return response.end(page);
    const isGit = request.headers.host === "git.example" && request.url?.startsWith("/team/base/");
    if (isGit)
      return void backend.answer(request, response, request.method === "GET" ? "refs" : "fetch", () => {});
    return response.writeHead(404).end();
  });
  outside = await startOutsideWorld(() => host.port);
  await writeFile(join(folder, "authority.pem"), host.authority);
  await write("repository", {
    ".rehearsal.yaml":
      "repository: { url: https://git.example/you/homelab }\nargocd: { repository: charts }\n",
    "root.yaml": application("root", "{ repoURL: https://git.example/you/homelab, path: apps }"),
    "apps/shown.yaml": application(
      "shown",
      "{ repoURL: https://charts.example, chart: shown, targetRevision: 1.0.0 }",
    ),
    "apps/own.yaml": application("own", "{ repoURL: https://git.example/you/homelab, path: own }"),
    "apps/based.yaml": application("based", "{ repoURL: https://git.example/you/homelab, path: based }"),
    "own/Chart.yaml": `name: own
version: 0.1.0
dependencies: [{ name: needed, version: 2.x, repository: https://charts.example/ }]
`,
    "based/kustomization.yaml": 'resources: ["https://git.example/team/base//config?ref=v1"]\n',
  });
  await commitAll(repository);
});

afterAll(async () => {
  await outside[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function application(name: string, source: string): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: ${name}, namespace: argocd }
spec:
  source: ${source}
  destination: { server: https://kubernetes.default.svc }
`;
}

async function write(top: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, top, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

/** The built command, to which the hosts above are the world. */
async function vendor(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    HTTPS_PROXY: outside.url,
    SSL_CERT_FILE: join(folder, "authority.pem"),
  };
  const all = [command, "vendor", repository, "--cache", join(folder, "cache"), ...args];
  return exec(process.execPath, all, { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

/** The rows of the table, without their digests. */
function rows(stdout: string): string[] {
  return stdout
    .split("\n")
    .filter((line) => /^(?:helm|oci|git|file) /.test(line))
    .map((line) => line.replace(/\s+(?:sha256:)?[0-9a-f]{12,}$/, "").replace(/\s+/g, " "));
}

describe("rehearse vendor", () => {
  test("gets everything, bases of bases too, and locks it", async () => {
    const { code, stdout } = await vendor();
    expect(rows(stdout), stdout).toEqual([
      "file https://files.example/crd.yaml upstream",
      "git https://git.example/team/base config v1 upstream",
      "helm https://charts.example needed 2.x → 2.3.4 upstream",
      "helm https://charts.example shown 1.0.0 upstream",
    ]);
    expect(code).toBe(0);
    const lock = await readFile(join(repository, "rehearsal.lock.yaml"), "utf8");
    expect(lock).toMatch(/name: needed\n\s+version: 2\.3\.4\n\s+digest: sha256:[0-9a-f]{64}\n/);
    expect(lock).toMatch(
      /source: https:\/\/git\.example\/team\/base\n\s+version: v1\n\s+commit: [0-9a-f]{40}\n/,
    );
  });

  test("finds it all again with --check, and with no network", async () => {
    host.requests.length = 0;
    const checked = await vendor("--check");
    expect(checked.code, checked.stdout).toBe(0);
    const again = await vendor("--offline");
    expect(
      rows(again.stdout).every((row) => row.endsWith(" cache")),
      again.stdout,
    ).toBe(true);
    expect(host.requests).toEqual([]);
  });

  test("fails a check where a change takes what the lock does not have", async () => {
    await write("repository", {
      "apps/shown.yaml": application(
        "shown",
        "{ repoURL: https://charts.example, chart: shown, targetRevision: 1.1.0 }",
      ),
    });
    const checked = await vendor("--check");
    expect(checked.code).toBe(1);
    expect(checked.stdout).toContain(
      "✗ shown 1.1.0 of https://charts.example is not in the lock\n    apps/shown.yaml:2, Application shown",
    );
    const missing = await vendor();
    expect(missing.code).toBe(1);
    expect(missing.stdout).toContain("✗ shown 1.1.0 of https://charts.example does not exist: it has 1.0.0");
    expect(missing.stdout).toContain("The lock is as it was.");
    const offline = await vendor("--offline");
    expect(offline.code).toBe(3);
    expect(offline.stdout).toContain(
      "shown 1.1.0 of https://charts.example is not in the cache, and --offline forbids asking for it",
    );
  });

  test("takes seeds, and gives everything as JSON", async () => {
    const seeds = join(folder, "seeds");
    await mkdir(seeds);
    await writeFile(join(seeds, "shown-1.1.0.tgz"), await packChart({ name: "shown", version: "1.1.0" }));
    const { code, stdout } = await vendor("--offline", "--seed", seeds, "--json");
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ complete: true, lock: { written: true } });
    const shown = report.sources.find(({ source }: { source: { name?: string } }) => source.name === "shown");
    expect(shown).toMatchObject({ from: "seed", entry: { version: "1.1.0" } });
  });

  test("says what is wrong with what it was told", async () => {
    const { code, stdout } = await vendor("--seed", join(folder, "nowhere"));
    expect(code).toBe(2);
    expect(stdout).toContain("the folder of seeds");
  });
});
