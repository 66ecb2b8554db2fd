import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { ChartSource, GitSource, RemoteSource } from "../repository/remote-source.ts";
import { silentLog } from "../runner/log.ts";
import { checkSources } from "./check-sources.ts";
import { digestOf } from "./digest.ts";
import { emptyLock, type Lock } from "./lock.ts";
import { openSeeds } from "./seeds.ts";
import type { Store } from "./store.ts";
import {
  type FakeWorld,
  get,
  indexOf,
  ociChart,
  offline,
  packChart,
  push,
  startWorld,
  temporaryStore,
  vendorOf,
} from "./upstream-fixture.ts";
import { vendorSources } from "./vendor-sources.ts";

const charts = "https://charts.example/stable";
const place = { file: "apps/app.yaml", line: 2 };
const signal = new AbortController().signal;
let world: FakeWorld;
let old: Buffer;
let current: Buffer;

beforeAll(async () => {
  world = await startWorld(["charts.example", "oci.example", "files.example"]);
  old = await packChart({ name: "app", version: "1.0.0" });
  current = await packChart({ name: "app", version: "1.1.0" });
});

afterAll(() => world.host[Symbol.asyncDispose]());

beforeEach(() => {
  world.down = false;
  world.host.requests.length = 0;
  world.pages.clear();
  const index = indexOf([
    { name: "app", version: "1.1.0", archive: current, url: "app-1.1.0.tgz" },
    { name: "app", version: "1.0.0", archive: old, url: "app-1.0.0.tgz" },
  ]);
  world.pages.set("charts.example/stable/index.yaml", { body: index });
  world.pages.set("charts.example/stable/app-1.0.0.tgz", { body: old });
  world.pages.set("charts.example/stable/app-1.1.0.tgz", { body: current });
  push(world, "oci.example/charts/app", "1.0.0", ociChart("app", "1.0.0", old));
  world.pages.set("files.example/crd.yaml", { body: "kind: CustomResourceDefinition\n" });
});

function helm(version: string | undefined): ChartSource {
  return { kind: "helm", url: charts, name: "app", version, place, by: "Application app" };
}

function oci(version: string | undefined): ChartSource {
  return { kind: "oci", url: "oci://oci.example/charts", name: "app", version, place, by: "Application app" };
}

const file: RemoteSource = {
  kind: "file",
  url: "https://files.example/crd.yaml",
  place,
  by: "kustomization app",
};

async function seedFolder(...archives: [name: string, archive: Buffer][]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "seeds-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(folder, { recursive: true });
  for (const [name, archive] of archives) await writeFile(join(folder, name), archive);
  return folder;
}

interface Options {
  store: Store;
  lock?: Lock;
  seeds?: string[];
  forbidden?: string;
}

/** What became of each source, in one line. */
async function vendor(sources: readonly RemoteSource[], options: Options) {
  const { store, lock = emptyLock, seeds = [], forbidden } = options;
  const files = sources.flatMap((source) => (source.kind === "file" ? [source.url] : []));
  const opened = vendorOf(world, { store, lock, files, forbidden });
  const found = await vendorSources({
    sources: { sources, unknown: [] },
    vendor: opened,
    lock,
    seeds: await openSeeds(seeds),
    log: silentLog,
    signal,
  });
  const lines = found.sources.map((one) =>
    "problem" in one
      ? `${one.problem.kind}: ${one.problem.message}`
      : `${one.from} ${"version" in one.entry ? one.entry.version : ""}`,
  );
  return { lines, entries: found.sources.flatMap((one) => ("entry" in one ? [one.entry] : [])) };
}

async function check(sources: readonly RemoteSource[], { store, lock = emptyLock }: Options) {
  const opened = vendorOf(world, { store, lock, forbidden: "--check forbids asking for it" });
  const found = await checkSources({ sources: { sources, unknown: [] }, vendor: opened, lock, signal });
  return {
    lines: found.sources.map((one) =>
      "problem" in one ? `${one.problem.kind}: ${one.problem.message}` : one.from,
    ),
    stale: found.stale.length,
  };
}

