import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { simulatedEngine } from "../../src/engine/simulated/simulated-engine.ts";
import { mapping, mappings } from "../../src/repository/untyped.ts";
import { createAuthority } from "../../src/runner/certificates.ts";
import { noSettings, type StartedCluster, start } from "./contract.ts";
import { applyWhenServed, custom, type DefinedVersion, definition, namespace } from "./simulation-fixture.ts";

const userStage = `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata:
  name: recipe-baked
  annotations:
    gitops-rehearsal/plays: said to be baked; no oven was on
spec:
  resourceRef: { apiGroup: kitchen.example.com/v1, kind: Recipe }
  selector:
    matchExpressions:
      - { key: .metadata.deletionTimestamp, operator: DoesNotExist }
  steps:
    - patch:
        root: status
        subresource: status
        type: merge
        template: |
          state: baked
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata:
  name: our-own-secrets
  annotations:
    gitops-rehearsal/plays: said to be ours
spec:
  resourceRef: { apiGroup: external-secrets.io/v1, kind: ExternalSecret }
  selector: {}
  steps:
    - patch: { root: status, subresource: status, type: merge, template: "mine: true" }
`;

let run: StartedCluster;

beforeAll(async () => {
  const stages = [{ path: "stages/kitchen.yaml", text: userStage }];
  run = await start(simulatedEngine, { settings: async () => ({ ...noSettings, simulated: { stages } }) });
  await run.client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
});

afterAll(() => run?.[Symbol.asyncDispose]());

async function statusOf(apiVersion: string, kind: string, name: string): Promise<Record<string, unknown>> {
  const read = await run.client.read({ apiVersion, kind, name, namespace });
  return mapping(read?.status);
}

function until<T>(read: () => Promise<T>) {
  return expect.poll(read, { timeout: 20_000, interval: 100 });
}

describe("kinds that appear later", () => {
  it("are played by the catalogue once they are defined, in whatever version is stored", async () => {
    const versions: DefinedVersion[] = [{ name: "v7alpha1" }, { name: "v8" }];
    await run.client.apply(definition("cert-manager.io", "Certificate", versions));
    await applyWhenServed(run.client, custom("cert-manager.io/v8", "Certificate", "web"));
    await until(async () =>
      mappings((await statusOf("cert-manager.io/v8", "Certificate", "web")).conditions),
    ).toMatchObject([{ type: "Ready", status: "True" }]);
  });

  it("are played again for what changes in them", async () => {
    await run.client.apply(definition("bitnami.com", "SealedSecret", [{ name: "v1alpha1" }]));
    const state = () => statusOf("bitnami.com/v1alpha1", "SealedSecret", "password");
    const secret = (data: string) => custom("bitnami.com/v1alpha1", "SealedSecret", "password", { data });
    await applyWhenServed(run.client, secret("a"));
    await until(state).toMatchObject({ observedGeneration: 1 });
    await run.client.apply(secret("b"));
    await until(state).toMatchObject({ observedGeneration: 2 });
  });

  it("are played once where the status is no subresource, and end at the generation that this makes", async () => {
    const versions: DefinedVersion[] = [{ name: "v1", statusSubresource: false }];
    await run.client.apply(definition("pulumi.com", "Stack", versions));
    await applyWhenServed(run.client, custom("pulumi.com/v1", "Stack", "infrastructure"));
    await until(() => statusOf("pulumi.com/v1", "Stack", "infrastructure")).toHaveProperty(
      "observedGeneration",
    );
    const read = await run.client.read({
      apiVersion: "pulumi.com/v1",
      kind: "Stack",
      name: "infrastructure",
      namespace,
    });
    expect(mapping(read?.status).observedGeneration).toBe(read?.metadata.generation);
  });

  it("are played by the stage of their group where none is for them", async () => {
    await run.client.apply(definition("helm.crossplane.io", "Release", [{ name: "v1beta1" }]));
    await applyWhenServed(run.client, custom("helm.crossplane.io/v1beta1", "Release", "web"));
    await until(() => statusOf("helm.crossplane.io/v1beta1", "Release", "web")).toHaveProperty("conditions");
  });

  it("are played again after they were deleted and came back", async () => {
    const name = "sopssecrets.addons.projectcapsule.dev";
    const defined = definition("addons.projectcapsule.dev", "SopsSecret", [{ name: "v1alpha1" }]);
    const secret = custom("addons.projectcapsule.dev/v1alpha1", "SopsSecret", "password");
    const state = () => statusOf("addons.projectcapsule.dev/v1alpha1", "SopsSecret", "password");
    await run.client.apply(defined);
    await applyWhenServed(run.client, secret);
    await until(state).toHaveProperty("conditions");
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
    await run.client.request("DELETE", path);
    await until(() => run.client.request("GET", path).catch(() => "gone")).toBe("gone");
    await run.client.apply(defined);
    await applyWhenServed(run.client, secret);
    await until(state).toHaveProperty("conditions");
  });
});

describe("stages of the user's", () => {
  it("play kinds of their own", async () => {
    await run.client.apply(definition("kitchen.example.com", "Recipe"));
    await applyWhenServed(run.client, custom("kitchen.example.com/v1", "Recipe", "bread"));
    await until(() => statusOf("kitchen.example.com/v1", "Recipe", "bread")).toEqual({ state: "baked" });
    expect(run.cluster.unexercised).toContainEqual({
      kinds: ["kitchen.example.com/Recipe"],
      why: "said to be baked; no oven was on",
    });
  });

  it("take the place of ours for the same kind", async () => {
    await run.client.apply(definition("external-secrets.io", "ExternalSecret"));
    await applyWhenServed(run.client, custom("external-secrets.io/v1", "ExternalSecret", "password"));
    await until(() => statusOf("external-secrets.io/v1", "ExternalSecret", "password")).toEqual({
      mine: true,
    });
    const told = run.cluster.unexercised.filter(({ kinds }) =>
      kinds.includes("external-secrets.io/ExternalSecret"),
    );
    expect(told).toEqual([{ kinds: ["external-secrets.io/ExternalSecret"], why: "said to be ours" }]);
  });
});

