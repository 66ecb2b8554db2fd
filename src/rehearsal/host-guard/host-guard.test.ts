import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Api, startApi } from "../../kubernetes/api-fixture.ts";
import { InfrastructureError } from "../../runner/errors.ts";
import { setUpHostGuard } from "./host-guard.ts";

const admission = "admissionregistration.k8s.io/v1";
const deployments = { deployments: "apps/v1 Deployment" };
const { signal } = new AbortController();

/** What a real API server does with it, test/engine/host-guard.test.ts shows. */
describe("the guard of the host is not set up", () => {
  let api: Api;
  const kinds = {
    validatingadmissionpolicies: `${admission} ValidatingAdmissionPolicy cluster`,
    validatingadmissionpolicybindings: `${admission} ValidatingAdmissionPolicyBinding cluster`,
    ...deployments,
  };
  beforeEach(async () => {
    api = await startApi(kinds);
  });
  afterEach(() => api[Symbol.asyncDispose]());

  const setUp = (client = api.client) =>
    setUpHostGuard({
      ...{ client, signal, timeoutMs: 300 },
      ...{ waivers: [], argocdNamespace: "argocd", shared: false },
    });

  it("on a cluster that has no such policies", async () => {
    await using old = await startApi(deployments);
    await expect(setUp(old.client)).rejects.toThrow(InfrastructureError);
    await expect(setUp(old.client)).rejects.toMatchObject({
      message: expect.stringMatching(/^the cluster cannot be kept from reaching the machine/),
      fix: expect.stringContaining("Kubernetes 1.30"),
    });
  });

  it("by a user who may not", async () => {
    api.intercept(({ method }) =>
      method === "PATCH" ? { status: 403, body: '{"message":"forbidden"}' } : undefined,
    );
    await expect(setUp()).rejects.toThrow(/cannot be kept from reaching the machine .*: forbidden$/);
  });

  it("where it is not enforced in time", async () => {
    await expect(setUp()).rejects.toThrow(
      /does not keep workloads from reaching .*it accepted one that does$/,
    );
  });

  it("where something else refuses", async () => {
    api.intercept(({ method }) =>
      method === "POST" ? { status: 403, body: '{"message":"exceeded quota"}' } : undefined,
    );
    await expect(setUp()).rejects.toThrow(/does not keep workloads from reaching .*exceeded quota$/);
  });

  it("before it was refused three times in a row", async () => {
    let asked = 0;
    api.intercept(({ method, path, body }) => {
      if (method !== "POST") return undefined;
      expect(path).toBe("/apis/apps/v1/namespaces/kube-system/deployments?dryRun=All");
      const { name } = (body as { metadata: { name: string } }).metadata;
      asked += 1;
      const message = `policy ${name}: it would get hold of the machine that runs this rehearsal`;
      return asked === 2 ? undefined : { status: 403, body: JSON.stringify({ message }) };
    });
    using guard = await setUpHostGuard({
      ...{ client: api.client, signal, waivers: [], argocdNamespace: "argocd", shared: false },
    });
    expect(asked).toBe(5);
    await guard.verify();
  });
});
