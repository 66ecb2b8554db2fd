import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { installManifests } from "../../src/argocd/manifests.ts";
import type { Cluster } from "../../src/engine/engine.ts";
import { cleanUp } from "../../src/engine/existing/clean-up.ts";
import { existingEngine } from "../../src/engine/existing/existing-engine.ts";
import { assertNamespaceFree, claimNamespace } from "../../src/engine/existing/free.ts";
import { discover, pathOf } from "../../src/engine/existing/listing.ts";
import { readEvidence } from "../../src/engine/existing/record-content.ts";
import type { KubeObject } from "../../src/kubernetes/client.ts";
import { InfrastructureError, UsageError } from "../../src/runner/errors.ts";
import { type SomeCluster, someCluster } from "./existing-fixture.ts";

let cluster: SomeCluster;
const before = process.env.KUBECONFIG;

beforeAll(async () => {
  cluster = await someCluster();
  process.env.KUBECONFIG = cluster.kubeconfig;
  await namespace("team");
  await cluster.as("kubectl", { ...base("v1", "ConfigMap", "team", "settings"), data: { a: "1" } });
  await cluster.as("kubectl", { ...base("v1", "ConfigMap", "team", "adopted"), data: { a: "1" } });
  await cluster.as("kubectl", definition("ponies", "stable.example.com"));
  await eventually(() =>
    cluster.as("kubectl", base("stable.example.com/v1", "Ponies", "team", "theirs") as KubeObject),
  );
  await sleep(2_000); // for what a young control plane still makes for itself
});

afterAll(async () => {
  if (before === undefined) delete process.env.KUBECONFIG;
  else process.env.KUBECONFIG = before;
  await cluster?.[Symbol.asyncDispose]();
});

function base(apiVersion: string, kind: string, namespace: string | undefined, name: string): KubeObject {
  return { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } };
}

function namespace(name: string, manager = "kubectl") {
  return cluster.as(manager, base("v1", "Namespace", undefined, name));
}

