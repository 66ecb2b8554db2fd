import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { createAuthority } from "../runner/certificates.ts";
import { InfrastructureError } from "../runner/errors.ts";
import { type Api, startApi } from "./api-fixture.ts";
import { ApiError, connect, type KubeObject } from "./client.ts";

const kinds = {
  configmaps: "v1 ConfigMap",
  namespaces: "v1 Namespace cluster",
  deployments: "apps/v1 Deployment",
};

function configMap(name: string, changes: Partial<KubeObject> = {}): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "web" }, ...changes };
}

async function errorOf(work: Promise<unknown>): Promise<ApiError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ApiError) return error;
  throw new Error(`expected an ApiError, not ${String(error)}`);
}

function pathsOf(api: Api): string[] {
  return api.received.map(({ method, path }) => `${method} ${path}`);
}

describe("an object", () => {
  test("is applied by the server, as the one who owns its fields", async () => {
    await using api = await startApi(kinds);
    const object = configMap("a", { data: { "x-kubernetes-unknown": "kept" } });
    const applied = await api.client.apply(object);
    expect(applied.metadata.resourceVersion).toBe("1001");
    expect(api.received.at(-1)).toEqual({
      method: "PATCH",
      path: "/api/v1/namespaces/web/configmaps/a?fieldManager=rehearsal&force=true",
      contentType: "application/apply-patch+yaml",
      body: object,
    });
  });

  test("is found by its kind, in a namespace or in none", async () => {
    await using api = await startApi(kinds);
    api.put(configMap("a"));
    api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "web" } });
    api.put({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "a", namespace: "default" } });
    const { client } = api;
    expect(
      await client.read({ apiVersion: "v1", kind: "ConfigMap", name: "a", namespace: "web" }),
    ).toMatchObject({ kind: "ConfigMap" });
    expect(
      await client.read({ apiVersion: "v1", kind: "Namespace", name: "web", namespace: "x" }),
    ).toMatchObject({ metadata: { name: "web" } });
    expect(await client.read({ apiVersion: "apps/v1", kind: "Deployment", name: "a" })).toMatchObject({
      kind: "Deployment",
    });
    expect(
      await client.read({ apiVersion: "v1", kind: "ConfigMap", name: "b", namespace: "web" }),
    ).toBeUndefined();
  });

  test("cannot leave its place in the path by its name", async () => {
    await using api = await startApi(kinds);
    const odd = configMap("a/../b", { metadata: { name: "a/../b", namespace: "x/../web" } });
    await api.client.apply(odd);
    expect(pathsOf(api).at(-1)).toMatch(
      /^PATCH \/api\/v1\/namespaces\/x%2F\.\.%2Fweb\/configmaps\/a%2F\.\.%2Fb\?/,
    );
  });

  test("is merged with a patch", async () => {
    await using api = await startApi(kinds);
    api.put(configMap("a", { data: { one: "1", two: "2" } }));
    const merged = await api.client.merge(
      { apiVersion: "v1", kind: "ConfigMap", name: "a", namespace: "web" },
      { data: { two: null, three: "3" } },
    );
    expect(merged.data).toEqual({ one: "1", three: "3" });
    expect(api.received.at(-1)?.contentType).toBe("application/merge-patch+json");
  });
});