describe("a chart of a Helm repository", () => {
  test("comes from upstream once, and from the cache afterwards, also for a rehearsal without network", async () => {
    const store = await temporaryStore();
    const first = await vendor([helm("1.0.0")], { store });
    expect(first.lines).toEqual(["upstream 1.0.0"]);
    expect(first.entries).toEqual([
      { kind: "helm", source: charts, name: "app", version: "1.0.0", digest: digestOf(old) },
    ]);
    world.down = true;
    expect((await vendor([helm("1.0.0")], { store })).lines).toEqual(["cache 1.0.0"]);
    const cached = vendorOf(world, { store, forbidden: offline });
    expect((await get(cached, `${charts}/index.yaml`))?.text).toContain("1.0.0");
    expect((await get(cached, `${charts}/app-1.0.0.tgz`))?.body.equals(old)).toBe(true);
  });

  test("of a range is the newest that upstream has", async () => {
    const store = await temporaryStore();
    expect((await vendor([helm("1.x")], { store })).lines).toEqual(["upstream 1.1.0"]);
    expect((await vendor([helm(undefined)], { store })).lines).toEqual(["cache 1.1.0"]);
    expect((await vendor([helm("1.x")], { store, forbidden: offline })).lines).toEqual(["cache 1.1.0"]);
  });

  test("that upstream does not list is missing; that nobody could be asked for is not", async () => {
    const store = await temporaryStore();
    expect((await vendor([helm("9.0.0")], { store })).lines).toEqual([
      `missing: app 9.0.0 of ${charts} does not exist: it has 1.1.0, 1.0.0…`,
    ]);
    expect((await vendor([helm("9.0.0")], { store, forbidden: offline })).lines).toEqual([
      `unavailable: app 9.0.0 of ${charts} is not in the cache, and ${offline}`,
    ]);
    world.down = true;
    expect((await vendor([helm("9.0.0")], { store })).lines[0]).toMatch(
      /^unavailable: .*charts.example:443 cannot be reached/,
    );
  });

  test("comes from a seed of its name and version, for sources that are declared and for no other", async () => {
    const store = await temporaryStore();
    const seeds = [await seedFolder(["app-1.0.0.tgz", old], ["other-1.0.0.tgz", current])];
    expect((await vendor([helm("1.0.0")], { store, seeds, forbidden: offline })).lines).toEqual([
      "seed 1.0.0",
    ]);
    expect(world.host.requests).toEqual([]);
    const cached = vendorOf(world, { store, forbidden: offline });
    expect((await get(cached, "https://charts.example/mistyped/index.yaml"))?.status).toBe(424);
  });

  test("comes from no seed that says to be something else", async () => {
    const store = await temporaryStore();
    const seeds = [await seedFolder(["app-1.0.0.tgz", current])];
    await expect(vendor([helm("1.0.0")], { store, seeds })).rejects.toThrow(
      /app-1\.0\.0\.tgz holds the chart app 1\.1\.0/,
    );
  });

  test("with another digest than the lock's names both", async () => {
    const store = await temporaryStore();
    const locked = digestOf(Buffer.from("something else"));
    const lock: Lock = {
      entries: [{ kind: "helm", source: charts, name: "app", version: "1.0.0", digest: locked }],
    };
    const says = `changed: the digest of app 1.0.0 of ${charts} has changed: the lock has ${locked}`;
    expect((await vendor([helm("1.0.0")], { store, lock })).lines).toEqual([
      `${says}, upstream has ${digestOf(old)}`,
    ]);
    const seeds = [await seedFolder(["app-1.0.0.tgz", old])];
    const seeded = await vendor([helm("1.0.0")], { store, lock, seeds });
    expect(seeded.lines[0]).toContain(`${says}, the seed ${seeds[0]}/app-1.0.0.tgz has ${digestOf(old)}`);
  });
});

