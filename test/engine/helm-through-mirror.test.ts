import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { stringify } from "yaml";
import { helmEnvironment } from "../../src/argocd/install.ts";
import { openTestMirror } from "../../src/mirror/mirror-fixture.ts";
import type { World } from "../../src/mirror/world.ts";
import { usePlace } from "../../src/mirror/world-fixture.ts";
import { silentLog } from "../../src/runner/log.ts";
import { type RunResult, tryRun } from "../../src/runner/process.ts";
import { resolveToolchain } from "../../src/toolchain/resolve.ts";
import type { Toolchain } from "../../src/toolchain/toolchain.ts";
import { resolveCredentials } from "../../src/vendor/credentials.ts";
import { digestOf } from "../../src/vendor/digest.ts";
import { openStore, type Store } from "../../src/vendor/store.ts";
import {
  type FakeWorld,
  indexOf,
  ociChart,
  offline,
  packChart,
  push,
  startWorld,
  vendorOf,
} from "../../src/vendor/upstream-fixture.ts";

const charts = "https://charts.example/stable";
const place = usePlace("file");
let world: World;
let outside: FakeWorld;
let toolchain: Toolchain;
let archive: Buffer;
let store: Store;
let folder: string;

beforeAll(async () => {
  await place.cloneWithChange();
  world = await place.prepare();
  outside = await startWorld(["charts.example", "objects.example", "oci.example"]);
  toolchain = await resolveToolchain({ log: silentLog });
  archive = await packChart({ name: "app", version: "1.2.3" });
});
afterAll(() => outside.host[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "helm-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  store = openStore(join(folder, "store"));
  outside.pages.clear();
  outside.host.requests.length = 0;
  publish(archive);
});

function publish(bytes: Buffer): void {
  const chart = {
    name: "app",
    version: "1.2.3",
    archive: bytes,
    url: "https://objects.example/app-1.2.3.tgz",
  };
  outside.pages.set("charts.example/stable/index.yaml", { body: indexOf([chart]) });
  outside.pages.set("objects.example/app-1.2.3.tgz", { body: bytes });
  push(outside, "oci.example/charts/app", "1.2.3", ociChart("app", "1.2.3", bytes));
}

/** Helm in a run of its own, which knows the world through the mirror alone. */
async function helm(
  args: string[],
  options: Partial<Parameters<typeof vendorOf>[1]> = {},
): Promise<RunResult & { from: string[] }> {
  const declared = [charts, "oci://oci.example/charts"];
  const vendor = vendorOf(outside, { store, declared, ...options });
  const own = await mkdtemp(join(folder, "run-"));
  await using mirror = await openTestMirror(world, { folder: join(own, "mirror"), vendor });
  const result = await tryRun(toolchain.program("helm"), args, {
    cwd: folder,
    env: {
      ...helmEnvironment(own),
      HTTPS_PROXY: mirror.proxyUrl,
      NO_PROXY: "",
      SSL_CERT_FILE: mirror.caBundle,
    },
  });
  expect(mirror.evidence().tunnels.filter(({ outcome }) => outcome === "open")).toEqual([]);
  return { ...result, from: vendor.evidence().served.map(({ from }) => from) };
}

const ways = {
  "a repository": ["pull", "app", "--repo", charts, "--version", "1.2.3"],
  "a range of a repository": ["pull", "app", "--repo", charts, "--version", "1.x"],
  "a registry": ["pull", "oci://oci.example/charts/app", "--version", "1.2.3"],
  "a range of a registry": ["pull", "oci://oci.example/charts/app", "--version", "1.x"],
};

describe.each(Object.entries(ways))("helm pull from %s", (_, args) => {
  test("is upstream's, and offline the cache's", async () => {
    const first = await helm(args);
    expect(first).toMatchObject({ exitCode: 0 });
    expect(new Set(first.from)).toEqual(new Set(["upstream"]));
    await rm(join(folder, "app-1.2.3.tgz"));
    outside.host.requests.length = 0;
    const second = await helm(args, { forbidden: offline });
    expect(second).toMatchObject({ exitCode: 0 });
    expect(new Set(second.from)).toEqual(new Set(["cache"]));
    expect(await readdir(folder)).toContain("app-1.2.3.tgz");
    expect(outside.asked()).toEqual([]);
  });

  test("shows what is refused, in our words", async () => {
    const { exitCode, stderr } = await helm(args, { forbidden: offline });
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("is not in the cache, and --offline forbids asking for it; run rehearse vendor");
  });

  test("shows a changed digest with both", async () => {
    await helm(args);
    const forged = await packChart({ name: "app", version: "1.2.3" }, { "new.txt": "new" });
    publish(forged);
    const { exitCode, stderr } = await helm(args);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(" has changed: the cache has sha256:");
    const [found] = stderr.match(/upstream has (sha256:[0-9a-f]{64})/)?.slice(1) ?? [];
    expect([digestOf(forged), digestOf(ociChart("app", "1.2.3", forged).manifest)]).toContain(found);
  });
});

test("helm dependency build of a chart in Git is served like the rest", async () => {
  const dependencies = [
    { name: "app", version: "1.x", repository: charts },
    { name: "other", version: "1.2.3", repository: "oci://oci.example/charts" },
  ];
  const other = await packChart({ name: "other", version: "1.2.3" });
  push(outside, "oci.example/charts/other", "1.2.3", ociChart("other", "1.2.3", other));
  await mkdir(join(folder, "local"));
  await writeFile(
    join(folder, "local/Chart.yaml"),
    stringify({ apiVersion: "v2", name: "local", version: "0.1.0", dependencies }),
  );
  const build = ["dependency", "update", "local"];
  expect(await helm(build)).toMatchObject({ exitCode: 0 });
  await rm(join(folder, "local/charts"), { recursive: true });
  await rm(join(folder, "local/Chart.lock"));
  outside.host.requests.length = 0;
  expect(await helm(build, { forbidden: offline })).toMatchObject({ exitCode: 0 });
  expect(outside.asked()).toEqual([]);
});

test("private repositories and registries are open to Helm, which is asked for nothing", async () => {
  const basic = `Basic ${Buffer.from("me:s3cret").toString("base64")}`;
  for (const [path, page] of outside.pages) {
    outside.pages.set(path, (headers) => {
      const open = path.startsWith("objects.example")
        ? headers.authorization === undefined
        : headers.authorization === basic;
      if (!open) return { status: 401, headers: { "www-authenticate": "Basic" } };
      return typeof page === "function" ? page(headers) : page;
    });
  }
  const declared = [charts, "oci://oci.example/charts"].map((url) => {
    return { url, username: "me", passwordFrom: "TOKEN" };
  });
  const credentials = resolveCredentials(declared, { TOKEN: "s3cret" });
  for (const way of [ways["a repository"], ways["a registry"]])
    expect(await helm(way, { credentials })).toMatchObject({ exitCode: 0 });
  // A pull request from a fork is given no secret: what is in the cache has to do, and nothing else is had.
  const unset = resolveCredentials(declared, {});
  const forked = await helm(ways["a repository"], { credentials: unset });
  expect(forked).toMatchObject({ exitCode: 0 });
  expect(new Set(forked.from)).toEqual(new Set(["cache"]));
  const empty = openStore(join(folder, "empty"));
  const { exitCode, stderr } = await helm(ways["a repository"], { credentials: unset, store: empty });
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain("TOKEN, declared for it, is not set");
});
