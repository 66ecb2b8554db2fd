import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Api, startApi } from "../../kubernetes/api-fixture.ts";
import type { KubeObject } from "../../kubernetes/client.ts";
import {
  backsOff,
  ends,
  event,
  node,
  owner,
  pod,
  said,
  started,
  unschedulable,
  withContainer,
} from "../../workloads/pod-fixture.ts";
import type { SeenKind } from "../../workloads/sightings.ts";
import { managing } from "../application-fixture.ts";
import { diagnose } from "./diagnose.ts";
import { createInventory } from "./inventory.ts";

const kinds = { nodes: "v1 Node cluster", events: "v1 Event", secrets: "v1 Secret", pods: "v1 Pod" };
const password = "correct-horse-battery";

const secret: KubeObject = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "db", namespace: "web" },
  data: { password: Buffer.from(password).toString("base64") },
};

/** The Deployment `web`, whose Pods have been seen, on an API that answers with this log. */
async function scene(api: Api, pods: ReturnType<typeof pod>[], log: string | "hang" | number = "") {
  const inventory = createInventory();
  for (const object of [node(), ...pods]) {
    inventory.observe(object.kind as SeenKind, object, false, 0);
    api.put(object);
  }
  api.put(secret);
  api.intercept(({ path }) => {
    if (!path.includes("/log?")) return undefined;
    if (log === "hang") return "hang";
    return typeof log === "number" ? { status: log, body: "" } : { status: 200, body: log };
  });
  return {
    run: (options: { budgetMs?: number; folder?: string; signal?: AbortSignal } = {}) =>
      diagnose({
        client: api.client,
        inventory,
        applications: [managing([{}])],
        folder: options.folder,
        signal: options.signal ?? new AbortController().signal,
        ...(options.budgetMs === undefined ? {} : { budgetMs: options.budgetMs }),
      }),
  };
}

const crashing = (parts: Parameters<typeof pod>[0] = {}) =>
  pod({
    owners: [owner("Deployment", "web")],
    status: backsOff(3, { message: `cannot log in with ${password}` }),
    ...parts,
  });

test("a crash is told by its state, its last message, the end of its log and its events; no Secret is", async () => {
  await using api = await startApi(kinds);
  const web = crashing({ container: { env: [{ name: "MODE", value: "production" }] } });
  const { run } = await scene(api, [web], `starting in production\none\ntwo\nlogging in with ${password}\n`);
  api.put(event(web, "Unhealthy", said.dead));
  api.put(event(web, "BackOff", "Back-off restarting failed container app"));
  const diagnosis = (await run()).get("argocd/web");
  expect(diagnosis).toEqual({
    pods: [
      {
        pod: "web/web-1",
        node: "node-1",
        state: "Pending",
        lines: [
          "container app waits (CrashLoopBackOff: back-off 20s restarting failed container=app pod=web-1_web(4e18)); started again 2 times; before, it ended with exit code 1 (Error) after 2 s",
          "  its last message: cannot log in with [redacted]",
          "  log: one",
          "  log: two",
          "  log: logging in with [redacted]",
          `event Unhealthy: ${said.dead}`,
        ],
      },
    ],
    others: [],
    nodes: [],
    incomplete: [],
  });
  const asked = api.received.filter(({ path }) => path.includes("/log?")).map(({ path }) => path);
  expect(asked).toEqual([
    "/api/v1/namespaces/web/pods/web-1/log?container=app&previous=false&tailLines=40&limitBytes=16400",
    "/api/v1/namespaces/web/pods/web-1/log?container=app&previous=true&tailLines=40&limitBytes=16400",
  ]);
});

