import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { digestOf } from "./digest.ts";
import { chartVersions } from "./entry-kinds.ts";
import type { Lock } from "./lock.ts";
import type { Store } from "./store.ts";
import {
  type FakeWorld,
  get,
  indexOf,
  offline,
  packChart,
  startWorld,
  temporaryStore,
  vendorOf,
} from "./upstream-fixture.ts";

const repository = "https://charts.example/stable";
const archiveUrl = `${repository}/app-1.2.3.tgz`;

let world: FakeWorld;
let archive: Buffer;
let store: Store;

beforeAll(async () => {
  world = await startWorld(["charts.example", "objects.example", "other.example"]);
  archive = await packChart({ name: "app", version: "1.2.3" });
});
afterAll(() => world.host[Symbol.asyncDispose]());
beforeEach(async () => {
  world.pages.clear();
  world.host.requests.length = 0;
  world.down = false;
  publish(archive);
  store = await temporaryStore();
});

function publish(bytes: Buffer, url = "app-1.2.3.tgz", digest?: string): void {
  const chart = { name: "app", version: "1.2.3", archive: bytes, url, ...(digest ? { digest } : {}) };
  world.pages.set("charts.example/stable/index.yaml", { body: indexOf([chart]) });
  world.pages.set("charts.example/stable/app-1.2.3.tgz", { body: bytes });
}

/** A run of its own: what one knows of an index, the next does not. */
function run(options: { forbidden?: string; lock?: Lock } = {}) {
  return vendorOf(world, { store, declared: [repository], ...options });
}

async function fill(): Promise<void> {
  const vendor = run();
  await get(vendor, `${repository}/index.yaml`);
  expect((await get(vendor, archiveUrl))?.body).toEqual(archive);
  world.host.requests.length = 0;
}

function lockOf(digest: string): Lock {
  const entry = { kind: "helm", source: repository, name: "app", version: "1.2.3" } as const;
  return { entries: [{ ...entry, digest: digest as `sha256:${string}` }] };
}

test("a chart is upstream's the first time, and the cache's from then on", async () => {
  const first = run();
  expect((await get(first, `${repository}/index.yaml`))?.status).toBe(200);
  expect((await get(first, archiveUrl))?.body).toEqual(archive);
  expect(first.evidence()).toEqual({
    served: [
      { what: `index of ${repository}`, from: "upstream", count: 1 },
      { what: `app 1.2.3 of ${repository}`, from: "upstream", count: 1 },
    ],
    refused: [],
    incomplete: [],
  });
  const second = run();
  await get(second, `${repository}/index.yaml`);
  expect((await get(second, archiveUrl))?.body).toEqual(archive);
  expect(second.evidence().served[1]).toMatchObject({ what: `app 1.2.3 of ${repository}`, from: "cache" });
  expect(world.asked()).toEqual([
    "GET charts.example/stable/index.yaml",
    "GET charts.example/stable/app-1.2.3.tgz",
    "GET charts.example/stable/index.yaml",
  ]);
});

test("an index is asked for once in a run, however many clients ask at once", async () => {
  const vendor = run();
  await Promise.all([1, 2, 3].map(() => get(vendor, `${repository}/index.yaml`)));
  await get(vendor, `${repository}/index.yaml`);
  expect(world.asked()).toHaveLength(1);
});

test("archives on other hosts become hosts that are answered for, other links of an index do not", async () => {
  const text = indexOf([
    { name: "app", version: "1.2.3", archive, url: "https://objects.example/app-1.2.3.tgz" },
  ]);
  world.pages.set("charts.example/stable/index.yaml", {
    body: text.replace("digest:", "sources:\n        - https://other.example/source\n      digest:"),
  });
  world.pages.set("objects.example/app-1.2.3.tgz", { body: archive });
  const vendor = run();
  expect(vendor.answersFor("objects.example", 443)).toBe(false);
  await get(vendor, `${repository}/index.yaml`);
  expect(vendor.answersFor("objects.example", 443)).toBe(true);
  expect(vendor.answersFor("other.example", 443)).toBe(false);
  expect((await get(vendor, "https://objects.example/app-1.2.3.tgz"))?.body).toEqual(archive);
});

test("redirects are followed here", async () => {
  const location = "https://objects.example/real?signature=s3cret";
  world.pages.set("charts.example/stable/app-1.2.3.tgz", { status: 302, headers: { location } });
  world.pages.set("objects.example/real?signature=s3cret", { body: archive });
  await fill();
  expect(JSON.stringify(await store.entries(chartVersions, repository).list())).not.toContain("s3cret");
});

describe("offline", () => {
  test("the index and the archive are the cache's, and upstream is not asked", async () => {
    await fill();
    const vendor = run({ forbidden: offline });
    const index = parse((await get(vendor, `${repository}/index.yaml`))?.text ?? "");
    expect(index.entries.app).toEqual([
      {
        apiVersion: "v2",
        name: "app",
        version: "1.2.3",
        digest: digestOf(archive).slice(7),
        urls: [archiveUrl],
      },
    ]);
    expect((await get(vendor, archiveUrl))?.body).toEqual(archive);
    expect(world.asked()).toEqual([]);
    expect(vendor.evidence().incomplete).toEqual([repository]);
  });

  test("what is not in the cache is refused, with how to get it there", async () => {
    const vendor = run({ forbidden: offline });
    const message =
      "charts.example/stable/index.yaml is not in the cache, and --offline forbids asking for it; run rehearse vendor";
    expect(await get(vendor, `${repository}/index.yaml`)).toMatchObject({
      status: 424,
      reason: message,
      text: `${message}\n`,
    });
    expect(vendor.evidence().refused).toEqual([
      { kind: "absent", what: "charts.example/stable/index.yaml", message, count: 1 },
    ]);
  });

  test("an archive that was damaged on disk is not there", async () => {
    await fill();
    const path = join(store.folder, "blobs/sha256", digestOf(archive).slice(7));
    await writeFile(path, "damaged");
    const vendor = run({ forbidden: offline });
    await get(vendor, `${repository}/index.yaml`);
    expect(await get(vendor, archiveUrl)).toMatchObject({ status: 424 });
  });

  test("every host is answered for", () => {
    expect(run({ forbidden: offline }).answersFor("anything.example", 8443)).toBe(true);
    expect(run().answersFor("anything.example", 443)).toBe(false);
    expect(run().answersFor("charts.example", 8443)).toBe(false);
  });
});

