import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { MirrorReach } from "../../engine/engine.ts";
import type { KubeClient } from "../../kubernetes/client.ts";
import { InfrastructureError, messageOf } from "../../runner/errors.ts";
import type { Log } from "../../runner/log.ts";
import { ensureDefaultProject } from "../default-project.ts";
import { type AdmissionServer, serveAdmission } from "./admission.ts";
import { noProxyOf } from "./no-proxy.ts";
import { isAdmitted, type PodPatchSettings, proxyUrlKey } from "./pod-patch.ts";
import { componentOf, type PodTemplate } from "./pod-template.ts";
import { waitForRollout, whileInstalling } from "./rollout.ts";
import { bundlesOf } from "./trust-bundles.ts";
import { ownLabels, proveWebhook, registerWebhook, remove, removeWebhook } from "./webhook.ts";

export interface InClusterRequest {
  client: KubeClient;
  /** Where Argo CD is going to be installed; made where there is none. */
  namespace: string;
  reach: MirrorReach;
  mirror: {
    /** With its credentials. */
    proxyUrl: string;
    /** PEM file with the mirror's authority first, and the system's. */
    caBundle: string;
    /** Names, without ports, for which it answers. */
    hosts: readonly string[];
  };
  log: Log;
  signal: AbortSignal;
}

/** An Argo CD in the cluster that reaches the mirror, and nothing else under the mirror's names. */
export interface InCluster extends AsyncDisposable {
  /** Runs `install`, which installs Argo CD, and ends it once one of its Pods cannot run. Throws as `whileInstalling`. */
  installing<T>(install: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Makes the project `default` where nobody has. Throws as `waitForRollout`, and InfrastructureError where no repo-server was admitted by us. */
  untilRunning(): Promise<void>;
  /** What was admitted so far. */
  admitted(): { repoServers: number };
  /**
   * Names what is wrong with the repo-servers that run now, one sentence each: one that does not bear our
   * patch may have fetched from elsewhere. Empty where nothing is. Throws ApiError.
   */
  check(): Promise<string[]>;
}

/**
 * Prepares a cluster for Argo CD, before it is installed: a Secret with the way to the mirror, a ConfigMap
 * with what to trust, and a webhook that gives both to the repo-server's Pods at their admission. Proves that
 * the webhook is asked. Throws InfrastructureError, and leaves nothing but the namespace behind then.
 *
 * What argocd-server makes when it first starts (the project `default`, the signing key) is left to it; where
 * there is no server, the project is made once all runs.
 */
export async function prepareInCluster(request: InClusterRequest): Promise<InCluster> {
  const { client, namespace, reach, mirror, log, signal } = request;
  const name = `rehearsal-${randomBytes(8).toString("hex")}`;
  const { bundles, hostBundleKey } = bundlesOf(await readFile(mirror.caBundle, "utf8"));
  signal.throwIfAborted();
  await makeNamespace(client, namespace);
  const settings: PodPatchSettings = {
    token: randomBytes(24).toString("hex"),
    name,
    hosts: mirror.hosts,
    noProxy: await noProxyOf(client, mirror.hosts),
    mirror: { host: reach.host, address: reach.address },
    hostBundleKey,
  };
  const server = await serveAdmission(reach, settings);
  const release = () => releaseAll(request, name, server);
  try {
    const metadata = { name, namespace, labels: ownLabels };
    await Promise.all([
      client.apply({
        apiVersion: "v1",
        kind: "Secret",
        metadata,
        stringData: { [proxyUrlKey]: mirror.proxyUrl },
      }),
      client.apply({ apiVersion: "v1", kind: "ConfigMap", metadata, data: bundles }),
    ]);
    await registerWebhook(client, { name, namespace, clientConfig: server.clientConfig });
    await proveWebhook(client, { namespace, url: server.clientConfig.url, settings, signal });
  } catch (error) {
    await release();
    throw error;
  }
  return {
    installing: (install) => whileInstalling({ client, namespace, signal }, install),
    async untilRunning() {
      await waitForRollout({ client, namespace, log, signal });
      if (server.repoServers() === 0)
        throw new InfrastructureError(
          `no repo-server of Argo CD in namespace ${namespace} was led to the mirror, so nothing could be rehearsed`,
        );
      await ensureDefaultProject(client, namespace);
    },
    admitted: () => ({ repoServers: server.repoServers() }),
    check: () => checkRepoServers(client, namespace, settings),
    [Symbol.asyncDispose]: release,
  };
}

async function makeNamespace(client: KubeClient, name: string): Promise<void> {
  const namespace = { apiVersion: "v1", kind: "Namespace" };
  if (await client.read({ ...namespace, name })) return;
  await client.apply({ ...namespace, metadata: { name } });
}

async function checkRepoServers(
  client: KubeClient,
  namespace: string,
  settings: PodPatchSettings,
): Promise<string[]> {
  const { items } = await client.list("v1", "Pod", namespace);
  const repoServers = items.filter(
    (pod) =>
      componentOf(pod as unknown as PodTemplate) === "repo-server" &&
      !["Succeeded", "Failed"].includes((pod.status as { phase?: string } | undefined)?.phase ?? ""),
  );
  if (repoServers.length === 0) return [`No repo-server of Argo CD runs in namespace ${namespace}.`];
  return repoServers
    .filter((pod) => !isAdmitted(pod as unknown as PodTemplate, settings))
    .map(
      ({ metadata }) =>
        `The repo-server's Pod ${metadata.name} was not led to the mirror at its admission, or was changed since.`,
    );
}

/** The cluster may be gone by now, which is for its own guard to say. */
async function releaseAll(
  { client, namespace, log }: InClusterRequest,
  name: string,
  server: AdmissionServer,
): Promise<void> {
  const cleanUp = [
    removeWebhook(client, name),
    remove(client, `/api/v1/namespaces/${namespace}/secrets/${name}`),
    remove(client, `/api/v1/namespaces/${namespace}/configmaps/${name}`),
  ];
  for (const result of await Promise.allSettled(cleanUp)) {
    if (result.status === "rejected")
      log.warn(`Something named ${name} may be left in the cluster: ${messageOf(result.reason)}`);
  }
  await server[Symbol.asyncDispose]();
}
