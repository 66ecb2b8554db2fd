import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { createGitBackend, type GitBackend } from "../../src/mirror/git-backend.ts";
import { type HttpsHost, startHost } from "../../src/mirror/mirror-fixture.ts";
import { packageRoot } from "../../src/runner/package-root.ts";
import { indexOf } from "../../src/vendor/upstream-fixture.ts";
import { packArgoCd } from "./argocd-as-chart.ts";
import { application, configMap, ours } from "./manifests.ts";
import { type OutsideWorld, startOutsideWorld } from "./outside-world.ts";
import { commitAll, type Fixture, type Run, rehearse } from "./quickstart.ts";

const exec = promisify(execFile);
const main = join(packageRoot(), "src/cli/main.ts");
let top: string;
let host: HttpsHost;
let outside: OutsideWorld;
let git: Fixture["git"];
let down = false;

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), "offline-git-"));
  await write("apps", { "deploy/map.yaml": configMap("elsewhere") });
  await write("base", {
    "config/kustomization.yaml": "resources: [map.yaml, https://files.example/map.yaml]\n",
    "config/map.yaml": configMap("based"),
  });
  const backends = new Map<string, GitBackend>();
  for (const name of ["apps", "base"]) {
    const git = await commitAll(join(top, name));
    await git("tag", "v1");
    backends.set(name, await createGitBackend(join(top, name, ".git")));
  }
  const archive = await packArgoCd();
  const index = indexOf([{ name: "argo-cd", version: "1.0.0", archive, url: "argo-cd-1.0.0.tgz" }]);
  host = await startHost(["git.example", "files.example", "charts.example"], (request, response) => {
    const { pathname } = new URL(request.url ?? "", "https://host");
    const [, name = "", rest] =
      /^\/team\/(\w+)(?:\.git)?\/(info\/refs|git-upload-pack)$/.exec(pathname) ?? [];
    const backend = backends.get(name);
    if (backend) void backend.answer(request, response, rest === "info/refs" ? "refs" : "fetch", () => {});
    else if (pathname === "/map.yaml") response.end(configMap("file"));
    else if (pathname === "/index.yaml") response.end(index);
    else if (pathname === "/argo-cd-1.0.0.tgz") response.end(archive);
    else response.writeHead(404).end();
  });
  outside = await startOutsideWorld(() => (down ? 1 : host.port));
  await writeFile(join(top, "authority.pem"), host.authority);
  await write("repository", {
    ".rehearsal.yaml": stringify({
      repository: { url: "https://git.example/you/homelab" },
      argocd: { repository: "https://charts.example", version: "1.0.0" },
    }),
    "root.yaml": application("root", { ...ours, path: "apps" }),
    "apps/elsewhere.yaml": application("elsewhere", {
      repoURL: "https://git.example/team/apps.git",
      path: "deploy",
      targetRevision: "v1",
    }),
    "apps/based.yaml": application("based", { ...ours, path: "based" }),
    "based/kustomization.yaml": "resources: ['https://git.example/team/base//config?ref=v1']\n",
  });
  git = await commitAll(join(top, "repository"));
});

afterAll(async () => {
  await outside[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  await rm(top, { recursive: true, force: true });
});

async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(top, folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

function rehearseIt(...flags: string[]): Promise<Run> {
  return asUser(() => rehearse(join(top, "repository"), "--cache", join(top, "cache"), ...flags));
}

/** Runs it for somebody to whom the host above is the world. */
async function asUser<T>(work: () => Promise<T>): Promise<T> {
  const own = { ...process.env };
  const network = { HTTPS_PROXY: outside.url, HTTP_PROXY: outside.url, NO_PROXY: "127.0.0.1,localhost" };
  Object.assign(process.env, network, { SSL_CERT_FILE: join(top, "authority.pem") });
  for (const name of ["https_proxy", "http_proxy", "no_proxy"]) delete process.env[name];
  try {
    return await work();
  } finally {
    for (const name of [...Object.keys(network), "SSL_CERT_FILE"]) delete process.env[name];
    Object.assign(process.env, own);
  }
}

function states({ verdict }: Run): Record<string, string> {
  return Object.fromEntries(verdict.applications.map(({ name, state }) => [name, state]));
}

const allPass = { root: "passed", elsewhere: "passed", based: "passed" };
const others = ["https://git.example/team/apps", "https://git.example/team/base"];

test("other repositories, remote bases and files of one rehearsal are there for the next one, offline", async () => {
  const first = await rehearseIt();
  expect(states(first), JSON.stringify(first.verdict, null, 1)).toEqual(allPass);
  const upstream = first.verdict.evidence?.artefacts?.filter(({ from }) => from === "upstream");
  expect(upstream?.map(({ what }) => what)).toEqual(expect.arrayContaining(others));

  // What a base of another repository takes from elsewhere, only this finds beforehand.
  await asUser(() =>
    exec(process.execPath, [main, "vendor", join(top, "repository"), "--cache", join(top, "cache")]),
  );
  await git("add", "--all");
  await git("commit", "--quiet", "--message=lock");

  down = true;
  host.requests.length = 0;
  const second = await rehearseIt("--offline");
  expect(states(second), JSON.stringify(second.verdict, null, 1)).toEqual(allPass);
  const cached = second.verdict.evidence?.artefacts?.filter(({ from }) => from === "cache");
  expect(cached?.map(({ what }) => what)).toEqual(expect.arrayContaining(others));
  expect(host.requests).toEqual([]);
});

test("offline, revisions that the cache does not have are no fault of the change", async () => {
  down = true;
  await git("switch", "--quiet", "--create", "change");
  await write("repository", {
    "apps/elsewhere.yaml": application("elsewhere", {
      repoURL: "https://git.example/team/apps.git",
      path: "deploy",
      targetRevision: "v2",
    }),
    "based/kustomization.yaml": "resources: ['https://git.example/team/base//config?ref=v2']\n",
  });
  await git("commit", "--quiet", "--all", "--message=change");
  const run = await rehearseIt("--offline", "--base", "main");
  const reasons = run.verdict.applications.map(({ name, reason }) => [name, reason?.class, reason?.code]);
  expect(reasons, JSON.stringify(run.verdict.applications, null, 1)).toEqual([
    ["based", "infrastructure", "not-cached"],
    ["elsewhere", "infrastructure", "not-cached"],
    ["root", undefined, undefined],
  ]);
  expect(run.exitCode).toBe(3);
});