describe("where upstream fails", () => {
  test.each([
    ["is not there", () => (world.down = true), /ECONNREFUSED/],
    [
      "is broken",
      () => world.pages.set("charts.example/stable/index.yaml", { status: 503 }),
      /it answers 503/,
    ],
    [
      "is overrun",
      () => world.pages.set("charts.example/stable/index.yaml", { status: 429 }),
      /it answers 429/,
    ],
  ])("because it %s, the cache has to do, and evidence says so", async (_, fail, why) => {
    await fill();
    fail();
    const vendor = run();
    expect((await get(vendor, `${repository}/index.yaml`))?.status).toBe(200);
    expect((await get(vendor, archiveUrl))?.body).toEqual(archive);
    const [index] = vendor.evidence().served;
    expect(index).toMatchObject({ from: "cache", why: expect.stringMatching(why) });
    expect(vendor.evidence().incomplete).toEqual([repository]);
  });

  test("what is not in the cache either fails as upstream does", async () => {
    world.down = true;
    expect(await get(run(), `${repository}/index.yaml`)).toMatchObject({
      status: 502,
      reason: expect.stringMatching(/^charts\.example:443 cannot be reached: .*ECONNREFUSED/),
    });
    world.down = false;
    world.pages.set("charts.example/stable/index.yaml", { status: 503, body: "maintenance" });
    expect(await get(run(), `${repository}/index.yaml`)).toMatchObject({ status: 503, text: "maintenance" });
  });

  test("an index that is complete again is the one that counts", async () => {
    await fill();
    world.down = true;
    const vendor = run();
    await get(vendor, `${repository}/index.yaml`);
    world.down = false;
    await get(vendor, `${repository}/index.yaml`);
    expect(vendor.evidence().incomplete).toEqual([]);
  });
});

test("what upstream says is not there is not taken from the cache", async () => {
  await fill();
  world.pages.delete("charts.example/stable/index.yaml");
  expect(await get(run(), `${repository}/index.yaml`)).toMatchObject({ status: 404 });
});

describe("a changed digest", () => {
  const foreign = `sha256:${"0".repeat(64)}`;

  test("between the cache and upstream names both", async () => {
    await fill();
    const other = await packChart({ name: "app", version: "1.2.3" }, { "templates/evil.yaml": "a: 1\n" });
    publish(other);
    const vendor = run();
    await get(vendor, `${repository}/index.yaml`);
    const message = `the digest of app 1.2.3 of ${repository} has changed: the cache has ${digestOf(archive)}, upstream has ${digestOf(other)}`;
    expect(await get(vendor, archiveUrl)).toMatchObject({ status: 409, reason: message });
    expect(vendor.evidence().refused).toEqual([
      { kind: "changed", what: "charts.example/stable/app-1.2.3.tgz", message, count: 1 },
    ]);
    const later = run({ forbidden: offline });
    await get(later, `${repository}/index.yaml`);
    expect((await get(later, archiveUrl))?.body).toEqual(archive);
  });

  test("between the lock and upstream names both, and nothing is kept", async () => {
    const vendor = run({ lock: lockOf(foreign) });
    await get(vendor, `${repository}/index.yaml`);
    const answer = await get(vendor, archiveUrl);
    expect(answer?.reason).toContain(`the lock has ${foreign}, upstream has ${digestOf(archive)}`);
    expect(await store.entries(chartVersions, repository).list()).toEqual([]);
  });

  test("between the lock and the cache names both, offline", async () => {
    await fill();
    const vendor = run({ lock: lockOf(foreign), forbidden: offline });
    await get(vendor, `${repository}/index.yaml`);
    const answer = await get(vendor, archiveUrl);
    expect(answer).toMatchObject({ status: 409 });
    expect(answer?.reason).toContain(`the lock has ${foreign}, the cache has ${digestOf(archive)}`);
  });

  test("that the lock confirms replaces what the cache has kept", async () => {
    await fill();
    const other = await packChart({ name: "app", version: "1.2.3" }, { "templates/new.yaml": "a: 1\n" });
    publish(other);
    const vendor = run({ lock: lockOf(digestOf(other)) });
    await get(vendor, `${repository}/index.yaml`);
    expect((await get(vendor, archiveUrl))?.body).toEqual(other);
  });

  test("that only the index has wrong is none", async () => {
    publish(archive, "app-1.2.3.tgz", "1".repeat(64));
    await fill();
    const vendor = run();
    await get(vendor, `${repository}/index.yaml`);
    expect((await get(vendor, archiveUrl))?.body).toEqual(archive);
  });
});

test("what is neither an index nor an archive is left to others", async () => {
  const vendor = run();
  await get(vendor, `${repository}/index.yaml`);
  expect(await get(vendor, `${repository}/README.md`)).toBeUndefined();
});
