import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { createAuthority } from "../runner/certificates.ts";
import { createUpstream } from "../vendor/outside/upstream.ts";
import {
  type FakeWorld,
  indexOf,
  offline,
  packChart,
  startWorld,
  temporaryStore,
  vendorOf,
} from "../vendor/upstream-fixture.ts";
import type { MirrorOptions } from "./mirror.ts";
import { askThrough } from "./mirror-fixture.ts";
import { useOutside } from "./outside-fixture.ts";

const outside = useOutside();
const charts = "https://charts.example/stable";
let world: FakeWorld;
let archive: Buffer;

beforeAll(async () => {
  world = await startWorld(["charts.example", "objects.example", "10.1.2.3"]);
  archive = await packChart({ name: "app", version: "1.2.3" });
});
afterAll(() => world.host[Symbol.asyncDispose]());
beforeEach(() => {
  world.pages.clear();
  world.host.requests.length = 0;
  const chart = { name: "app", version: "1.2.3", archive, url: "https://objects.example/app-1.2.3.tgz" };
  world.pages.set("charts.example/stable/index.yaml", { body: indexOf([chart]) });
  world.pages.set("objects.example/app-1.2.3.tgz", { body: archive });
});

async function open(
  vendor: Partial<Parameters<typeof vendorOf>[1]> = {},
  options: Partial<MirrorOptions> = {},
) {
  const opened = vendorOf(world, { store: await temporaryStore(), declared: [charts], ...vendor });
  return { vendor: opened, mirror: await outside.open({ vendor: opened, ...options }) };
}

test("hosts with charts are answered for, with a certificate each, and those of archives from when they are known", async () => {
  const { mirror, vendor } = await open();
  expect((await askThrough(mirror, "https://objects.example/elsewhere")).text).toContain(
    "GET objects.example",
  );
  expect(mirror.evidence().tunnels).toMatchObject([{ host: "objects.example:443", outcome: "open" }]);
  expect((await askThrough(mirror, `${charts}/index.yaml`)).status).toBe(200);
  expect((await askThrough(mirror, "https://objects.example/app-1.2.3.tgz")).status).toBe(200);
  expect(vendor.evidence().served.map(({ what, from }) => [what, from])).toEqual([
    [`index of ${charts}`, "upstream"],
    [`app 1.2.3 of ${charts}`, "upstream"],
  ]);
});

test("what is no chart of theirs is passed on", async () => {
  const { mirror } = await open();
  const answer = await askThrough(mirror, "https://charts.example/other/echo", { method: "POST", body: "x" });
  expect(answer).toMatchObject({ status: 201, text: "x" });
  expect(mirror.evidence().forwards).toMatchObject([
    { url: "https://charts.example/other/echo", status: 201 },
  ]);
});

test("HEAD is answered without a body", async () => {
  const { mirror } = await open();
  const answer = await askThrough(mirror, `${charts}/index.yaml`, { method: "HEAD" });
  expect(answer).toMatchObject({ status: 200, text: "" });
  expect(Number(answer.headers["content-length"])).toBeGreaterThan(100);
});

test.each([
  "https://anything.example/index.yaml",
  "https://10.1.2.3/index.yaml",
  "http://plain.example/index.yaml",
])("offline, %s is refused without anybody being asked", async (url) => {
  const { mirror, vendor } = await open({ forbidden: offline });
  const answer = await askThrough(mirror, url);
  const what = url.replace(/^https?:\/\//, "");
  expect(answer).toMatchObject({
    status: 424,
    text: `${what} is not in the cache, and --offline forbids asking for it; run rehearse vendor\n`,
  });
  expect(vendor.evidence().refused).toMatchObject([{ kind: "absent", what }]);
  expect([...world.asked(), ...outside.host.requests, ...mirror.evidence().tunnels]).toEqual([]);
});

test("offline, not even what would be passed on is sent", async () => {
  const { mirror } = await open({ forbidden: offline });
  const answer = await askThrough(mirror, "https://github.com/other/echo", { method: "POST", body: "x" });
  expect(answer.status).toBe(424);
  expect(outside.host.requests).toEqual([]);
});

test("where egress is restricted, there is still what is in the cache", async () => {
  const store = await temporaryStore();
  const first = await open({ store });
  await askThrough(first.mirror, `${charts}/index.yaml`);
  await askThrough(first.mirror, "https://objects.example/app-1.2.3.tgz");
  world.host.requests.length = 0;
  const { mirror } = await open({ store, forbidden: "egress is restricted" }, { egress: "restricted" });
  expect((await askThrough(mirror, `${charts}/index.yaml`)).status).toBe(200);
  expect((await askThrough(mirror, "https://objects.example/app-1.2.3.tgz")).status).toBe(200);
  expect((await askThrough(mirror, "https://objects.example/other.tgz")).text).toContain(
    "egress is restricted",
  );
  expect(world.asked()).toEqual([]);
});

test("an authority that clients have for one host becomes ours, and theirs no longer", async () => {
  const { mirror, vendor } = await open();
  const { certificate } = await createAuthority("Nobody's");
  expect(mirror.adopt({ "charts.example": certificate, "other.example": certificate })).toEqual([
    "charts.example",
  ]);
  const answer = await askThrough(mirror, `${charts}/index.yaml`);
  expect(answer).toMatchObject({
    status: 502,
    text: expect.stringMatching(/cannot be reached: .*certificate/i),
  });
  mirror.adopt({ "charts.example": world.host.authority });
  expect((await askThrough(mirror, `${charts}/index.yaml`)).status).toBe(200);
  expect(vendor.evidence().served).toHaveLength(1);
});

test("hosts that are left to themselves are reached through a tunnel", async () => {
  const { mirror, vendor } = await open();
  mirror.leave(["charts.example"]);
  expect((await askThrough(mirror, `${charts}/index.yaml`)).text).toContain("GET charts.example");
  expect(mirror.evidence().tunnels).toMatchObject([{ host: "charts.example:443", outcome: "open" }]);
  expect(vendor.evidence().served).toEqual([]);
});

test("offline, a host that is left to itself is not reached either", async () => {
  const { mirror } = await open({ forbidden: offline });
  mirror.leave(["charts.example"]);
  expect((await askThrough(mirror, `${charts}/index.yaml`)).status).toBe(424);
  expect(outside.host.requests).toEqual([]);
});

test("a host that says nothing does not hold up the end", async () => {
  const silent = createServer(() => {});
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  onTestFinished(() => void silent.close());
  const upstream = createUpstream({
    loopback: true,
    authorities: "",
    environment: {},
    route: () => ({ host: "127.0.0.1", port }),
  });
  const { mirror } = await open({ upstream });
  const asked = askThrough(mirror, `${charts}/index.yaml`).catch(() => "ended");
  await once(silent, "connection");
  const begun = performance.now();
  await mirror[Symbol.asyncDispose]();
  expect(performance.now() - begun).toBeLessThan(2_000);
  expect(await asked).toBe("ended");
});
