import { describe, expect, it } from "vitest";
import type { ResourceStatus } from "../argocd/application.ts";
import type { Unexercised } from "../engine/engine.ts";
import { startApi } from "../kubernetes/api-fixture.ts";
import { passing } from "./application-fixture.ts";
import { fidelityCheck } from "./not-proven.ts";

const kinds = {
  services: "v1 Service",
  customresourcedefinitions: "apiextensions.k8s.io/v1 CustomResourceDefinition cluster",
};
const unexercised: readonly Unexercised[] = [
  { kinds: ["apps/Deployment", "Pod"], why: "no container ran" },
  {
    kinds: ["Service"],
    only: { path: ["spec", "type"], value: "LoadBalancer" },
    why: "its address was made up",
  },
  { kinds: "custom resources", why: "no operator acted on it" },
];

function service(name: string, type?: string) {
  return { apiVersion: "v1", kind: "Service", metadata: { name, namespace: "web" }, spec: { type } };
}

function definition(group: string, kind: string) {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${kind.toLowerCase()}s.${group}` },
    spec: { group, names: { kind } },
  };
}

async function notProven(resources: ResourceStatus[], entries = unexercised) {
  await using api = await startApi(kinds);
  for (const object of [
    service("public", "LoadBalancer"),
    service("private", "ClusterIP"),
    definition("cert-manager.io", "Certificate"),
    definition("argoproj.io", "Application"),
  ])
    api.put(object);
  const check = await fidelityCheck(api.client, entries);
  return check(passing("web", { "status.resources": resources }));
}

const inWeb = { namespace: "web" };

describe("what an Application does not prove", () => {
  it("is told by kind, with its group", async () => {
    expect(
      await notProven([
        { group: "apps", kind: "Deployment", name: "a", ...inWeb },
        { group: "other.io", kind: "Deployment", name: "b", ...inWeb },
        { kind: "Pod", name: "c", ...inWeb },
        { kind: "ConfigMap", name: "d", ...inWeb },
      ]),
    ).toEqual([{ why: "no container ran", resources: ["apps/Deployment web/a", "Pod web/c"] }]);
  });

  it("is told of those objects alone that are as the engine says", async () => {
    expect(
      await notProven([
        { kind: "Service", name: "public", ...inWeb },
        { kind: "Service", name: "private", ...inWeb },
        { kind: "Service", name: "public", namespace: "elsewhere" },
      ]),
    ).toEqual([{ why: "its address was made up", resources: ["Service web/public"] }]);
  });

  it("are custom resources, whose operators did not run; but Argo CD's own", async () => {
    expect(
      await notProven([
        { group: "cert-manager.io", kind: "Certificate", name: "tls", ...inWeb },
        { group: "argoproj.io", kind: "Application", name: "shop", namespace: "argocd" },
      ]),
    ).toEqual([{ why: "no operator acted on it", resources: ["cert-manager.io/Certificate web/tls"] }]);
  });

  it("are custom resources in the words of what played them; of a group's, those that nothing names", async () => {
    const entries = [
      ...unexercised,
      { kinds: ["cert-manager.io/Certificate"], why: "said to be issued" },
      { kinds: ["*.crossplane.io/*"], why: "said to be made" },
      { kinds: ["s3.crossplane.io/Bucket"], why: "said to be empty" },
    ];
    expect(
      await notProven(
        [
          { group: "cert-manager.io", kind: "Certificate", name: "tls", ...inWeb },
          { group: "s3.crossplane.io", kind: "Bucket", name: "a", ...inWeb },
          { group: "s3.crossplane.io", kind: "Policy", name: "b", ...inWeb },
        ],
        entries,
      ),
    ).toEqual([
      { why: "said to be issued", resources: ["cert-manager.io/Certificate web/tls"] },
      { why: "said to be made", resources: ["s3.crossplane.io/Policy web/b"] },
      { why: "said to be empty", resources: ["s3.crossplane.io/Bucket web/a"] },
    ]);
  });

  it("is told of those objects of a group that are as the engine says", async () => {
    const kind = "apiextensions.k8s.io/CustomResourceDefinition";
    const only = { path: ["spec", "group"], value: "cert-manager.io" };
    const definitions = ["certificates.cert-manager.io", "applications.argoproj.io"];
    expect(
      await notProven(
        definitions.map((name) => ({
          group: "apiextensions.k8s.io",
          kind: "CustomResourceDefinition",
          name,
        })),
        [{ kinds: [kind], only, why: "converted" }],
      ),
    ).toEqual([{ why: "converted", resources: [`${kind} certificates.cert-manager.io`] }]);
  });

  it("are no custom resources where operators run", async () => {
    const certificate = { group: "cert-manager.io", kind: "Certificate", name: "tls", ...inWeb };
    expect(await notProven([certificate], unexercised.slice(0, 2))).toEqual([]);
  });

  it("is told of hooks too, which are no part of the Application", async () => {
    await using api = await startApi(kinds);
    const check = await fidelityCheck(api.client, [{ kinds: ["batch/Job"], why: "said to succeed" }]);
    const job = { group: "batch", kind: "Job", name: "migrate", ...inWeb };
    const results = [
      { ...job, hookType: "PreSync", hookPhase: "Succeeded" },
      { ...job, name: "other", status: "Synced" },
    ];
    expect(check(passing("web", { "status.operationState.syncResult.resources": results }))).toEqual([
      { why: "said to succeed", resources: ["batch/Job web/migrate"] },
    ]);
  });

  it("is nothing of what is to be deleted, and nothing where there is nothing", async () => {
    expect(await notProven([{ kind: "Pod", name: "c", ...inWeb, requiresPruning: true }])).toEqual([]);
    expect(await notProven([])).toEqual([]);
  });
});
