import { inspect } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { UsageError } from "../runner/errors.ts";
import { type DeclaredCredentials, resolveCredentials } from "./credentials.ts";
import {
  type FakeWorld,
  get,
  indexOf,
  packChart,
  startWorld,
  temporaryStore,
  vendorOf,
} from "./upstream-fixture.ts";

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString("base64")}`;

function resolve(
  declared: DeclaredCredentials[],
  environment: NodeJS.ProcessEnv = { A: "a", B: "b", ME: "me" },
) {
  return resolveCredentials(declared, environment);
}

test("the longest URL that a request's begins with wins, in whole segments of its path", () => {
  const credentials = resolve([
    { url: "https://charts.example/", username: "all", passwordFrom: "A" },
    { url: "https://charts.example/private", usernameFrom: "ME", passwordFrom: "B" },
  ]);
  const of = (url: string) => credentials.authorizationFor(new URL(url));
  expect(of("https://charts.example/index.yaml")).toBe(basic("all:a"));
  expect(of("https://charts.example/private/index.yaml")).toBe(basic("me:b"));
  expect(of("https://charts.example/privateer/index.yaml")).toBe(basic("all:a"));
  expect(of("https://charts.example:8443/private/index.yaml")).toBeUndefined();
  expect(of("http://charts.example/private/index.yaml")).toBeUndefined();
  expect(of("https://evil.charts.example/")).toBeUndefined();
});

test("a registry is asked by its protocol's paths, and Docker Hub under its own name", () => {
  const credentials = resolve([{ url: "oci://docker.io/team/charts", username: "me", passwordFrom: "A" }]);
  const of = (url: string) => credentials.authorizationFor(new URL(url));
  expect(of("https://registry-1.docker.io/v2/team/charts/app/manifests/1.0.0")).toBe(basic("me:a"));
  expect(of("https://registry-1.docker.io/v2/team/other/manifests/1.0.0")).toBeUndefined();
});

test.each([
  "http://charts.example/",
  "charts.example",
  "https://me:secret@charts.example/",
  "ftp://charts.example",
])("%s is nothing to declare credentials for", (url) => {
  expect(() => resolve([{ url, passwordFrom: "A" }])).toThrow(UsageError);
});

test("a variable that is not set is named where it is missed, and no error before", () => {
  const credentials = resolve([{ url: "https://charts.example/", passwordFrom: "MISSING" }]);
  const url = new URL("https://charts.example/index.yaml");
  expect(credentials.authorizationFor(url)).toBeUndefined();
  expect(credentials.unsetFor(url)).toBe("MISSING");
});

test("no secret is printed with them", () => {
  const credentials = resolve([{ url: "https://charts.example/", passwordFrom: "A" }], { A: "s3cret/1" });
  expect(inspect(credentials, { depth: 10 }) + JSON.stringify(credentials)).not.toContain("s3cret");
  expect(credentials.secrets()).toEqual(expect.arrayContaining(["s3cret/1", "s3cret%2F1"]));
});

let world: FakeWorld;
beforeAll(async () => {
  world = await startWorld(["charts.example", "objects.example"]);
});
afterAll(() => world.host[Symbol.asyncDispose]());

test("a private repository of charts is asked with them, and no other host, also where it redirects", async () => {
  const archive = await packChart({ name: "app", version: "1.2.3" });
  const chart = { name: "app", version: "1.2.3", archive, url: "app-1.2.3.tgz" };
  const guarded = (answer: object) => (headers: Record<string, unknown>) =>
    headers.authorization === basic("me:s3cret") ? answer : { status: 401 };
  const location = "https://objects.example/app";
  world.pages.set("charts.example/private/index.yaml", guarded({ body: indexOf([chart]) }));
  world.pages.set("charts.example/private/app-1.2.3.tgz", guarded({ status: 302, headers: { location } }));
  world.pages.set("objects.example/app", { body: archive });
  const store = await temporaryStore();
  const declared = { url: "https://charts.example/private", username: "me", passwordFrom: "TOKEN" };
  const open = (environment: NodeJS.ProcessEnv) =>
    vendorOf(world, { store, credentials: resolveCredentials([declared], environment) });

  const refused = await get(open({}), "https://charts.example/private/index.yaml");
  expect(refused).toMatchObject({ status: 401, reason: "Unauthorized; TOKEN, declared for it, is not set" });
  expect(refused?.headers["www-authenticate"]).toBeUndefined();

  const vendor = open({ TOKEN: "s3cret" });
  await get(vendor, "https://charts.example/private/index.yaml");
  expect((await get(vendor, "https://charts.example/private/app-1.2.3.tgz"))?.body).toEqual(archive);
  const last = world.host.requests.at(-1);
  expect([last?.host, last?.headers.authorization]).toEqual(["objects.example", undefined]);
  expect(JSON.stringify(vendor.evidence())).not.toContain("s3cret");

  const fork = open({});
  await get(fork, "https://charts.example/private/index.yaml");
  expect((await get(fork, "https://charts.example/private/app-1.2.3.tgz"))?.body).toEqual(archive);
  expect(fork.evidence().served[0]).toMatchObject({
    from: "cache",
    why: "TOKEN, declared for it, is not set",
  });
});

test("a client's own credentials go to the host that they are for, where none are declared", async () => {
  world.pages.set("charts.example/private/index.yaml", ({ authorization }) => ({
    status: authorization === basic("own:pair") ? 200 : 401,
    body: indexOf([]),
  }));
  const vendor = vendorOf(world, { store: await temporaryStore() });
  const url = "https://charts.example/private/index.yaml";
  expect(await get(vendor, url, { authorization: basic("own:pair") })).toMatchObject({ status: 200 });
});
