import { setTimeout as sleep } from "node:timers/promises";
import { describe, test as each, expect } from "vitest";
import { type Api, startApi } from "../kubernetes/api-fixture.ts";
import type { KubeObject } from "../kubernetes/client.ts";
import { silentLog } from "../runner/log.ts";
import { type Changes, condition, generating, passing, underTest } from "./application-fixture.ts";
import { createBoard } from "./board.ts";
import { waitForVerdict } from "./wait.ts";

/** Each waits for seconds, and has an API server of its own. */
const test = each.concurrent;

const kinds = {
  applications: "argoproj.io/v1alpha1 Application",
  applicationsets: "argoproj.io/v1alpha1 ApplicationSet",
};
const refresh = "argocd.argoproj.io/refresh";

function wait(api: Api, { ms = 30_000, settleMs = 300, signal = new AbortController().signal } = {}) {
  const board = createBoard({ underTest, allowEmpty: [], settleMs });
  const ended = waitForVerdict({
    client: api.client,
    board,
    deadline: Date.now() + ms,
    signal,
    log: silentLog,
    onChange: () => undefined,
  });
  return { board, ended };
}

function patches(api: Api, name: string): unknown[] {
  return api.received
    .filter(({ method, path }) => method === "PATCH" && path.endsWith(`/${name}`))
    .map(({ body }) => body);
}

/** Does what `answer` gives for each object that is patched, as a controller would. */
function controller(api: Api, answer: (object: KubeObject) => KubeObject | undefined): void {
  let done = 0;
  const timer = setInterval(() => {
    for (const { method, path } of api.received.slice(done)) {
      done += 1;
      if (method !== "PATCH") continue;
      const object =
        api.get("Application", path.split("/").at(-1) ?? "") ??
        api.get("ApplicationSet", path.split("/").at(-1) ?? "");
      const next = object && answer(object);
      if (next) api.put(next);
    }
  }, 20);
  timer.unref();
}

/** As Argo CD leaves it when it has compared again. */
function compared(object: KubeObject): KubeObject {
  const { [refresh]: _asked, ...annotations } = object.metadata.annotations ?? {};
  return { ...object, metadata: { ...object.metadata, annotations } };
}

const outOfSync: Changes = { "status.sync.status": "OutOfSync", "status.operationState": undefined };
const unreadable: Changes = {
  "status.sync.status": "Unknown",
  "status.conditions": [condition("ComparisonError", "web: app path does not exist")],
};

test("ends with what the board says", async () => {
  await using api = await startApi(kinds);
  api.put(passing("shop"));
  const { board, ended } = wait(api);
  expect(await ended).toBe("passed");
  expect([...board.all.keys()]).toEqual(["Application/argocd/shop"]);
});

test("ends at its deadline", async () => {
  await using api = await startApi(kinds);
  api.put(passing("shop", { "status.health.status": "Progressing" }));
  expect(await wait(api, { ms: 500 }).ended).toBe("timeout");
});

describe("an Application without automated sync", () => {
  const manual: Changes = { "spec.syncPolicy": { syncOptions: ["CreateNamespace=true"] } };

  test("is asked for one sync, with its own options and as many retries as an automated one has", async () => {
    await using api = await startApi(kinds);
    api.put(passing("shop", { ...outOfSync, ...manual }));
    controller(api, () => passing("shop", manual));
    const { board, ended } = wait(api);
    expect(await ended).toBe("passed");
    expect(patches(api, "shop")).toMatchObject([
      { operation: { retry: { limit: 5 }, sync: { syncOptions: ["CreateNamespace=true"] } } },
    ]);
    expect(board.all.get("Application/argocd/shop")?.syncRequested).toBe(true);
  });

  test("is asked for no second one, whatever became of the first", async () => {
    await using api = await startApi(kinds);
    const unsynced = passing("shop", { ...outOfSync, ...manual });
    api.put(unsynced);
    controller(api, () => unsynced);
    expect(await wait(api, { ms: 3_200 }).ended).toBe("timeout");
    expect(patches(api, "shop")).toHaveLength(1);
  });

  test("is asked again where the API refused", async () => {
    await using api = await startApi(kinds);
    api.put(passing("shop", { ...outOfSync, ...manual }));
    let refusals = 0;
    api.intercept(({ method }) =>
      method === "PATCH" && refusals++ === 0 ? { status: 409, body: "" } : undefined,
    );
    controller(api, (object) => (object.operation ? passing("shop", manual) : undefined));
    expect(await wait(api).ended).toBe("passed");
  });
});

test("a failure is asked about once more, and final when it is repeated", async () => {
  await using api = await startApi(kinds);
  api.put(passing("shop", unreadable));
  controller(api, compared);
  const { board, ended } = wait(api);
  expect(await ended).toBe("decided");
  expect(patches(api, "shop")).toEqual([{ metadata: { annotations: { [refresh]: "hard" } } }]);
  expect(board.all.get("Application/argocd/shop")?.final?.finality).toBe("a hard refresh repeated it");
});

test("an answer that is faster than the API's own to the request is one", async () => {
  await using api = await startApi(kinds);
  api.put(passing("shop", unreadable));
  api.intercept(async ({ method, body }) => {
    const object = api.get("Application", "shop");
    if (method !== "PATCH" || !object) return undefined;
    const { annotations } = (body as KubeObject).metadata;
    const asking = api.put({
      ...object,
      metadata: { ...object.metadata, ...(annotations ? { annotations } : {}) },
    });
    api.put(compared(asking));
    await sleep(300);
    return { status: 200, body: JSON.stringify(asking) };
  });
  const { ended } = wait(api);
  expect(await ended).toBe("decided");
  expect(patches(api, "shop")).toHaveLength(1);
});

test("a failure that the next comparison heals is none", async () => {
  await using api = await startApi(kinds);
  api.put(passing("shop", unreadable));
  controller(api, (object) => compared({ ...passing("shop"), metadata: object.metadata }));
  expect(await wait(api).ended).toBe("passed");
});

test("an ApplicationSet that fails is asked to generate again", async () => {
  await using api = await startApi(kinds);
  const failing = {
    "status.conditions": [{ type: "ErrorOccurred", status: "True", message: "duplicate name: a" }],
  };
  api.put(passing("blog"));
  api.put(generating("sites", ["blog"], failing));
  controller(api, () => generating("sites", ["blog"]));
  expect(await wait(api).ended).toBe("passed");
  expect(patches(api, "sites")).toHaveLength(1);
});

describe("an API that hangs", () => {
  const manual = { ...outOfSync, "spec.syncPolicy": {} };

  test("does not hold the wait beyond its deadline, and is not asked the same again", async () => {
    await using api = await startApi(kinds);
    api.put(passing("shop", manual));
    api.intercept(({ method }) => (method === "PATCH" ? "hang" : undefined));
    const startedAt = Date.now();
    expect(await wait(api, { ms: 3_000 }).ended).toBe("timeout");
    expect(Date.now() - startedAt).toBeLessThan(4_500);
    expect(patches(api, "shop")).toHaveLength(1);
  });

  test("does not hold it when it is aborted", async () => {
    await using api = await startApi(kinds);
    api.put(passing("shop", manual));
    api.intercept(({ method }) => (method === "PATCH" ? "hang" : undefined));
    const abort = new AbortController();
    const { ended } = wait(api, { signal: abort.signal });
    await expect.poll(() => patches(api, "shop").length, { timeout: 5_000 }).toBe(1);
    abort.abort(new Error("interrupted"));
    await expect(ended).rejects.toThrow("interrupted");
  });
});
