import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { resolveCredentials } from "./credentials.ts";
import { digestOf } from "./digest.ts";
import type { Lock } from "./lock.ts";
import type { Store } from "./store.ts";
import {
  type Answer,
  type FakeWorld,
  get,
  manifestType,
  ociChart,
  offline,
  type Page,
  packChart,
  push,
  startWorld,
  temporaryStore,
  vendorOf,
} from "./upstream-fixture.ts";

const base = "https://oci.example/v2/charts/app";
const repository = "oci://oci.example/charts/app";

let world: FakeWorld;
let image: ReturnType<typeof ociChart>;
let other: ReturnType<typeof ociChart>;
let store: Store;

beforeAll(async () => {
  world = await startWorld(["oci.example", "auth.example", "cdn.example"]);
  image = ociChart("app", "1.2.3", await packChart({ name: "app", version: "1.2.3" }));
  other = ociChart("app", "1.2.3", await packChart({ name: "app", version: "1.2.3" }, { "new.txt": "new" }));
});
afterAll(() => world.host[Symbol.asyncDispose]());
beforeEach(async () => {
  world.pages.clear();
  world.host.requests.length = 0;
  world.down = false;
  push(world, "oci.example/charts/app", "1.2.3", image);
  store = await temporaryStore();
});

function run(options: Parameters<typeof vendorOf>[1] | object = {}) {
  return vendorOf(world, { store, declared: [repository], ...options });
}

/** All that a client reads of a chart. */
async function pull(vendor: ReturnType<typeof run>, tag = "1.2.3") {
  const manifest = await get(vendor, `${base}/manifests/${tag}`);
  if (manifest?.status !== 200) return manifest;
  for (const blob of image.blobs) {
    const answer = await get(vendor, `${base}/blobs/${digestOf(blob)}`);
    if (answer?.status !== 200) return answer;
  }
  return manifest;
}

test("an image is upstream's the first time, and the cache's from then on, by tag and by digest", async () => {
  const first = await pull(run());
  expect(first?.headers).toMatchObject({
    "content-type": manifestType,
    "docker-content-digest": digestOf(image.manifest),
  });
  expect(first?.body).toEqual(image.manifest);
  world.host.requests.length = 0;
  const second = run({ forbidden: offline });
  expect((await pull(second))?.body).toEqual(image.manifest);
  expect((await pull(second, digestOf(image.manifest)))?.body).toEqual(image.manifest);
  expect((await get(second, `${base}/tags/list`))?.text).toBe('{"name":"charts/app","tags":["1.2.3"]}');
  expect(second.evidence()).toMatchObject({ refused: [], incomplete: [repository] });
  expect(world.asked()).toEqual([]);
});

test("nobody is asked for a token", async () => {
  expect(await get(run(), "https://oci.example/v2/")).toMatchObject({ status: 200, text: "{}" });
});

test("a tag is asked for once in a run", async () => {
  const vendor = run();
  await Promise.all([1, 2, 3].map(() => get(vendor, `${base}/manifests/1.2.3`)));
  expect(world.asked()).toEqual(["GET oci.example/v2/charts/app/manifests/1.2.3"]);
});

test("what is not in the cache is refused as a registry does it", async () => {
  const vendor = run({ forbidden: offline });
  const message =
    "oci.example/v2/charts/app/manifests/1.2.3 is not in the cache, and --offline forbids asking for it; run rehearse vendor";
  const answer = await get(vendor, `${base}/manifests/1.2.3`);
  expect(answer).toMatchObject({ status: 424 });
  expect(JSON.parse(answer?.text ?? "")).toEqual({ errors: [{ code: "DENIED", message }] });
  expect(await get(vendor, `${base}/blobs/${digestOf(image.config)}`)).toMatchObject({ status: 424 });
  expect(await get(vendor, `${base}/tags/list`)).toMatchObject({ status: 424 });
});

test("signatures, of which there are none, are no reason to fail", async () => {
  const vendor = run({ forbidden: offline });
  const answer = await get(vendor, `${base}/referrers/${digestOf(image.manifest)}`);
  expect(JSON.parse(answer?.text ?? "")).toMatchObject({ manifests: [] });
});

test("where upstream fails, the cache has to do", async () => {
  await pull(run());
  world.down = true;
  const vendor = run();
  expect((await pull(vendor))?.body).toEqual(image.manifest);
  expect(vendor.evidence().served[0]).toMatchObject({ from: "cache", why: expect.stringContaining("ECONN") });
});

test("bytes that are not those of their digest are not given to anybody", async () => {
  const path = `oci.example/v2/charts/app/blobs/${digestOf(image.config)}`;
  world.pages.set(path, { body: "something else" });
  expect(await get(run(), `https://${path}`)).toMatchObject({ status: 502 });
  expect(await store.hasBlob(digestOf(Buffer.from("something else")))).toBe(false);
});

