import { describe, expect, test } from "vitest";
import { startApi } from "../../kubernetes/api-fixture.ts";
import { ApiError } from "../../kubernetes/client.ts";
import { listAll, pathOf, type Resource, title } from "./listing.ts";
import { inParallel } from "./parallel.ts";

const configMaps: Resource = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
};
const kinds = { configmaps: "v1 ConfigMap" };

const page = (names: string[], token?: string) => ({
  status: 200,
  body: JSON.stringify({
    items: names.map((name) => ({ metadata: { name, namespace: "a", uid: name, creationTimestamp: "" } })),
    metadata: token === undefined ? {} : { continue: token },
  }),
});

const gone = { status: 410, body: JSON.stringify({ kind: "Status", message: "too old" }) };

describe("a list", () => {
  test("is read in chunks", async () => {
    await using api = await startApi(kinds);
    api.intercept(({ path }) =>
      path.includes("continue=more%2F") ? page(["c"]) : page(["a", "b"], "more/"),
    );
    const { objects } = await listAll(api.client, [configMaps]);
    expect(objects.map(title)).toEqual(["ConfigMap a/a", "ConfigMap a/b", "ConfigMap a/c"]);
    expect(api.received.map(({ path }) => path)).toEqual([
      "/api/v1/configmaps?limit=500",
      "/api/v1/configmaps?limit=500&continue=more%2F",
    ]);
  });

  test("that grows too old is read again from its beginning", async () => {
    await using api = await startApi(kinds);
    let asked = 0;
    api.intercept(({ path }) => {
      asked += 1;
      if (path.includes("continue=")) return asked === 2 ? gone : page(["c"]);
      return page(["a"], "more");
    });
    const { objects } = await listAll(api.client, [configMaps]);
    expect(objects.map(({ name }) => name)).toEqual(["a", "c"]);
  });

  test.each([
    [403, ["configmaps"]],
    [503, ["configmaps"]],
    [404, []],
  ])("that is refused with %i is named, unless its kind has gone", async (status, unlisted) => {
    await using api = await startApi(kinds);
    api.intercept(() => ({ status, body: "" }));
    expect(await listAll(api.client, [configMaps])).toEqual({ objects: [], unlisted });
  });

  test("that nobody answers fails", async () => {
    const api = await startApi(kinds);
    await api[Symbol.asyncDispose]();
    await expect(listAll(api.client, [configMaps])).rejects.toThrow(ApiError);
  });
});

test("paths and titles", () => {
  const clusterRole = {
    group: "rbac.authorization.k8s.io",
    version: "v1",
    plural: "clusterroles",
    kind: "ClusterRole",
    namespaced: false,
  };
  expect(pathOf(clusterRole, undefined, "system:node")).toBe(
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode",
  );
  expect(pathOf(configMaps, "a", "b")).toBe("/api/v1/namespaces/a/configmaps/b");
  expect(pathOf(configMaps, "a")).toBe("/api/v1/namespaces/a/configmaps");
});

test("work in parallel keeps its order and its bound, and fails with the first failure", async () => {
  let running = 0;
  let most = 0;
  const work = async (item: number) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 10 - item));
    running -= 1;
    return item * 2;
  };
  expect(await inParallel([1, 2, 3, 4, 5], work, 2)).toEqual([2, 4, 6, 8, 10]);
  expect(most).toBe(2);
  expect(await inParallel([], work)).toEqual([]);
  const failing = inParallel([1, 2], async (item) => {
    throw new Error(`no ${item}`);
  });
  await expect(failing).rejects.toThrow("no 1");
});