function definition(plural: string, group: string): KubeObject {
  const kind = plural[0]?.toUpperCase() + plural.slice(1);
  const schema = {
    openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  };
  return {
    ...base("apiextensions.k8s.io/v1", "CustomResourceDefinition", undefined, `${plural}.${group}`),
    spec: {
      group,
      names: { plural, kind },
      scope: "Namespaced",
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  };
}

/** As Argo CD marks what it deploys. */
function tracked(application: string, object: KubeObject): KubeObject {
  const group = object.apiVersion.includes("/") ? object.apiVersion.split("/")[0] : "";
  const { namespace = "", name } = object.metadata;
  const id = `${application}:${group}/${object.kind}:${namespace}/${name}`;
  const annotations = { ...object.metadata.annotations, "argocd.argoproj.io/tracking-id": id };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function inTeam(name: string) {
  return { apiVersion: "v1", kind: "ConfigMap", namespace: "team", name };
}

async function eventually<T>(work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

const podTemplate = (labels: Record<string, string>) => ({
  metadata: { labels },
  spec: { containers: [{ name: "main", image: "example.com/image" }] },
});

/** Argo CD as its manifests install it, and what it would deploy for one Application. */
async function rehearse(engine: Cluster): Promise<void> {
  await engine.claim?.("argocd");
  await installManifests({
    client: cluster.client,
    kubeconfig: cluster.kubeconfig,
    toolchain: cluster.toolchain,
    settings: {
      values: [],
      release: "argocd",
      namespace: "argocd",
      chart: "argo-cd",
      repository: undefined,
      version: undefined,
    } as unknown as Parameters<typeof installManifests>[0]["settings"],
    chart: { unavailable: "test" },
    folder: cluster.folder,
    signal: new AbortController().signal,
  });
  const byArgoCd = (object: KubeObject) => eventually(() => cluster.as("argocd-controller", object));
  const application = base("argoproj.io/v1alpha1", "Application", "argocd", "web");
  application.metadata.finalizers = ["resources-finalizer.argocd.argoproj.io"];
  const declared = {
    group: "apiextensions.k8s.io",
    kind: "CustomResourceDefinition",
    name: "foals.web.example.com",
  };
  await eventually(() =>
    cluster.client.apply({
      ...application,
      spec: {
        project: "default",
        source: { repoURL: "https://example.com/x", path: "." },
        destination: { server: "https://kubernetes.default.svc", namespace: "web" },
      },
      status: { resources: [declared] },
    }),
  );
  const ofWeb = base("v1", "Namespace", undefined, "web"); // CreateNamespace=true tracks none
  ofWeb.metadata.labels = { "kubernetes.io/metadata.name": "web" };
  await byArgoCd(ofWeb);
  await byArgoCd(definition("foals", "web.example.com")); // nor does Argo CD track definitions
  const foal = tracked("web", base("web.example.com/v1", "Foals", "team", "stuck"));
  foal.metadata.finalizers = ["web.example.com/nobody-serves-this"];
  await byArgoCd(foal);
  await byArgoCd({
    ...tracked("web", base("apps/v1", "Deployment", "team", "web")),
    spec: { selector: { matchLabels: { app: "web" } }, template: podTemplate({ app: "web" }) },
  });
  await byArgoCd({
    ...tracked("web", base("apps/v1", "StatefulSet", "team", "db")),
    spec: {
      serviceName: "db",
      selector: { matchLabels: { app: "db" } },
      template: podTemplate({ app: "db" }),
      volumeClaimTemplates: [
        {
          metadata: { name: "data" },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
        },
      ],
    },
  });
  await byArgoCd(tracked("web", base("v1", "ServiceAccount", "web", "web")));
  const held = tracked("web", base("v1", "ConfigMap", "web", "held"));
  held.metadata.finalizers = ["argocd.argoproj.io/hook-finalizer"];
  await byArgoCd(held);
  await byArgoCd({
    ...tracked("web", base("rbac.authorization.k8s.io/v1", "ClusterRole", undefined, "web")),
    rules: [],
  });
  // Its operator made these: no Argo CD tracks them.
  await cluster.as("operator", {
    ...base("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", undefined, "web"),
    webhooks: [
      {
        name: "a.web.example.com",
        clientConfig: { service: { namespace: "web", name: "web" } },
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
      },
    ],
  });
  await cluster.as("provisioner", {
    ...base("v1", "PersistentVolume", undefined, "of-web"),
    spec: {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Retain",
      hostPath: { path: "/nowhere" },
      claimRef: { namespace: "web", name: "data" },
    },
  });
  const admission = base(
    "admissionregistration.k8s.io/v1",
    "MutatingWebhookConfiguration",
    undefined,
    "rehearsal-proxy",
  );
  admission.metadata.labels = { "app.kubernetes.io/managed-by": "gitops-rehearsal" };
  await cluster.client.apply({ ...admission, webhooks: [] });
  await byArgoCd({ ...tracked("web", base("v1", "ConfigMap", "team", "adopted")), data: { a: "2" } });
}

/** What others do on the same cluster in the meantime. */
async function others(): Promise<string[]> {
  await namespace("colleague");
  const made = [
    await cluster.as("kubectl", base("v1", "ConfigMap", "colleague", "mine")),
    await cluster.as("helm", {
      ...base("v1", "ConfigMap", "team", "web"),
      metadata: { name: "web", namespace: "team", labels: { "app.kubernetes.io/instance": "web" } },
    }),
    await cluster.as("argocd-controller", tracked("theirs", base("v1", "ConfigMap", "team", "other-argocd"))),
    await cluster.as("kubectl", base("stable.example.com/v1", "Ponies", "team", "foal")),
  ];
  return made.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name} ${metadata.uid}`);
}

/** What the engine has noted in its record. */
async function evidenceOf(request: ReturnType<SomeCluster["request"]>) {
  const lease = await cluster.client.request(
    "GET",
    "/apis/coordination.k8s.io/v1/namespaces/gitops-rehearsal/leases/rehearsal",
  );
  const since = Date.parse((lease as KubeObject).metadata.creationTimestamp as string);
  const evidence = await readEvidence(cluster.client, since);
  if (!evidence) throw new Error(`no record: ${request.told.join("\n")}`);
  return evidence;
}

async function errorOf(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof Error)) throw new Error("it did not fail");
  return error;
}

describe("a rehearsal on somebody's cluster", () => {
  test("leaves what was there, and what others made, and nothing of its own", async () => {
    await using request = cluster.request();
    const there = await cluster.titles();
    await using engine = await existingEngine.start(request);
    expect(engine).toMatchObject({
      engine: "existing",
      kubernetesVersion: cluster.toolchain.versions.kubernetes,
      containers: {
        kind: "real",
        mirror: { bind: "127.0.0.1", host: "mirror.example.com", address: undefined },
      },
    });
    expect((await stat(engine.kubeconfig)).mode & 0o777).toBe(0o600);
    expect(await readFile(engine.kubeconfig, "utf8")).toContain("client-key-data");
    await rehearse(engine);
    const made = await others();
    await eventually(async () => {
      const titles = (await cluster.titles()).join("\n");
      expect(titles).toContain("PersistentVolumeClaim team/data-db-0");
    });
    expect((await cluster.titles()).length).toBeGreaterThan(there.length + 50);

    await engine[Symbol.asyncDispose]();
    const after = await cluster.titles();
    expect(there.filter((one) => !after.includes(one))).toEqual([]);
    const left = after.filter((one) => !there.includes(one) && !made.includes(one));
    expect(left.map((one) => one.replace(/ [^ ]+$/, "")).sort()).toEqual([
      "ConfigMap colleague/kube-root-ca.crt",
      "Namespace colleague",
      "ServiceAccount colleague/default",
    ]);
    expect(made.filter((one) => !after.includes(one))).toEqual([]);
    const told = request.told.join("\n");
    expect(told).toContain("1 object existed before the rehearsal, which changed them");
    expect(told).toContain("ConfigMap team/adopted");
    expect(told).toMatch(/cannot be told to be the rehearsal's; they stay: .*ConfigMap team\/web/);
    expect(engine.lost.aborted).toBe(false);
    const adopted = await cluster.client.read(inTeam("adopted"));
    expect(adopted).toMatchObject({ data: { a: "2" } });
    expect(adopted?.metadata.annotations).toBeUndefined();
    for (const name of ["other-argocd", "web"])
      await cluster.client.request("DELETE", `/api/v1/namespaces/team/configmaps/${name}`);
  });

  test("that died is found by the next one, which cleans up after it", async () => {
    await using first = cluster.request();
    const there = await cluster.titles();
    const dead = await existingEngine.start(first);
    await rehearse(dead);
    const lease = "/apis/coordination.k8s.io/v1/namespaces/gitops-rehearsal/leases/rehearsal";
    await cluster.client.request("PATCH", lease, {
      type: "application/merge-patch+json",
      content: { spec: { holderIdentity: `999999999@${hostname()} 00000000` } },
    });
    await using second = cluster.request();
    await using engine = await existingEngine.start(second);
    expect(second.told.join("\n")).toMatch(/The rehearsal of 999999999@.* has died on this cluster/);
    const now = await cluster.titles();
    expect(now.filter((one) => !there.includes(one) && !one.includes("gitops-rehearsal"))).toEqual([]);
    await expect.poll(() => dead.lost.aborted, { timeout: 15_000 }).toBe(true);
    expect(dead.lost.reason).toBeInstanceOf(InfrastructureError);
    await dead[Symbol.asyncDispose](); // touches nothing, as it is another's now
    expect(first.told.join("\n")).toContain("left to it to clean up");
    expect(engine.lost.aborted).toBe(false);
    await engine[Symbol.asyncDispose]();
    expect(await cluster.titles()).toEqual(there);
  });

  test("names what it cannot delete, and the next one tries again", async () => {
    await using first = cluster.request();
    const there = await cluster.titles();
    await using engine = await existingEngine.start(first);
    await rehearse(engine);
    // The cluster's own operator serves this one, so it is left to that.
    const pony = tracked("web", base("stable.example.com/v1", "Ponies", "team", "mine"));
    pony.metadata.finalizers = ["stable.example.com/somebody-serves-this"];
    await cluster.as("argocd-controller", pony);
    const failed = await errorOf(
      cleanUp(cluster.client, await evidenceOf(first), first.log, {
        bounds: { stopMs: 10_000, patienceMs: 1_000, phaseMs: 30_000, silentMs: 10_000, totalMs: 45_000 },
      }),
    );
    expect(failed).toBeInstanceOf(InfrastructureError);
    expect(failed.message).toMatch(
      /^\d objects? of the rehearsal could not be deleted from the cluster: .*Ponies team\/mine \(held by stable\.example\.com\/somebody-serves-this\)/,
    );
    await cluster.client.merge(
      { apiVersion: pony.apiVersion, kind: pony.kind, namespace: "team", name: "mine" },
      { metadata: { finalizers: null } },
    );
    await engine[Symbol.asyncDispose]();
    expect(await cluster.titles()).toEqual(there);
  });

  test("is the only one", async () => {
    await using first = cluster.request();
    await using second = cluster.request();
    const there = await cluster.titles();
    await using engine = await existingEngine.start(first);
    const refused = await errorOf(existingEngine.start(second));
    expect(refused).toBeInstanceOf(UsageError);
    expect(refused.message).toContain(`another rehearsal is running on this cluster: ${process.pid}@`);
    await engine[Symbol.asyncDispose]();
    expect(await cluster.titles()).toEqual(there);
  });

  test("that is aborted while it starts leaves nothing", async () => {
    const there = await cluster.titles();
    for (const delayMs of [0, 50, 100, 200, 400]) {
      const aborting = new AbortController();
      await using request = cluster.request(aborting.signal);
      const starting = existingEngine.start(request);
      const settled = starting.then(
        (engine) => engine[Symbol.asyncDispose](),
        (error: unknown) => expect(error).toBe("enough"),
      );
      await sleep(delayMs);
      aborting.abort("enough");
      await settled;
      await expect.poll(() => cluster.titles(), { timeout: 20_000 }).toEqual(there);
    }
  });
});

describe("a cluster is refused", () => {
  const application = definition("applications", "argoproj.io");

  test.each<[string, () => Promise<KubeObject>, RegExp]>([
    [
      "that has Argo CD's definitions",
      () => cluster.as("kubectl", application),
      /has definitions of Argo CD.*applications\.argoproj\.io/,
    ],
    [
      "that has an Argo CD",
      () => {
        const workload = base("apps/v1", "Deployment", "team", "cd");
        workload.metadata.labels = { "app.kubernetes.io/part-of": "argocd" };
        const spec = { selector: { matchLabels: { a: "b" } }, template: podTemplate({ a: "b" }) };
        return cluster.as("kubectl", { ...workload, spec });
      },
      /has an Argo CD.*Deployment team\/cd/,
    ],
    [
      "into which an Argo CD elsewhere deploys",
      () => cluster.as("argocd-controller", tracked("theirs", base("v1", "ConfigMap", "team", "deployed"))),
      /an Argo CD elsewhere deploys.*1 object .*ConfigMap team\/deployed/,
    ],
  ])("%s, and nothing of ours stays", async (_, make, message) => {
    await using request = cluster.request();
    const made = await make();
    const there = await cluster.titles();
    const refused = await errorOf(existingEngine.start(request));
    expect(refused).toBeInstanceOf(UsageError);
    expect(refused.message).toMatch(message);
    expect(await cluster.titles()).toEqual(there);
    const { resources } = await discover(cluster.client);
    const resource = resources.find(({ kind }) => kind === made.kind);
    if (!resource) throw new Error(`no ${made.kind}`);
    const path = pathOf(resource, made.metadata.namespace, made.metadata.name);
    await cluster.client.request("DELETE", path);
    await expect
      .poll(async () => (await cluster.titles()).filter((one) => one.includes(` ${made.metadata.name} `)))
      .toEqual([]);
  });

  test("whose namespace for Argo CD is in use", async () => {
    const refused = await errorOf(claimNamespace(cluster.client, "team"));
    expect(refused).toBeInstanceOf(UsageError);
    expect(refused.message).toMatch(/namespace team, where Argo CD is to be installed, is not empty: /);
    await namespace("empty");
    await eventually(() =>
      cluster.client.request("GET", "/api/v1/namespaces/empty/configmaps/kube-root-ca.crt"),
    );
    await assertNamespaceFree(cluster.client, "empty");
    await assertNamespaceFree(cluster.client, "not-there");
    await cluster.client.request("DELETE", "/api/v1/namespaces/empty");
  });

  test("whose user may not do enough, and told what is missing", async () => {
    const refused = await as({ subject: "reader" }, async () => {
      await using request = cluster.request();
      return await errorOf(existingEngine.start(request));
    });
    expect(refused).toBeInstanceOf(UsageError);
    expect(refused.message).toMatch(
      /may not do what a rehearsal has to: list everything, .*delete everything, create namespaces, .*escalate clusterroles\.rbac/,
    );
  });

  test("whose credentials nobody knows", async () => {
    const refused = await as({ token: "nobody" }, async () => {
      await using request = cluster.request();
      return await errorOf(existingEngine.start(request));
    });
    expect(refused).toBeInstanceOf(UsageError);
    expect(refused.message).toMatch(/does not accept the credentials of context rehearsal/);
  });

  test("that nobody answers for is infrastructure", async () => {
    const refused = await as({ server: "https://127.0.0.1:9" }, async () => {
      await using request = cluster.request();
      return await errorOf(existingEngine.start(request));
    });
    expect(refused).toBeInstanceOf(InfrastructureError);
    expect(refused.message).toMatch(
      /context rehearsal cannot be reached at https:\/\/127.0.0.1:9: .*(ECONNREFUSED|bad port)/,
    );
  });
});

/** Does something with another kubeconfig: with other credentials, or for another server. */
async function as<T>(
  change: { token?: string; server?: string; subject?: string },
  work: () => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "existing-"));
  try {
    const config = parse(await readFile(cluster.kubeconfig, "utf8"));
    if (change.server) config.clusters[0].cluster.server = change.server;
    if (change.token) config.users[0].user = { token: change.token };
    if (change.subject) config.users[0].user.as = change.subject;
    await writeFile(join(folder, "config"), stringify(config));
    process.env.KUBECONFIG = join(folder, "config");
    return await work();
  } finally {
    process.env.KUBECONFIG = cluster.kubeconfig;
    await rm(folder, { recursive: true, force: true });
  }
}
