import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { digestOf } from "../../src/vendor/digest.ts";
import { formatLock, lockFileName } from "../../src/vendor/lock.ts";
import {
  type FakeWorld,
  indexOf,
  ociChart,
  packChart,
  push,
  startWorld,
} from "../../src/vendor/upstream-fixture.ts";
import { packArgoCd } from "./argocd-as-chart.ts";
import { application, configMap, ours } from "./manifests.ts";
import { type OutsideWorld, startOutsideWorld } from "./outside-world.ts";
import { commitAll, type Fixture, type Run, rehearse } from "./quickstart.ts";

const charts = "https://charts.example/stable";
const argoCharts = "https://argo.example/argo-helm";

let world: FakeWorld;
let outside: OutsideWorld;
let top: string;
let repository: string;
let cache: string;
let git: Fixture["git"];
const archives = new Map<string, Buffer>();

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), "offline-"));
  [repository, cache] = [join(top, "repository"), join(top, "cache")];
  world = await startWorld(["charts.example", "files.example", "argo.example", "oci.example", "git.example"]);
  outside = await startOutsideWorld(() => (world.down ? 1 : world.host.port));
  await writeFile(join(top, "authority.pem"), world.host.authority);
  for (const name of ["chart", "dependency", "inflated", "pushed"])
    archives.set(
      name,
      await packChart({ name, version: "1.2.3" }, { "templates/map.yaml": configMap(name) }),
    );
  archives.set("argo-cd", await packArgoCd());
  publish();
  await writeRepository();
});

afterAll(async () => {
  await outside[Symbol.asyncDispose]();
  await world.host[Symbol.asyncDispose]();
  await rm(top, { recursive: true, force: true });
});

/** Everything that the repository takes from other hosts. */
function publish(): void {
  const of = (name: string, url: string, version = "1.2.3") => {
    return { name, version, archive: archives.get(name) ?? Buffer.of(), url };
  };
  const stable = [
    of("chart", "https://files.example/chart-1.2.3.tgz"),
    of("dependency", "dependency-1.2.3.tgz"),
    of("inflated", "inflated-1.2.3.tgz"),
  ];
  const argo = of("argo-cd", "argo-cd-1.0.0.tgz", "1.0.0");
  world.pages.set("charts.example/stable/index.yaml", { body: indexOf(stable) });
  world.pages.set("argo.example/argo-helm/index.yaml", { body: indexOf([argo]) });
  for (const { url, archive } of [...stable, { ...argo, url: `${argoCharts}/${argo.url}` }])
    world.pages.set(new URL(url, `${charts}/`).href.replace("https://", ""), { body: archive });
  const pushed = archives.get("pushed") ?? Buffer.of();
  push(world, "oci.example/charts/pushed", "1.2.3", ociChart("pushed", "1.2.3", pushed));
}

async function writeRepository(): Promise<void> {
  const files = {
    ".rehearsal.yaml": stringify({
      repository: { url: "https://git.example/you/homelab" },
      argocd: { repository: argoCharts, version: "1.0.0" },
    }),
    "root.yaml": application("root", { ...ours, path: "apps" }),
    "apps/chart.yaml": application("chart", { repoURL: charts, chart: "chart", targetRevision: "1.2.*" }),
    "apps/pushed.yaml": application("pushed", {
      repoURL: "oci://oci.example/charts/pushed",
      path: ".",
      targetRevision: "1.2.3",
    }),
    "apps/local.yaml": application("local", { ...ours, path: "local" }),
    "apps/inflating.yaml": application("inflating", { ...ours, path: "inflating" }),
    "local/Chart.yaml": stringify({
      apiVersion: "v2",
      name: "local",
      version: "0.1.0",
      dependencies: [{ name: "dependency", version: "1.2.3", repository: charts }],
    }),
    "local/templates/map.yaml": configMap("local"),
    "inflating/kustomization.yaml": stringify({
      helmCharts: [{ name: "inflated", repo: charts, version: "1.2.3", releaseName: "inflated" }],
    }),
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(repository, path)), { recursive: true });
    await writeFile(join(repository, path), text);
  }
  git = await commitAll(repository);
}

/** Commits an edit on a branch of its own, and leaves it checked out. */
async function change(edits: Record<string, (text: string) => string>): Promise<Fixture["git"]> {
  await git("switch", "--quiet", "--create", "change");
  for (const [path, edit] of Object.entries(edits)) {
    const file = join(repository, path);
    const before = await readFile(file, "utf8");
    const after = edit(before);
    expect(after).not.toBe(before);
    await writeFile(file, after);
  }
  await git("commit", "--quiet", "--all", "--message=change");
  return git;
}

/** What a user would see who has no other network. */
async function rehearseIt(...flags: string[]): Promise<Run> {
  const own = { ...process.env };
  const network = { HTTPS_PROXY: outside.url, HTTP_PROXY: outside.url, NO_PROXY: "127.0.0.1,localhost" };
  Object.assign(process.env, network, { SSL_CERT_FILE: join(top, "authority.pem") });
  for (const name of ["https_proxy", "http_proxy", "no_proxy"]) delete process.env[name];
  try {
    return await rehearse(repository, "--cache", cache, ...flags);
  } finally {
    for (const name of [...Object.keys(network), "SSL_CERT_FILE"]) delete process.env[name];
    Object.assign(process.env, own);
  }
}

