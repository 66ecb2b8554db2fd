import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { simulatedEngine } from "../../src/engine/simulated/simulated-engine.ts";
import { ApiError, connect, type KubeClient } from "../../src/kubernetes/client.ts";
import { type HostGuard, setUpHostGuard } from "../../src/rehearsal/host-guard/host-guard.ts";
import { silentLog } from "../../src/runner/log.ts";
import { ownProcesses } from "../../src/runner/owned-processes.ts";
import { resolveToolchain } from "../../src/toolchain/resolve.ts";
import { noSettings } from "./contract.ts";

const { signal } = new AbortController();
const admission = "admissionregistration.k8s.io/v1";
const policies = `/apis/${admission}/validatingadmissionpolicies`;
const main = { name: "main", image: "example" };

type Spec = Record<string, unknown>;
interface Given {
  kind?: string;
  name?: string;
  namespace?: string;
  spec: Spec;
  owner?: { kind: string; name: string };
  /** Who asks, where not an administrator. */
  as?: string;
}

const roots: Record<string, string> = {
  Pod: "/api/v1",
  ReplicationController: "/api/v1",
  PersistentVolume: "/api/v1",
};
for (const kind of ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]) roots[kind] = "/apis/apps/v1";
for (const kind of ["Job", "CronJob"]) roots[kind] = "/apis/batch/v1";