describe("a chart of an OCI registry", () => {
  test("comes from upstream, then from the cache", async () => {
    const store = await temporaryStore();
    expect((await vendor([oci("1.0.0")], { store })).lines).toEqual(["upstream 1.0.0"]);
    expect((await vendor([oci("1.*")], { store })).lines).toEqual(["cache 1.0.0"]);
    expect((await vendor([oci("1.*")], { store, forbidden: offline })).lines).toEqual(["cache 1.0.0"]);
    expect((await vendor([oci("2.0.0")], { store, forbidden: offline })).lines[0]).toMatch(
      /^unavailable: app 2\.0\.0 of/,
    );
    expect((await vendor([oci("2.0.0")], { store })).lines[0]).toMatch(
      /^missing: app 2\.0\.0 of .* does not exist/,
    );
  });

  test("comes from a seed, as Helm would have pushed it", async () => {
    const store = await temporaryStore();
    const seeds = [await seedFolder(["app-1.0.0.tgz", old])];
    expect((await vendor([oci("1.0.0")], { store, seeds, forbidden: offline })).lines).toEqual([
      "seed 1.0.0",
    ]);
    const cached = vendorOf(world, { store, forbidden: offline });
    const manifest = JSON.parse(
      (await get(cached, "https://oci.example/v2/charts/app/manifests/1.0.0"))?.text ?? "",
    );
    expect(manifest.layers[0]).toMatchObject({ digest: digestOf(old), size: old.length });
    expect((await vendor([oci("1.0.0")], { store, forbidden: offline })).lines).toEqual(["cache 1.0.0"]);
  });
});

test("a file is as upstream has it, and as it was where upstream cannot be asked", async () => {
  const store = await temporaryStore();
  expect((await vendor([file], { store })).lines).toEqual(["upstream "]);
  world.down = true;
  expect((await vendor([file], { store })).lines).toEqual(["cache "]);
  const missing = { ...file, url: "https://files.example/nothing.yaml" };
  expect((await vendor([missing], { store })).lines[0]).toMatch(
    /^unavailable: .*files.example:443 cannot be reached/,
  );
});

describe("a check", () => {
  test("finds what the lock or the cache lacks, and asks nobody", async () => {
    const store = await temporaryStore();
    const { entries } = await vendor([helm("1.0.0"), oci("1.0.0"), file], { store });
    const lock = { entries };
    world.host.requests.length = 0;
    expect(await check([helm("1.0.0"), helm("1.x"), oci("1.0.0"), file], { store, lock })).toEqual({
      lines: ["cache", "cache", "cache", "cache"],
      stale: 0,
    });
    expect(await check([helm("1.1.0"), oci("1.0.0"), file], { store, lock })).toEqual({
      lines: ["cache", `incomplete: app 1.1.0 of ${charts} is not in the lock`, "cache"],
      stale: 1,
    });
    const empty = await temporaryStore();
    expect((await check([helm("1.0.0")], { store: empty, lock })).lines).toEqual([
      `incomplete: app 1.0.0 of ${charts} is not in the cache`,
    ]);
    expect(world.host.requests).toEqual([]);
  });

  test("names both digests where they differ", async () => {
    const store = await temporaryStore();
    await vendor([helm("1.0.0")], { store });
    const digest = digestOf(current);
    const lock: Lock = { entries: [{ kind: "helm", source: charts, name: "app", version: "1.0.0", digest }] };
    expect((await check([helm("1.0.0")], { store, lock })).lines).toEqual([
      `changed: the digest of app 1.0.0 of ${charts} has changed: the lock has ${digest}, the cache has ${digestOf(old)}`,
    ]);
  });

  test("finds another repository that was kept nowhere", async () => {
    const git: GitSource = {
      ...{ kind: "git", url: "https://git.example/o/r", version: "v1", reads: "revision", folder: "" },
      ...{ place, by: "kustomization app" },
    };
    const lock: Lock = { entries: [{ kind: "git", source: git.url, version: "v1", commit: "1".repeat(40) }] };
    expect((await check([git], { store: await temporaryStore(), lock })).lines).toEqual([
      "incomplete: v1 of https://git.example/o/r is not in the cache",
    ]);
  });
});