test("all of it stands in a file of its own, redacted as well", async () => {
  await using api = await startApi(kinds);
  const web = crashing({ container: { env: [{ name: "MODE", value: "production" }] } });
  const { run } = await scene(
    api,
    [web],
    `in production with ${password}\n-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n`,
  );
  api.put(event(web, "Pulled", "Container image already present", { type: "Normal" }));
  const folder = await mkdtemp(join(tmpdir(), "diagnosis-"));
  try {
    await run({ folder: join(folder, "diagnosis") });
    expect(await readdir(join(folder, "diagnosis"))).toEqual(["argocd_web.txt"]);
    const text = await readFile(join(folder, "diagnosis", "argocd_web.txt"), "utf8");
    expect(text).toContain("Application argocd/web\n\nPod web/web-1 on node-1: Pending");
    expect(text).toContain("in [$MODE] with [redacted]\n  [redacted]\n");
    expect(text).toContain("its last message: cannot log in with [redacted]");
    expect(text).toContain("event Pulled: Container image already present");
    expect(text).not.toContain(password);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("logs and messages are withheld where the Secrets that might stand in them cannot be read", async () => {
  await using api = await startApi(kinds);
  const { run } = await scene(api, [crashing()], `with ${password}`);
  api.intercept(({ path }) => {
    if (path.includes("/secrets"))
      return { status: 403, body: JSON.stringify({ message: "secrets is forbidden" }) };
    return path.includes("/log?") ? { status: 200, body: `with ${password}` } : undefined;
  });
  const diagnosis = (await run()).get("argocd/web");
  expect(JSON.stringify(diagnosis)).not.toContain(password);
  expect(diagnosis?.pods[0]?.lines[0]).toMatch(/^container app waits/);
  expect(diagnosis?.incomplete).toEqual([
    "logs of web are withheld, since its Secrets are not known and could stand in them",
    expect.stringContaining("secrets is forbidden"),
  ]);
});

test("a Secret is not shown in part, where a line or a log is cut off", async () => {
  await using api = await startApi(kinds);
  const filler = "x".repeat(390);
  const cut = `${filler}${password}\n${"y".repeat(16_400 - 391 - password.length - 10)}${password.slice(0, 10)}`;
  const { run } = await scene(api, [crashing()], cut.slice(0, 16_400));
  const [pod] = (await run()).get("argocd/web")?.pods ?? [];
  const logged = pod?.lines.filter((line) => line.includes("log:")) ?? [];
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain("x[re");
  expect(logged.join("")).not.toContain(password.slice(0, 6));
});

test("an answer that does not come in time is said to be missing, and the rest is told", async () => {
  await using api = await startApi(kinds);
  const { run } = await scene(api, [crashing()], "hang");
  const before = Date.now();
  const diagnosis = (await run({ budgetMs: 700 })).get("argocd/web");
  expect(Date.now() - before).toBeLessThan(3_000);
  expect(diagnosis?.incomplete).toEqual([
    "log of web-1, app: no answer in time",
    "log of web-1, app: no answer in time",
  ]);
  expect(diagnosis?.pods[0]?.lines[0]).toMatch(/^container app waits/);
});

test.each([
  ["ends now", { terminated: ends() }, "present"],
  ["runs again", { running: {} }, "before"],
  ["waits", { waiting: { reason: "CrashLoopBackOff" } }, "present"],
])("of one that %s the last try that failed is quoted", async (_, state, which) => {
  await using api = await startApi(kinds);
  const status = withContainer(state, { restartCount: 2, lastState: { terminated: ends() } });
  const { run } = await scene(api, [crashing({ status })]);
  api.intercept(({ path }) => {
    if (!path.includes("/log?")) return undefined;
    return { status: 200, body: path.includes("previous=true") ? "before" : "present" };
  });
  const lines = (await run()).get("argocd/web")?.pods[0]?.lines ?? [];
  expect(lines.filter((line) => line.includes("log:"))).toEqual([`  log: ${which}`]);
});

test("a log that is there no more is none", async () => {
  await using api = await startApi(kinds);
  const { run } = await scene(api, [crashing()]);
  api.intercept(({ path }) => {
    if (!path.includes("/log?")) return undefined;
    return path.includes("previous=true")
      ? { status: 400, body: "previous terminated container not found" }
      : { status: 200, body: "unable to retrieve container logs for containerd://94da" };
  });
  const diagnosis = (await run()).get("argocd/web");
  expect(diagnosis?.incomplete).toEqual([]);
  expect(JSON.stringify(diagnosis)).not.toContain("unable to retrieve");
});

test("a log that the node refuses is said to be missing", async () => {
  await using api = await startApi(kinds);
  const { run } = await scene(api, [crashing()], 500);
  expect((await run()).get("argocd/web")?.incomplete).toEqual([
    expect.stringMatching(/^log of web-1, app: GET .* HTTP 500$/),
    expect.stringMatching(/^log of web-1, app: GET .* HTTP 500$/),
  ]);
});

test("an interruption ends it", async () => {
  await using api = await startApi(kinds);
  const { run } = await scene(api, [crashing()], "hang");
  const abort = new AbortController();
  const running = run({ signal: abort.signal });
  setTimeout(() => abort.abort(new Error("interrupted")), 200);
  await expect(running).rejects.toThrow("interrupted");
});

test("a Pod without a node is told by the scheduler, with what is wrong with the nodes", async () => {
  await using api = await startApi(kinds);
  const waiting = pod({ owners: [owner("Deployment", "web")], status: unschedulable(said.taint) });
  delete waiting.spec.nodeName;
  const { run } = await scene(api, [waiting]);
  api.put(
    node({
      spec: { taints: [{ key: "node.kubernetes.io/disk-pressure", effect: "NoSchedule" }] },
      status: {
        conditions: [
          { type: "DiskPressure", status: "True", message: "kubelet has disk pressure" },
          { type: "Ready", status: "True" },
        ],
      },
    }),
  );
  const diagnosis = (await run()).get("argocd/web");
  expect(diagnosis?.pods[0]).toMatchObject({ node: undefined, lines: [`not scheduled: ${said.taint}`] });
  expect(diagnosis?.nodes).toEqual([
    "node node-1: DiskPressure=True: kubelet has disk pressure",
    "node node-1: taint node.kubernetes.io/disk-pressure:NoSchedule",
  ]);
});

test("an Application without Pods is told by the events of what should have made them", async () => {
  await using api = await startApi(kinds);
  const { run } = await scene(api, []);
  const set = { kind: "ReplicaSet", metadata: { name: "web-5f", namespace: "web", uid: "rs" } };
  api.put(event(set, "FailedCreate", 'pods "web-5f-x" is forbidden: exceeded quota: small'));
  api.put(
    event(
      { kind: "ReplicaSet", metadata: { name: "other-77", namespace: "web", uid: "o" } },
      "FailedCreate",
      "x",
    ),
  );
  expect((await run()).get("argocd/web")).toMatchObject({
    pods: [],
    others: ['event FailedCreate of ReplicaSet web-5f: pods "web-5f-x" is forbidden: exceeded quota: small'],
  });
});

test("of many Pods the first of each workload are told, and those that are well are not", async () => {
  await using api = await startApi(kinds);
  const replicas = Array.from({ length: 6 }, (_, index) => crashing({ name: `web-${index}` }));
  const { run } = await scene(
    api,
    [...replicas, pod({ name: "well", owners: [owner("Deployment", "web")], status: started() })],
    "x",
  );
  const pods = (await run()).get("argocd/web")?.pods ?? [];
  expect(pods).toHaveLength(4);
  expect(pods.map(({ pod }) => pod)).not.toContain("web/well");
});
