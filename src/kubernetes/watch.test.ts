import { expect, test } from "vitest";
import { startApi } from "./api-fixture.ts";
import type { KubeObject } from "./client.ts";
import { watchKind } from "./watch.ts";

const watched = { apiVersion: "argoproj.io/v1alpha1", kind: "Application", plural: "applications" };
const kinds = { applications: "argoproj.io/v1alpha1 Application" };

function application(name: string, changes: Partial<KubeObject> = {}): KubeObject {
  return {
    apiVersion: watched.apiVersion,
    kind: watched.kind,
    metadata: { name, namespace: "argocd" },
    ...changes,
  };
}

async function follow(api: Awaited<ReturnType<typeof startApi>>) {
  const seen: string[] = [];
  const ended = new AbortController();
  watchKind(
    api.client,
    watched,
    ({ kind, metadata, status }, deleted) =>
      seen.push(`${deleted ? "- " : ""}${kind} ${metadata.name}${status ? ` ${String(status)}` : ""}`),
    ended.signal,
  );
  await expect
    .poll(() => api.received.some(({ path }) => path.includes("watch=")), { timeout: 5_000 })
    .toBe(true);
  return { seen, end: () => ended.abort() };
}

test("tells of what is there, what comes, what changes and what goes, in every namespace", async () => {
  await using api = await startApi(kinds);
  api.put(application("there"));
  const { seen, end } = await follow(api);
  api.put(application("comes", { metadata: { name: "comes", namespace: "team" } }));
  api.put(application("there", { status: "changed" }));
  api.remove(application("there"));
  await expect
    .poll(() => seen)
    .toEqual(["Application there", "Application comes", "Application there changed", "- Application there"]);
  end();
});

test("goes on where its connection breaks, and misses nothing", async () => {
  await using api = await startApi(kinds);
  const { seen, end } = await follow(api);
  api.dropWatches();
  api.put(application("meanwhile"));
  await expect.poll(() => seen, { timeout: 5_000 }).toContain("Application meanwhile");
  end();
});

test("tries again where the API does not serve the kind yet", async () => {
  await using api = await startApi(kinds);
  api.put(application("there"));
  let asked = 0;
  api.intercept(() => (++asked <= 2 ? { status: 503, body: "" } : undefined));
  const { seen, end } = await follow(api);
  await expect.poll(() => seen).toEqual(["Application there"]);
  end();
});

test("ends with its signal", async () => {
  await using api = await startApi(kinds);
  const { seen, end } = await follow(api);
  end();
  api.put(application("late"));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(seen).toEqual([]);
});

test("follows a kind of the core group in one namespace", async () => {
  await using api = await startApi({ pods: "v1 Pod" });
  const pod = (name: string, namespace: string) => ({
    ...{ apiVersion: "v1", kind: "Pod" },
    metadata: { name, namespace },
  });
  api.put(pod("ours", "argocd"));
  api.put(pod("other", "elsewhere"));
  const seen: string[] = [];
  const ended = new AbortController();
  const pods = { apiVersion: "v1", kind: "Pod", plural: "pods", namespace: "argocd" };
  watchKind(api.client, pods, ({ metadata }) => seen.push(metadata.name), ended.signal);
  await expect.poll(() => api.received.at(-1)?.path).toContain("/api/v1/namespaces/argocd/pods?");
  expect(seen).toEqual(["ours"]);
  ended.abort();
});

test("ends as well while its connection is being made", async () => {
  const api = await startApi(kinds);
  const ended = new AbortController();
  api.intercept(async ({ path }) => {
    if (!path.includes("watch=")) return undefined;
    ended.abort();
    await new Promise((resolve) => setTimeout(resolve, 50));
    return undefined;
  });
  watchKind(api.client, watched, () => undefined, ended.signal);
  await expect.poll(() => ended.signal.aborted).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(api.watchers()).toBe(0);
  await api[Symbol.asyncDispose]();
});
