import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import type { World } from "../../src/mirror/world.ts";
import { usePlace } from "../../src/mirror/world-fixture.ts";
import { fetchBootstrapChart } from "../../src/rehearsal/bootstrap-chart.ts";
import { ChangeError, InfrastructureError } from "../../src/runner/errors.ts";
import { silentLog } from "../../src/runner/log.ts";
import { resolveToolchain } from "../../src/toolchain/resolve.ts";
import type { Toolchain } from "../../src/toolchain/toolchain.ts";
import { noCredentials } from "../../src/vendor/credentials.ts";
import { digestOf } from "../../src/vendor/digest.ts";
import { emptyLock, type Lock } from "../../src/vendor/lock.ts";
import { openStore } from "../../src/vendor/store.ts";
import { type FakeWorld, indexOf, packChart, startWorld } from "../../src/vendor/upstream-fixture.ts";
import { type OutsideWorld, startOutsideWorld } from "./outside-world.ts";

const repository = "https://argo.example/argo-helm";
const place = usePlace("file");
let world: World;
let argo: FakeWorld;
let outside: OutsideWorld;
let toolchain: Toolchain;
let archive: Buffer;
let folder: string;

beforeAll(async () => {
  await place.cloneWithChange();
  world = await place.prepare();
  argo = await startWorld(["argo.example"]);
  outside = await startOutsideWorld(() => (argo.down ? 1 : argo.host.port));
  toolchain = await resolveToolchain({ log: silentLog });
  archive = await packChart({ name: "argo-cd", version: "10.1.1" });
});
afterAll(async () => {
  await outside[Symbol.asyncDispose]();
  await argo.host[Symbol.asyncDispose]();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bootstrap-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const authority = join(folder, "authority.pem");
  await writeFile(authority, argo.host.authority);
  vi.stubEnv("HTTPS_PROXY", outside.url);
  vi.stubEnv("SSL_CERT_FILE", authority);
  onTestFinished(() => void vi.unstubAllEnvs());
  argo.down = false;
  publish(archive);
});

function publish(bytes: Buffer): void {
  const chart = { name: "argo-cd", version: "10.1.1", archive: bytes, url: "argo-cd-10.1.1.tgz" };
  argo.pages.set("argo.example/argo-helm/index.yaml", { body: indexOf([chart]) });
  argo.pages.set("argo.example/argo-helm/argo-cd-10.1.1.tgz", { body: bytes });
}

async function fetch({
  version = "10.1.1",
  offline = false,
  lock = emptyLock,
}: {
  version?: string;
  offline?: boolean;
  lock?: Lock;
} = {}) {
  return fetchBootstrapChart(
    { repository, chart: "argo-cd", version, release: "argocd", namespace: "argocd", values: [] },
    {
      world,
      toolchain,
      folder: await mkdtemp(join(folder, "run-")),
      signal: new AbortController().signal,
      vendoring: {
        store: openStore(join(folder, "store")),
        lock,
        credentials: noCredentials,
        declared: [repository],
        files: [],
        offline,
        egress: "restricted", // which is about what runs in the cluster
      },
    },
  ).catch((error: unknown) => ({ error }));
}

test("the chart of Argo CD is kept like any other, and there offline", async () => {
  expect(await fetch()).toMatchObject({ chart: { version: "10.1.1" } });
  argo.down = true;
  const { chart, evidence } = (await fetch({ offline: true })) as Awaited<
    ReturnType<typeof fetchBootstrapChart>
  >;
  expect(chart).toMatchObject({ name: "argo-cd", version: "10.1.1" });
  expect(evidence?.served.map(({ from }) => from)).toEqual(["cache", "cache"]);
});

test("offline, its absence is infrastructure, and nothing takes its place", async () => {
  const never = await fetch({ offline: true });
  expect(never).toMatchObject({
    error: new InfrastructureError(
      "argo.example/argo-helm/index.yaml is not in the cache, and --offline forbids asking for it; run rehearse vendor",
    ),
  });
  await fetch();
  const other = (await fetch({ offline: true, version: "10.2.0" })) as { error: Error };
  expect(other.error).toBeInstanceOf(InfrastructureError);
  expect(other.error.message).toContain("as far as the cache tells");
});

test("a version that upstream does not have is the change's fault", async () => {
  expect(((await fetch({ version: "99.0.0" })) as { error: Error }).error).toBeInstanceOf(ChangeError);
});

test("a host that does not answer leaves Argo CD's own manifests, as before", async () => {
  argo.down = true;
  expect(await fetch()).toMatchObject({ chart: { unavailable: expect.stringContaining("argo.example") } });
});

test("a digest that is not the lock's is red, and not replaced by anything", async () => {
  const digest = `sha256:${"0".repeat(64)}` as const;
  const lock: Lock = {
    entries: [{ kind: "helm", source: repository, name: "argo-cd", version: "10.1.1", digest }],
  };
  const { error } = (await fetch({ lock })) as { error: Error };
  expect(error).toBeInstanceOf(ChangeError);
  expect(error.message).toContain(`the lock has ${digest}, upstream has ${digestOf(archive)}`);
});