describe("a tag that was pushed anew", () => {
  test("is refused where it is a version", async () => {
    await pull(run());
    push(world, "oci.example/charts/app", "1.2.3", other);
    const answer = await get(run(), `${base}/manifests/1.2.3`);
    expect(answer).toMatchObject({ status: 409 });
    expect(answer?.reason).toBe(
      `the digest of 1.2.3 of ${repository} has changed: the cache has ${digestOf(image.manifest)}, upstream has ${digestOf(other.manifest)}`,
    );
  });

  test("is followed where it is none", async () => {
    push(world, "oci.example/charts/app", "latest", image);
    await get(run(), `${base}/manifests/latest`);
    push(world, "oci.example/charts/app", "latest", other);
    expect((await get(run(), `${base}/manifests/latest`))?.body).toEqual(other.manifest);
  });

  test("is held against the lock, whichever way its plus is written", async () => {
    push(world, "oci.example/charts/app", "1.2.3_build.4", image);
    const entry = {
      kind: "oci",
      source: "oci://OCI.example/charts",
      name: "app",
      version: "1.2.3+build.4",
    } as const;
    const lock: Lock = { entries: [{ ...entry, digest: digestOf(other.manifest) }] };
    const answer = await get(run({ lock }), `${base}/manifests/1.2.3_build.4`);
    expect(answer?.reason).toContain(
      `the lock has ${digestOf(other.manifest)}, upstream has ${digestOf(image.manifest)}`,
    );
  });
});

describe("a registry that demands a token", () => {
  const basic = `Basic ${Buffer.from("me:s3cret").toString("base64")}`;
  const credentials = (url: string) =>
    resolveCredentials([{ url, username: "me", passwordFrom: "TOKEN" }], { TOKEN: "s3cret" });

  /** As ghcr.io (its own realm) and Docker Hub (another host) do it. */
  function demand(realm: string, accepts: (authorization: unknown) => boolean): void {
    const challenge = `Bearer realm="https://${realm}/token",service="oci.example",scope="repository:charts/app:pull"`;
    const guard = (answer: Answer): Page => {
      return ({ authorization }) =>
        authorization === "Bearer good"
          ? answer
          : { status: 401, headers: { "www-authenticate": challenge } };
    };
    push(world, "oci.example/charts/app", "1.2.3", image, guard);
    const query = "?service=oci.example&scope=repository%3Acharts%2Fapp%3Apull";
    world.pages.set(`${realm}/token${query}`, ({ authorization }) =>
      accepts(authorization) ? { body: '{"token":"good"}' } : { status: 401 },
    );
  }

  test("is given ours, got with the declared credentials, once for a repository", async () => {
    demand("oci.example", (authorization) => authorization === basic);
    const vendor = run({ credentials: credentials("oci://oci.example/charts") });
    // The realm is another path of the same host, but what is declared is for one path alone.
    expect((await pull(vendor))?.status).toBe(200);
    expect(world.asked().filter((line) => line.includes("/token"))).toHaveLength(1);
    const kept = JSON.stringify([vendor, vendor.evidence()]);
    expect(kept).not.toMatch(/s3cret|good/);
  });

  test("gets an anonymous one where nothing is declared", async () => {
    demand("auth.example", (authorization) => authorization === undefined);
    expect((await pull(run()))?.status).toBe(200);
  });

  test("does not get the credentials sent to another host than its own", async () => {
    demand("auth.example", (authorization) => authorization === basic);
    const answer = await get(
      run({ credentials: credentials("https://oci.example") }),
      `${base}/manifests/1.2.3`,
    );
    expect(answer).toMatchObject({
      status: 401,
      reason: "Unauthorized; its tokens come from https://auth.example: declare credentials for that too",
    });
    const asked = world.host.requests.filter(({ host }) => host === "auth.example");
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test("unless they are declared for that one too", async () => {
    demand("auth.example", (authorization) => authorization === basic);
    const both = ["https://oci.example", "https://auth.example/token"].map((url) => {
      return { url, username: "me", passwordFrom: "TOKEN" };
    });
    const vendor = run({ credentials: resolveCredentials(both, { TOKEN: "s3cret" }) });
    expect((await pull(vendor))?.status).toBe(200);
  });

  test("redirects to storage without any of it", async () => {
    demand("oci.example", () => true);
    const path = `oci.example/v2/charts/app/blobs/${digestOf(image.config)}`;
    world.pages.set(path, { status: 307, headers: { location: "https://cdn.example/blob?signature=x" } });
    world.pages.set("cdn.example/blob?signature=x", { body: image.config });
    const vendor = run({ credentials: credentials("https://oci.example") });
    expect((await get(vendor, `https://${path}`))?.body).toEqual(image.config);
    const last = world.host.requests.at(-1);
    expect([last?.host, last?.headers.authorization]).toEqual(["cdn.example", undefined]);
  });
});
