import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { serveAdmission } from "../../src/argocd/in-cluster/admission.ts";
import { prepareInCluster } from "../../src/argocd/in-cluster/in-cluster.ts";
import { type Container, componentOf, type PodTemplate } from "../../src/argocd/in-cluster/pod-template.ts";
import { runningVersion } from "../../src/argocd/in-cluster/running-version.ts";
import { registerWebhook } from "../../src/argocd/in-cluster/webhook.ts";
import { installArgoCd } from "../../src/argocd/install.ts";
import { startSimulated } from "../../src/engine/simulated/simulated-engine.ts";
import { connect, type KubeClient, type KubeObject } from "../../src/kubernetes/client.ts";
import { createAuthority } from "../../src/runner/certificates.ts";
import { silentLog } from "../../src/runner/log.ts";
import { ownProcesses } from "../../src/runner/owned-processes.ts";
import { packageRoot } from "../../src/runner/package-root.ts";
import { resolveToolchain } from "../../src/toolchain/resolve.ts";
import { noSettings } from "./contract.ts";

const charts = join(packageRoot(), "../shared/charts");
const chart = { name: "argo-cd", version: "9.2.2", appVersion: "v3.2.3" };
const reach = { bind: "127.0.0.1", host: "host.k3d.internal", address: "127.0.0.1" };
const { signal } = new AbortController();

/** A control plane that calls webhooks; its Pods are played. */
async function withCluster(
  work: (
    given: Pick<Parameters<typeof installArgoCd>[0], "client" | "kubeconfig" | "toolchain" | "folder">,
  ) => Promise<void>,
): Promise<void> {
  const toolchain = await resolveToolchain({ log: silentLog, signal });
  await using processes = ownProcesses();
  const request = {
    toolchain,
    processes,
    log: silentLog,
    signal,
    settings: async () => noSettings,
  };
  await using cluster = await startSimulated(request, { webhooks: true });
  const client = connect(cluster.kubeconfig);
  await work({ client, kubeconfig: cluster.kubeconfig, toolchain, folder: processes.folder });
}

async function trustedBy(folder: string): Promise<string> {
  const path = join(folder, "bundle.pem");
  await writeFile(path, (await createAuthority("mirror")).certificate);
  return path;
}

function pod(namespace: string, name: string, labels: Record<string, string>): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels },
    spec: { containers: [{ name: "main", image: "example" }] },
  };
}

const repoServerLabels = { "app.kubernetes.io/name": "argocd-repo-server" };

async function podsOf(client: KubeClient, namespace: string, component: string): Promise<PodTemplate[]> {
  const { items } = await client.list("v1", "Pod", namespace);
  return items
    .map((item) => item as unknown as PodTemplate)
    .filter((item) => componentOf(item) === component);
}

function variable({ env = [] }: Container, name: string): unknown {
  const found = env.filter((entry) => entry.name === name);
  return found.length === 1 ? (found[0]?.value ?? found[0]?.valueFrom) : found;
}

