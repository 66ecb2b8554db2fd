import { afterAll, beforeAll, expect, test } from "vitest";
import { existingEngine } from "../../src/engine/existing/existing-engine.ts";
import { connect } from "../../src/kubernetes/client.ts";
import { guardCluster } from "../../src/rehearsal/host-guard/guard-cluster.ts";
import { silentLog } from "../../src/runner/log.ts";
import { type SomeCluster, someCluster } from "./existing-fixture.ts";

let cluster: SomeCluster;
const before = process.env.KUBECONFIG;

beforeAll(async () => {
  cluster = await someCluster();
  process.env.KUBECONFIG = cluster.kubeconfig;
});

afterAll(async () => {
  if (before === undefined) delete process.env.KUBECONFIG;
  else process.env.KUBECONFIG = before;
  await cluster?.[Symbol.asyncDispose]();
});

test("the guard of the host goes with the rehearsal from a cluster of others", async () => {
  const admission = "admissionregistration.k8s.io/v1";
  const guards = async () =>
    (
      await Promise.all(
        ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"].map((kind) =>
          cluster.client.list(admission, kind),
        ),
      )
    ).map(({ items }) => items.length);
  await using request = cluster.request();
  {
    await using engine = await existingEngine.start(request);
    using guard = await guardCluster({
      ...{ cluster: engine, client: connect(engine.kubeconfig), waivers: [] },
      ...{ argocdNamespace: "argocd", log: silentLog, signal: request.signal },
    });
    expect(await guards()).toEqual([1, 1]);
    await engine.claim?.("argocd"); // as whoever installs Argo CD does once more
    await guard?.verify();
  }
  expect(await guards()).toEqual([0, 0]);
  expect(await cluster.titles()).not.toContainEqual(expect.stringContaining("argocd"));
});