describe("a list", () => {
  test("gives each object its type, which the API leaves out, and where a watch can go on", async () => {
    await using api = await startApi(kinds);
    api.put(configMap("a"));
    api.put(configMap("b", { metadata: { name: "b", namespace: "other" } }));
    const all = await api.client.list("v1", "ConfigMap");
    expect(all.items.map(({ kind, apiVersion, metadata }) => [apiVersion, kind, metadata.name])).toEqual([
      ["v1", "ConfigMap", "a"],
      ["v1", "ConfigMap", "b"],
    ]);
    expect(all.resourceVersion).toBe("1002");
    expect((await api.client.list("v1", "ConfigMap", "other")).items).toHaveLength(1);
  });

  test("is listed with a selector of its fields, which the server applies", async () => {
    await using api = await startApi(kinds);
    await api.client.list("v1", "ConfigMap", "web", { fieldSelector: "type=Warning,metadata.name=a" });
    expect(pathsOf(api).at(-1)).toBe(
      "GET /api/v1/namespaces/web/configmaps?fieldSelector=type%3DWarning%2Cmetadata.name%3Da",
    );
  });

  test("is given up where the caller's signal aborts", async () => {
    await using api = await startApi(kinds);
    await api.client.list("v1", "ConfigMap");
    api.intercept(() => "hang");
    const signal = AbortSignal.timeout(200);
    const error = await errorOf(api.client.list("v1", "ConfigMap", "web", { signal }));
    expect(error.status).toBe(0);
    expect((await errorOf(api.client.text("/api/v1/namespaces/web/pods/a/log", signal))).status).toBe(0);
  });

  test("asks once which kinds there are; and again for one that was not there", async () => {
    const growing: Record<string, string> = { ...kinds };
    await using api = await startApi(growing);
    await api.client.list("v1", "ConfigMap");
    await api.client.list("v1", "Namespace");
    expect(pathsOf(api).filter((path) => path === "GET /api/v1")).toHaveLength(1);
    const error = await errorOf(api.client.list("v1", "Secret"));
    expect({ status: error.status, message: error.message }).toEqual({
      status: 404,
      message: "the cluster has no Secret in v1",
    });
    await errorOf(api.client.list("v1", "Secret"));
    expect(pathsOf(api).filter((path) => path === "GET /api/v1")).toHaveLength(2);
  });

  test("of a group that is not served fails, and may succeed later", async () => {
    await using api = await startApi(kinds);
    api.intercept(({ path }) => (path === "/apis/apps/v1" ? { status: 503, body: "not yet" } : undefined));
    expect((await errorOf(api.client.list("apps/v1", "Deployment"))).status).toBe(503);
    api.intercept(() => undefined);
    expect((await api.client.list("apps/v1", "Deployment")).items).toEqual([]);
  });
});

describe("an answer that is none", () => {
  test("is told in the API's words", async () => {
    await using api = await startApi(kinds);
    api.intercept(({ method }) =>
      method === "PATCH"
        ? { status: 422, body: JSON.stringify({ kind: "Status", message: 'ConfigMap "a" is invalid' }) }
        : undefined,
    );
    const error = await errorOf(api.client.apply(configMap("a")));
    expect(error).toBeInstanceOf(InfrastructureError);
    expect({ status: error.status, message: error.message }).toEqual({
      status: 422,
      message: 'PATCH /api/v1/namespaces/web/configmaps/a: ConfigMap "a" is invalid',
    });
  });

  test.each([
    [{ status: 502, body: "<html>" }, 502, /: <html>$/],
    [{ status: 500, body: "" }, 500, /: HTTP 500$/],
    [{ status: 200, body: "<html>" }, 0, /: the answer is no JSON$/],
  ])("is told as it is: %j", async (answer, status, message) => {
    await using api = await startApi(kinds);
    api.intercept(() => answer);
    const error = await errorOf(api.client.list("v1", "ConfigMap"));
    expect(error.status).toBe(status);
    expect(error.message).toMatch(message);
  });

  test("because nobody listens says so, and carries no credentials", async () => {
    const api = await startApi(kinds);
    const { client } = api;
    await api[Symbol.asyncDispose]();
    const error = await errorOf(client.list("v1", "ConfigMap"));
    expect(error.status).toBe(0);
    expect(error.message).toMatch(/^GET \/api\/v1: the API server did not answer: .*ECONNREFUSED/);
  });
});

test("a server whose authority is another one's is not believed", async () => {
  await using api = await startApi(kinds);
  const other = await createAuthority("test authority");
  const config = JSON.parse(await readFile(api.kubeconfig, "utf8"));
  config.clusters[0].cluster["certificate-authority-data"] = Buffer.from(other.certificate).toString(
    "base64",
  );
  await writeFile(api.kubeconfig, JSON.stringify(config));
  const error = await errorOf(connect(api.kubeconfig).list("v1", "ConfigMap"));
  expect(error.message).toMatch(/did not answer/);
  expect(api.received).toEqual([]);
});