const everything = [
  "argo-cd 1.0.0 of https://argo.example/argo-helm",
  "chart 1.2.3 of https://charts.example/stable",
  "dependency 1.2.3 of https://charts.example/stable",
  "inflated 1.2.3 of https://charts.example/stable",
  "1.2.3 of oci://oci.example/charts/pushed",
];

function cameFrom({ verdict }: Run, from: "cache" | "upstream"): string[] {
  return (verdict.evidence?.artefacts ?? []).filter((item) => item.from === from).map(({ what }) => what);
}

function states({ verdict }: Run): Record<string, string> {
  return Object.fromEntries(verdict.applications.map(({ name, state }) => [name, state]));
}

const allPass = { root: "passed", chart: "passed", pushed: "passed", local: "passed", inflating: "passed" };

test("offline, a cache that was never filled is infrastructure", async () => {
  const { exitCode, verdict } = await rehearseIt("--offline");
  expect({ exitCode, result: verdict.result }, verdict.summary).toEqual({
    exitCode: 3,
    result: "infrastructure",
  });
  expect(verdict.summary).toContain(
    "argo.example/argo-helm/index.yaml is not in the cache, and --offline forbids asking for it; run rehearse vendor",
  );
  expect(world.asked()).toEqual([]);
});

test("what one rehearsal fetches, the next has offline", async () => {
  const first = await rehearseIt();
  expect(states(first), JSON.stringify(first.verdict, null, 1)).toEqual(allPass);
  expect(first.exitCode).toBe(0);
  expect(cameFrom(first, "upstream")).toEqual(expect.arrayContaining(everything));

  world.down = true;
  world.host.requests.length = 0;
  const second = await rehearseIt("--offline");
  expect(states(second), JSON.stringify(second.verdict, null, 1)).toEqual(allPass);
  expect(second.exitCode).toBe(0);
  expect(cameFrom(second, "cache")).toEqual(expect.arrayContaining(everything));
  expect(cameFrom(second, "upstream")).toEqual([]);
  expect(world.asked()).toEqual([]);
});

test("offline, versions that the cache does not have are no fault of the change", async () => {
  world.down = true;
  const git = await change({
    "apps/chart.yaml": (text) => text.replace("1.2.*", "9.9.9"),
    "apps/pushed.yaml": (text) => text.replace("1.2.3", "9.9.9"),
    "local/Chart.yaml": (text) => text.replace("1.2.3", "9.9.9"),
    "inflating/kustomization.yaml": (text) => text.replace("1.2.3", "9.9.9"),
  });
  const run = await rehearseIt("--offline", "--base", "main");
  await git("switch", "--quiet", "main");
  const reasons = run.verdict.applications.map(({ name, reason }) => [name, reason?.class, reason?.code]);
  expect(reasons, JSON.stringify(run.verdict.applications, null, 1)).toEqual([
    ["chart", "infrastructure", "not-cached"],
    ["inflating", "infrastructure", "not-cached"],
    ["local", "infrastructure", "not-cached"],
    ["pushed", "infrastructure", "not-cached"],
    ["root", undefined, undefined],
  ]);
  expect(run.exitCode).toBe(3);
});

test("a version that was published anew is red, and both digests are named", async () => {
  const before = digestOf(archives.get("chart") ?? Buffer.of());
  const forged = await packChart(
    { name: "chart", version: "1.2.3" },
    { "templates/map.yaml": configMap("evil") },
  );
  archives.set("chart", forged);
  world.down = false;
  publish();
  const run = await rehearseIt();
  expect(run.verdict.result).not.toBe("passed");
  expect(states(run)).toMatchObject({
    chart: "failed",
    pushed: "passed",
    local: "passed",
    inflating: "passed",
  });
  const { reason } = run.verdict.applications.find(({ name }) => name === "chart") ?? {};
  expect(reason?.message).toContain(`the cache has ${before}, upstream has ${digestOf(forged)}`);
});

test("a change cannot give a locked version another digest", async () => {
  const [one, two] = ["1", "2"].map((digit): `sha256:${string}` => `sha256:${digit.repeat(64)}`);
  const lock = (digest = one) => {
    const entry = { kind: "helm", source: charts, name: "chart", version: "1.2.3" } as const;
    return formatLock({ entries: [{ ...entry, digest: digest ?? "sha256:" }] });
  };
  await writeFile(join(repository, lockFileName), lock());
  await git("add", "--all");
  await git("commit", "--quiet", "--message=lock");
  await git("branch", "--quiet", "--force", "change", "main");
  await git("switch", "--quiet", "change");
  await writeFile(join(repository, lockFileName), lock(two));
  await git("commit", "--quiet", "--all", "--message=another");
  const { exitCode, verdict } = await rehearseIt("--base", "main");
  expect(exitCode, verdict.summary).toBe(1);
  expect(verdict.summary).toBe(
    `the digest of chart 1.2.3 of ${charts} has changed: the base's lock has ${one}, the change's has ${two}`,
  );
  expect(verdict.error?.where).toEqual({ file: lockFileName });
});