/** The object of a kind that runs, or is, what `spec` says. */
function objectOf({ kind = "Pod", name = "it", namespace = "shop", spec, owner }: Given) {
  const labels = { app: name };
  const template = { metadata: { labels }, spec };
  const job = { template: { spec: { restartPolicy: "Never", ...spec } } };
  const workload = { selector: { matchLabels: labels }, template };
  const specs: Record<string, unknown> = {
    Pod: spec,
    PersistentVolume: { accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" }, ...spec },
    ReplicationController: { selector: labels, template },
    StatefulSet: { ...workload, serviceName: name },
    Job: job,
    CronJob: { schedule: "0 0 * * *", jobTemplate: { spec: job } },
  };
  const ownerReferences = owner
    ? [{ apiVersion: "apps/v1", uid: "0d2b1c9e-0000-4000-8000-000000000000", controller: true, ...owner }]
    : [];
  return {
    apiVersion: roots[kind]?.replace(/^\/apis?\//, ""),
    kind,
    metadata: { name, ...(kind === "PersistentVolume" ? {} : { namespace }), labels, ownerReferences },
    spec: specs[kind] ?? workload,
  };
}

describe("the guard of the host", () => {
  const stack = new AsyncDisposableStack();
  let admin: KubeClient;
  let guard: HostGuard;
  let kubeconfig: string;
  let folder: string;

  beforeAll(async () => {
    const toolchain = await resolveToolchain({ log: silentLog, signal });
    const processes = stack.use(ownProcesses());
    const settings = async () => noSettings;
    const request = { toolchain, processes, log: silentLog, signal, settings };
    const cluster = stack.use(await simulatedEngine.start(request));
    kubeconfig = cluster.kubeconfig;
    folder = processes.folder;
    admin = connect(kubeconfig);
    // Whoever asks may do everything, so that only the guard refuses.
    await admin.apply({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "everyone" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:authenticated" }],
    });
    for (const name of ["shop", "monitoring", "argocd"]) {
      await admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
      await admin.apply({
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "default", namespace: name },
      });
    }
    guard = stack.use(
      await setUpHostGuard({
        client: admin,
        waivers: ["monitoring/node-exporter", "shop/backup", "persistentvolumes/nas-*"],
        argocdNamespace: "argocd",
        shared: false,
        signal,
      }),
    );
  });
  afterAll(() => stack.disposeAsync());

  /** The same API as somebody else. */
  async function impersonating(user: string): Promise<KubeClient> {
    const file = join(folder, `${user.replaceAll(":", "_")}.kubeconfig`);
    const text = await readFile(kubeconfig, "utf8");
    const config = parse(text) as { users: { user: Record<string, string> }[] };
    for (const one of config.users) one.user.as = user;
    await writeFile(file, stringify(config), { mode: 0o600 });
    return connect(file);
  }

  /** Undefined where the API server would take it; else what it says. */
  async function ask(given: Given): Promise<string | undefined> {
    const object = objectOf(given);
    const plural = `${object.kind.toLowerCase()}s`;
    const scope = object.metadata.namespace === undefined ? "" : `/namespaces/${object.metadata.namespace}`;
    const path = `${roots[object.kind]}${scope}/${plural}?dryRun=All`;
    const client = given.as === undefined ? admin : await impersonating(given.as);
    try {
      await client.request("POST", path, { type: "application/json", content: object });
      return undefined;
    } catch (error) {
      if (error instanceof ApiError) return error.message;
      throw error;
    }
  }

  const privileged = { containers: [{ ...main, securityContext: { privileged: true } }] };
  const hostPath = {
    containers: [main],
    volumes: [{ name: "root", hostPath: { path: "/" } }],
  };
  const adding = (...add: string[]) => ({
    containers: [{ ...main, securityContext: { capabilities: { add } } }],
  });
  const refused: [string, Given, string][] = [
    [
      "a privileged Pod",
      { spec: privileged },
      "Pod shop/it would get hold of the machine that runs this rehearsal: privileged",
    ],
    [
      "a privileged init container",
      {
        spec: {
          containers: [main],
          initContainers: privileged.containers.map((one) => ({ ...one, name: "first" })),
        },
      },
      "privileged",
    ],
    ["hostPath", { spec: hostPath }, ": hostPath"],
    ["hostNetwork", { spec: { containers: [main], hostNetwork: true } }, ": hostNetwork"],
    [
      "hostPID and hostIPC",
      { spec: { containers: [main], hostPID: true, hostIPC: true } },
      ": hostPID, hostIPC",
    ],
    ["a capability", { spec: adding("CHOWN", "SYS_ADMIN") }, ": capabilities"],
    ["all capabilities", { spec: adding("ALL") }, ": capabilities"],
    [
      "an unmasked /proc",
      { spec: { hostUsers: false, containers: [{ ...main, securityContext: { procMount: "Unmasked" } }] } },
      ": procMount",
    ],
    [
      "a driver of the node's own",
      { spec: { containers: [main], volumes: [{ name: "v", flexVolume: { driver: "a/b" } }] } },
      ": flexVolume",
    ],
    ...[
      "Deployment",
      "StatefulSet",
      "DaemonSet",
      "ReplicaSet",
      "ReplicationController",
      "Job",
      "CronJob",
    ].map((kind): [string, Given, string] => [
      `a ${kind} of such Pods`,
      { kind, spec: hostPath },
      `${kind} shop/it would`,
    ]),
    [
      "a volume of the host",
      { kind: "PersistentVolume", spec: { hostPath: { path: "/etc" } } },
      "PersistentVolume persistentvolumes/it",
    ],
    [
      "a local volume",
      { kind: "PersistentVolume", spec: { local: { path: "/etc" }, nodeAffinity: anyNode() } },
      "a volume of the host's files",
    ],
    [
      "an owner that nobody but itself names",
      {
        namespace: "monitoring",
        name: "node-exporter-x",
        owner: { kind: "DaemonSet", name: "node-exporter" },
        spec: hostPath,
      },
      "hostPath",
    ],
    [
      "another of the DaemonSet controller",
      {
        namespace: "monitoring",
        name: "other-x",
        owner: { kind: "DaemonSet", name: "other" },
        as: controller("daemon-set"),
        spec: hostPath,
      },
      "hostPath",
    ],
    [
      "a name that begins like a waived one",
      { kind: "DaemonSet", namespace: "monitoring", name: "node-exporter-2", spec: hostPath },
      "hostPath",
    ],
    ["a waived name elsewhere", { kind: "DaemonSet", name: "node-exporter", spec: hostPath }, "hostPath"],
    [
      "k3s' load balancer with more than it needs",
      {
        kind: "DaemonSet",
        namespace: "kube-system",
        name: "svclb-web-1a2b3c4d",
        spec: adding("NET_ADMIN", "SYS_ADMIN"),
      },
      "capabilities",
    ],
    [
      "a load balancer elsewhere",
      { kind: "DaemonSet", name: "svclb-web-1a2b3c4d", spec: adding("NET_ADMIN") },
      "capabilities",
    ],
    [
      "the storage of k3s outside of its folder",
      { namespace: "kube-system", name: "helper-pod", as: storage(), spec: hostPath },
      "hostPath",
    ],
    [
      "the storage of k3s in a folder beside its own",
      {
        namespace: "kube-system",
        name: "helper-pod",
        as: storage(),
        spec: at("/var/lib/rancher/k3s/storage-of-others"),
      },
      "hostPath",
    ],
    [
      "its folder for anyone else",
      { namespace: "kube-system", name: "helper-pod", spec: at("/var/lib/rancher/k3s/storage") },
      "hostPath",
    ],
  ];
  test.each(refused)("refuses %s", async (_, given, said) => {
    const answer = await ask(given);
    expect(answer).toContain("denied request: ");
    expect(answer).toContain(said);
  });

  const accepted: [string, Given][] = [
    ["a Pod", { spec: { containers: [main] } }],
    ["what a container has by default", { spec: adding("NET_RAW", "CHOWN", "NET_BIND_SERVICE") }],
    [
      "other volumes",
      {
        spec: {
          containers: [main],
          volumes: [
            { name: "v", emptyDir: {} },
            { name: "c", configMap: { name: "c" } },
          ],
        },
      },
    ],
    [
      "a port of a node",
      { spec: { containers: [{ ...main, ports: [{ containerPort: 80, hostPort: 80 }] }] } },
    ],
    [
      "a waived DaemonSet",
      { kind: "DaemonSet", namespace: "monitoring", name: "node-exporter", spec: hostPath },
    ],
    [
      "its Pods",
      {
        namespace: "monitoring",
        name: "node-exporter-x",
        owner: { kind: "DaemonSet", name: "node-exporter" },
        as: controller("daemon-set"),
        spec: hostPath,
      },
    ],
    [
      "a ReplicaSet of a waived Deployment",
      {
        kind: "ReplicaSet",
        name: "backup-6d4b",
        owner: { kind: "Deployment", name: "backup" },
        as: controller("deployment"),
        spec: hostPath,
      },
    ],
    [
      "its Pods, too",
      {
        name: "backup-6d4b-x",
        owner: { kind: "ReplicaSet", name: "backup-6d4b" },
        as: controller("replicaset"),
        spec: hostPath,
      },
    ],
    [
      "a Job of a waived CronJob",
      {
        kind: "Job",
        name: "backup-29384",
        owner: { kind: "CronJob", name: "backup" },
        as: controller("cronjob"),
        spec: hostPath,
      },
    ],
    ["a waived volume", { kind: "PersistentVolume", name: "nas-1", spec: { hostPath: { path: "/mnt" } } }],
    ["a volume elsewhere", { kind: "PersistentVolume", spec: { nfs: { server: "nas", path: "/" } } }],
    [
      "k3s' load balancer",
      { kind: "DaemonSet", namespace: "kube-system", name: "svclb-web-1a2b3c4d", spec: adding("NET_ADMIN") },
    ],
    [
      "the helper of k3s' storage",
      {
        namespace: "kube-system",
        name: "helper-pod-create-pvc-1",
        as: storage(),
        spec: at("/var/lib/rancher/k3s/storage"),
      },
    ],
    [
      "a volume of k3s' storage",
      {
        kind: "PersistentVolume",
        as: storage(),
        spec: { hostPath: { path: "/var/lib/rancher/k3s/storage/pvc-1" } },
      },
    ],
  ];
  test.each(accepted)("lets %s pass", async (_, given) => expect(await ask(given)).toBeUndefined());

  test("refuses a privileged container that is added to a Pod that runs", async () => {
    const pod = objectOf({ name: "debugged", spec: { containers: [main] } });
    await admin.apply(pod as Parameters<KubeClient["apply"]>[0]);
    const path = "/api/v1/namespaces/shop/pods/debugged/ephemeralcontainers";
    const add = (container: Spec) =>
      admin.request("PATCH", path, {
        type: "application/merge-patch+json",
        content: { spec: { ephemeralContainers: [{ ...main, name: "debug", ...container }] } },
      });
    await expect(add({ securityContext: { privileged: true } })).rejects.toThrow(
      /Pod shop\/debugged would get hold of the machine that runs this rehearsal: privileged/,
    );
    await add({});
  });

  test("lets metadata of what was there before be changed", async () => {
    // As a Job's controller does with the finalizers of Pods that were there before the guard.
    const named = objectOf({
      kind: "DaemonSet",
      namespace: "monitoring",
      name: "node-exporter",
      spec: hostPath,
    });
    await admin.apply(named as Parameters<KubeClient["apply"]>[0]);
    const name = { apiVersion: "apps/v1", kind: "DaemonSet", namespace: "monitoring", name: "node-exporter" };
    await admin.merge(name, { metadata: { annotations: { changed: "yes" } } });
  });

  describe("watches over itself", () => {
    /** Another one, whose name only this test can find out. */
    async function withGuard(work: (guard: HostGuard, name: string) => Promise<void>): Promise<void> {
      const before = await admin.list(admission, "ValidatingAdmissionPolicy");
      const known = new Set(before.items.map(({ metadata }) => metadata.name));
      using own = await setUpHostGuard({
        client: admin,
        waivers: [],
        argocdNamespace: "argocd",
        shared: false,
        signal,
      });
      const after = await admin.list(admission, "ValidatingAdmissionPolicy");
      const name = after.items.map(({ metadata }) => metadata.name).find((one) => !known.has(one)) ?? "";
      expect(name).toMatch(/^rehearsal-[0-9a-f]{32}$/);
      try {
        await own.verify();
        await sleep(500); // for the watch to have told of it
        expect(own.lost.aborted).toBe(false);
        await work(own, name);
      } finally {
        for (const plural of ["policies", "policybindings"])
          await admin
            .request("DELETE", `/apis/${admission}/validatingadmission${plural}/${name}`)
            .catch(() => undefined);
      }
    }

    const ended = (guard: HostGuard) => expect.poll(() => (guard.lost.reason as Error | undefined)?.message);

    test("and tells when its policy is removed", async () => {
      await withGuard(async (own, name) => {
        await admin.request("DELETE", `${policies}/${name}`);
        await ended(own).toMatch(/was removed in the middle of it/);
        await expect(own.verify()).rejects.toThrow(/was removed/);
      });
    });

    test("when its binding is", async () => {
      await withGuard(async (own, name) => {
        await admin.request("DELETE", `/apis/${admission}/validatingadmissionpolicybindings/${name}`);
        await ended(own).toMatch(/was removed in the middle of it/);
      });
    });

    test("when it is changed, and changed back", async () => {
      await withGuard(async (own, name) => {
        const binding = { apiVersion: admission, kind: "ValidatingAdmissionPolicyBinding", name };
        await admin.merge(binding, { spec: { validationActions: ["Audit"] } });
        await admin.merge(binding, { spec: { validationActions: ["Deny"] } });
        await ended(own).toMatch(/was changed in the middle of it/);
        await expect(own.verify()).rejects.toThrow(/was changed/);
      });
    });

    test("while the first one still stands", async () => {
      await guard.verify();
      expect(guard.lost.aborted).toBe(false);
    });
  });

  test("on a cluster of others leaves them alone, and what the rehearsal brings not", async () => {
    const guarded = await admin.list(admission, "ValidatingAdmissionPolicy");
    for (const { metadata } of guarded.items) {
      await admin.request("DELETE", `${policies}/${metadata.name}`);
      await admin.request("DELETE", `/apis/${admission}/validatingadmissionpolicybindings/${metadata.name}`);
    }
    await expect.poll(() => ask({ spec: hostPath })).toBeUndefined();
    using own = await setUpHostGuard({
      client: admin,
      waivers: [],
      argocdNamespace: "argocd",
      shared: true,
      signal,
    });
    await admin.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "brought" } });
    await admin.apply({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace: "brought" },
    });
    const account = (namespace: string) => `system:serviceaccount:${namespace}:default`;
    expect(await ask({ spec: hostPath })).toBeUndefined();
    expect(await ask({ spec: hostPath, as: account("monitoring") })).toBeUndefined();
    expect(await ask({ spec: hostPath, as: account("argocd") })).toContain("hostPath");
    expect(await ask({ spec: hostPath, as: account("brought") })).toContain("hostPath");
    expect(await ask({ namespace: "brought", spec: hostPath })).toContain("hostPath");
    const volume = { kind: "PersistentVolume", spec: { hostPath: { path: "/etc" } } };
    expect(await ask({ ...volume, as: account("monitoring") })).toBeUndefined();
    expect(await ask({ ...volume, as: account("argocd") })).toContain("a volume of the host's files");
    await own.verify();
  });
});

function controller(name: string): string {
  return `system:serviceaccount:kube-system:${name}-controller`;
}

function storage(): string {
  return "system:serviceaccount:kube-system:local-path-provisioner-service-account";
}

function at(path: string): Spec {
  return { containers: [main], volumes: [{ name: "data", hostPath: { path } }] };
}

function anyNode(): Spec {
  const matchExpressions = [{ key: "kubernetes.io/hostname", operator: "Exists" }];
  return { required: { nodeSelectorTerms: [{ matchExpressions }] } };
}
