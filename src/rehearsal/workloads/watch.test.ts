import { expect, test } from "vitest";
import { startApi } from "../../kubernetes/api-fixture.ts";
import { silentLog } from "../../runner/log.ts";
import { claim, event, node, owner, pod, said } from "../../workloads/pod-fixture.ts";
import { managing } from "../application-fixture.ts";
import { createInventory } from "./inventory.ts";
import { watchWorkloads } from "./watch.ts";

const kinds = {
  pods: "v1 Pod",
  nodes: "v1 Node cluster",
  persistentvolumeclaims: "v1 PersistentVolumeClaim",
  events: "v1 Event",
  replicasets: "apps/v1 ReplicaSet",
  deployments: "apps/v1 Deployment",
};

function owned(kind: string, name: string, by: ReturnType<typeof owner>[]) {
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace: "web", uid: `${kind}-${name}`, ownerReferences: by },
  };
}

test("what runs is followed, with the owners up to what Applications list", async () => {
  await using api = await startApi(kinds);
  api.put(node());
  api.put(owned("Deployment", "web", []));
  api.put(owned("ReplicaSet", "web-5f", [owner("Deployment", "web")]));
  const web = pod();
  api.put(web);
  const inventory = createInventory();
  const ended = new AbortController();
  watchWorkloads({ client: api.client, inventory, log: silentLog, signal: ended.signal });
  await expect.poll(() => inventory.podsOf(managing([{}])), { timeout: 10_000 }).toHaveLength(1);
  await expect.poll(() => inventory.sightings.room.nodes).toHaveLength(1);
  await expect.poll(() => inventory.unknownOwners(), { timeout: 10_000 }).toEqual([]);

  api.put(claim());
  api.put(event(web, "Unhealthy", said.unready));
  await expect.poll(() => inventory.sightings.claim("web", "data")?.status?.phase).toBe("Pending");
  await expect.poll(() => inventory.sightings.eventsOf(web).at(0)?.event.reason).toBe("Unhealthy");
  api.remove(web);
  await expect.poll(() => inventory.podsOf(managing([{}]))).toEqual([]);
  ended.abort();
});

test("of events only those are asked for that explain a failure", async () => {
  await using api = await startApi(kinds);
  const ended = new AbortController();
  watchWorkloads({ client: api.client, inventory: createInventory(), log: silentLog, signal: ended.signal });
  const selectors = () =>
    new Set(
      api.received
        .filter(({ path }) => path.startsWith("/api/v1/events?"))
        .map(({ path }) => new URL(path, "https://api").searchParams.get("fieldSelector")),
    );
  await expect
    .poll(selectors, { timeout: 10_000 })
    .toEqual(new Set(["type=Warning", "type=Normal,involvedObject.kind=PersistentVolumeClaim"]));
  ended.abort();
});

test("an owner of a kind that may not be read ends the chain, and is not asked for again", async () => {
  await using api = await startApi(kinds);
  api.put(pod());
  api.intercept(({ path }) => (path.includes("/replicasets/") ? { status: 403, body: "" } : undefined));
  const inventory = createInventory();
  const ended = new AbortController();
  watchWorkloads({ client: api.client, inventory, log: silentLog, signal: ended.signal });
  await expect.poll(() => inventory.sightings.room.pods.length, { timeout: 10_000 }).toBe(1);
  await expect.poll(() => inventory.unknownOwners(), { timeout: 10_000 }).toEqual([]);
  ended.abort();
});