describe("Argo CD in a cluster", () => {
  test.each([
    { from: "its release manifests", source: { unavailable: "no network" } },
    ...(existsSync(charts)
      ? [{ from: "its chart", source: { ...chart, path: join(charts, "argo-cd-9.2.2.tgz") } }]
      : []),
  ])("installed from $from is led to the mirror by the real API server", async ({ source }) => {
    await withCluster(async (given) => {
      const { client, folder } = given;
      const namespace = "argocd";
      const running = { client, namespace, reach, log: silentLog, signal };
      const mirror = {
        proxyUrl: "http://rehearsal:secret@host.k3d.internal:1",
        caBundle: await trustedBy(folder),
        hosts: ["git.example.com"],
      };
      {
        await using inCluster = await prepareInCluster({ ...running, mirror });
        expect(inCluster.admitted(), "the proof itself counts").toEqual({ repoServers: 0 });
        await inCluster.installing((either) =>
          installArgoCd({
            ...given,
            chart: source,
            settings: {
              chart: "argo-cd",
              repository: undefined,
              version: undefined,
              release: "argocd",
              namespace,
              values: ["repoServer: { env: [{ name: HTTPS_PROXY, value: http://other.example }] }"],
            },
            signal: either,
          }),
        );
        await inCluster.untilRunning();
        // The server's Pod is played, and makes none.
        const project = {
          apiVersion: "argoproj.io/v1alpha1",
          kind: "AppProject",
          name: "default",
          namespace,
        };
        expect((await client.read(project))?.spec).toMatchObject({ sourceRepos: ["*"] });
        expect(inCluster.admitted()).toEqual({ repoServers: 1 });
        expect(await inCluster.check()).toEqual([]);

        const [repoServer, ...others] = await podsOf(client, namespace, "repo-server");
        expect(others).toEqual([]);
        const containers = [
          ...(repoServer?.spec.containers ?? []),
          ...(repoServer?.spec.initContainers ?? []),
        ];
        expect(containers.length).toBe(2);
        for (const container of containers) {
          expect(variable(container, "HTTPS_PROXY")).toEqual({
            secretKeyRef: { name: expect.stringMatching(/^rehearsal-[0-9a-f]{16}$/), key: "proxy-url" },
          });
          expect(variable(container, "NO_PROXY")).toBe(
            ".svc,.cluster.local,localhost,127.0.0.1,10.96.0.0/16,10.244.0.0/24,10.244.1.0/24,10.244.2.0/24,10.96.0.1",
          );
        }
        expect(repoServer?.spec.hostAliases).toEqual([
          { ip: "192.0.2.1", hostnames: ["git.example.com"] },
          { ip: "127.0.0.1", hostnames: ["host.k3d.internal"] },
        ]);
        expect(JSON.stringify(repoServer)).not.toContain("secret@");
        const [controller] = await podsOf(client, namespace, "application-controller");
        const persist = "ARGOCD_APPLICATION_CONTROLLER_PERSIST_RESOURCE_HEALTH";
        expect(controller && variable(controller.spec.containers[0] as Container, persist)).toBe("true");
        expect(controller?.spec.hostAliases).toBeUndefined();
        const [server] = await podsOf(client, namespace, "server");
        expect(server && JSON.stringify(server)).not.toContain("rehearsal-");
        expect(await runningVersion(client, namespace, undefined)).toBe(
          "path" in source ? "v3.2.3" : given.toolchain.versions.argocd,
        );

        // What was put there past the webhook, or changed since, is found.
        await client.apply(pod(namespace, "late", repoServerLabels));
        expect(await inCluster.check()).toEqual([]);
        const [late] = (await client.list("v1", "Pod", namespace)).items.filter(
          ({ metadata }) => metadata.name === "late",
        );
        const annotations = { "gitops-rehearsal/admitted": "forged" };
        await client.merge(
          { apiVersion: "v1", kind: "Pod", name: "late", namespace },
          { metadata: { annotations } },
        );
        expect(late?.metadata.annotations?.["gitops-rehearsal/admitted"]).toMatch(/^[0-9a-f]{48}$/);
        expect(await inCluster.check()).toEqual([
          "The repo-server's Pod late was not led to the mirror at its admission, or was changed since.",
        ]);
      }
      const kind = "MutatingWebhookConfiguration";
      expect((await client.list("admissionregistration.k8s.io/v1", kind)).items).toEqual([]);
      const left = [
        ...(await client.list("v1", "Secret", namespace)).items,
        ...(await client.list("v1", "ConfigMap", namespace)).items,
      ].filter(({ metadata }) => metadata.name.startsWith("rehearsal-"));
      expect(left).toEqual([]);
    });
  });

  test("starts no Pod that the webhook was not asked about, and other namespaces are left alone", async () => {
    await withCluster(async ({ client }) => {
      for (const name of ["argocd", "other"]) {
        await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
        await client.apply({
          apiVersion: "v1",
          kind: "ServiceAccount",
          metadata: { name: "default", namespace: name },
        });
      }
      const server = await serveAdmission(reach, {
        token: "token",
        name: "rehearsal-1",
        hosts: ["git.example.com"],
        noProxy: ".svc",
        mirror: reach,
        hostBundleKey: "ca-bundle.pem",
      });
      const { clientConfig } = server;
      await registerWebhook(client, { name: "rehearsal-1", namespace: "argocd", clientConfig });
      await expect
        .poll(async () => {
          const path = "/api/v1/namespaces/argocd/pods?dryRun=All";
          const content = pod("argocd", "probe", repoServerLabels);
          const made = await client.request("POST", path, { type: "application/json", content });
          return (made as KubeObject).metadata.annotations;
        })
        .toEqual({ "gitops-rehearsal/admitted": "token" });
      await client.apply(pod("other", "elsewhere", repoServerLabels));
      await server[Symbol.asyncDispose]();
      const refused = client.apply(pod("argocd", "refused", repoServerLabels));
      await expect(refused).rejects.toThrow(/failed calling webhook "pods\.rehearsal-1\.gitops-rehearsal"/);
      const pods = (await client.list("v1", "Pod")).items;
      expect(
        pods.map(({ metadata: { name, annotations } }) => [name, annotations?.["gitops-rehearsal/admitted"]]),
      ).toEqual([["elsewhere", undefined]]);
    });
  });
});