const versions = [{ name: "v1", storage: true }, { name: "v2" }];

async function makeService(name: string): Promise<void> {
  await run.client.apply({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ port: 443, targetPort: 8443 }] },
  });
}

function webhook(service: string, caBundle?: string) {
  const clientConfig = {
    service: { name: service, namespace, path: "/convert" },
    ...(caBundle ? { caBundle } : {}),
  };
  return { strategy: "Webhook", webhook: { conversionReviewVersions: ["v1"], clientConfig } };
}

describe("a conversion webhook without a backend", () => {
  it("gives objects as they are, in the version that is asked for", async () => {
    await makeService("operator");
    await run.client.apply(definition("converted.example.com", "Thing", versions, webhook("operator")));
    await applyWhenServed(run.client, custom("converted.example.com/v1", "Thing", "one", { size: 3 }));
    const read = () =>
      run.client.read({ apiVersion: "converted.example.com/v2", kind: "Thing", name: "one", namespace });
    await until(read).toMatchObject({ apiVersion: "converted.example.com/v2", spec: { size: 3 } });
    await run.client.apply(custom("converted.example.com/v2", "Thing", "two", { size: 4 }));
    const stored = { apiVersion: "converted.example.com/v1", kind: "Thing", name: "two", namespace };
    expect(await run.client.read(stored)).toMatchObject({ spec: { size: 4 } });
  });

  it("answers with the certificate that its chart has made for it", async () => {
    const authority = await createAuthority("of the chart");
    const pair = await authority.issue({ commonName: "operator", names: [`charted.${namespace}.svc`] });
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    await run.client.apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "serving", namespace },
      type: "kubernetes.io/tls",
      data: { "tls.crt": base64(pair.certificate), "tls.key": base64(pair.key) },
    });
    await makeService("charted");
    const conversion = webhook("charted", base64(authority.certificate));
    await run.client.apply(definition("charted.example.com", "Thing", versions, conversion));
    await applyWhenServed(run.client, custom("charted.example.com/v2", "Thing", "one", { size: 3 }));
    const name = { apiVersion: "charted.example.com/v2", kind: "Thing", name: "one", namespace };
    expect(await run.client.read(name)).toMatchObject({ spec: { size: 3 } });
  });

  it("fails at once, and says why, where nobody here can prove to be it", async () => {
    const { certificate } = await createAuthority("of the operator");
    await makeService("elsewhere");
    const conversion = webhook("elsewhere", Buffer.from(certificate).toString("base64"));
    await run.client.apply(definition("trusting.example.com", "Thing", versions, conversion));
    await applyWhenServed(run.client, custom("trusting.example.com/v1", "Thing", "one"));
    const name = { apiVersion: "trusting.example.com/v2", kind: "Thing", name: "one", namespace };
    await expect(run.client.read(name)).rejects.toThrow(
      /conversion webhook .* certificate signed by unknown authority/,
    );
  });
});

describe("an APIService without a backend", () => {
  it.each([true, false])("is available, with no resources (insecureSkipTLSVerify: %s)", async (insecure) => {
    const group = insecure ? "insecure.example.com" : "trusted.example.com";
    const service = `server-of-${insecure}`;
    await makeService(service);
    await run.client.apply({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: service, namespace, labels: { app: service } },
      spec: { containers: [{ name: "main", image: "registry.invalid/server:1" }] },
    });
    await run.client.apply({
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: `v1.${group}` },
      spec: {
        group,
        version: "v1",
        groupPriorityMinimum: 100,
        versionPriority: 100,
        service: { name: service, namespace, port: 443 },
        ...(insecure ? { insecureSkipTLSVerify: true } : {}),
      },
    });
    const read = () =>
      run.client.read({ apiVersion: "apiregistration.k8s.io/v1", kind: "APIService", name: `v1.${group}` });
    await until(async () => mappings(mapping((await read())?.status).conditions)).toMatchObject([
      { type: "Available", status: "True" },
    ]);
    expect(await run.client.request("GET", `/apis/${group}/v1`)).toMatchObject({ resources: [] });
    await expect(run.client.request("GET", `/apis/${group}/v1/things`)).rejects.toThrow("no container runs");
  });
});

it("a stage that a schema forbids ends the rehearsal, and names what it was played on", async () => {
  await using own = await start(simulatedEngine, { settings: async () => noSettings });
  await own.client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const defined = definition("keda.sh", "ScaledObject", [{ name: "v1alpha1" }]);
  const [version] = mappings(mapping(defined.spec).versions);
  const status = { type: "object", required: ["nobodyKnows"] };
  Object.assign(version ?? {}, {
    schema: {
      openAPIV3Schema: {
        type: "object",
        "x-kubernetes-preserve-unknown-fields": true,
        properties: { status },
      },
    },
  });
  await own.client.apply(defined);
  await applyWhenServed(own.client, custom("keda.sh/v1alpha1", "ScaledObject", "web"));
  await until(async () => String(own.cluster.lost.reason ?? "")).toMatch(
    /the stage scaledobject\.keda\.sh of the simulation cannot be played on simulated\/web: .*nobodyKnows/,
  );
});

it("leaves nothing behind", async () => {
  const { folder } = run.processes;
  expect(existsSync(join(folder, "egress.sock"))).toBe(true);
  await run[Symbol.asyncDispose]();
  expect(existsSync(folder)).toBe(false);
});
