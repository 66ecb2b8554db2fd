import { expect, it } from "vitest";
import { type Api, startApi } from "../../kubernetes/api-fixture.ts";
import { noProxyOf } from "./no-proxy.ts";

function fill(api: Api): void {
  api.put({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kubernetes", namespace: "default" },
    spec: { clusterIP: "10.43.0.1", clusterIPs: ["10.43.0.1", "fd43::1"] },
  });
  for (const index of [0, 1])
    api.put({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: `node-${index}` },
      spec: { podCIDR: `10.42.${index}.0/24`, podCIDRs: [`10.42.${index}.0/24`] },
    });
}

const older = { services: "v1 Service", nodes: "v1 Node cluster" };
const names = ".svc,.cluster.local,localhost,127.0.0.1";

it("names the cluster's own ranges, and no wider ones", async () => {
  await using api = await startApi({ ...older, servicecidrs: "networking.k8s.io/v1 ServiceCIDR cluster" });
  fill(api);
  api.put({
    apiVersion: "networking.k8s.io/v1",
    kind: "ServiceCIDR",
    metadata: { name: "kubernetes" },
    spec: { cidrs: ["10.43.0.0/16"] },
  });
  expect(await noProxyOf(api.client, ["github.com"])).toBe(
    `${names},10.43.0.0/16,10.42.0.0/24,10.42.1.0/24,10.43.0.1,fd43::1`,
  );
});

it("does without ServiceCIDRs, which older clusters lack", async () => {
  await using api = await startApi(older);
  fill(api);
  expect(await noProxyOf(api.client, [])).toBe(`${names},10.42.0.0/24,10.42.1.0/24,10.43.0.1,fd43::1`);
});

it("does without what it may not see, but not without an answer", async () => {
  await using api = await startApi(older);
  fill(api);
  api.intercept(({ path }) => (path.includes("nodes") ? { status: 403, body: "{}" } : undefined));
  expect(await noProxyOf(api.client, [])).toBe(`${names},10.43.0.1,fd43::1`);
  api.intercept(({ path }) => (path.includes("nodes") ? { status: 500, body: "{}" } : undefined));
  await expect(noProxyOf(api.client, [])).rejects.toThrow(/500/);
});

it("does not except the mirror's own host where that is a Service", async () => {
  await using api = await startApi(older);
  expect(await noProxyOf(api.client, ["gitea.git.svc.cluster.local"])).toBe(".svc,localhost,127.0.0.1");
});
