import { configMapData } from "../argocd/component-spec.ts";
import { startComponents } from "../argocd/components.ts";
import { prepareInCluster } from "../argocd/in-cluster/in-cluster.ts";
import { runningVersion } from "../argocd/in-cluster/running-version.ts";
import { installArgoCd } from "../argocd/install.ts";
import type { ArgoCdInstallation } from "../argocd/settings.ts";
import type { Cluster, MirrorReach } from "../engine/engine.ts";
import type { KubeClient } from "../kubernetes/client.ts";
import type { Mirror } from "../mirror/mirror.ts";
import { asStep, type Log } from "../runner/log.ts";
import type { OwnedProcesses } from "../runner/owned-processes.ts";
import type { Toolchain } from "../toolchain/toolchain.ts";
import type { Prepared } from "./prepare.ts";

export interface RunArgoCdRequest {
  cluster: Cluster;
  client: KubeClient;
  prepared: Prepared;
  mirror: Mirror;
  processes: OwnedProcesses;
  toolchain: Toolchain;
  log: Log;
  signal: AbortSignal;
}

/** An Argo CD that reconciles, and sees the rehearsed repository through the mirror alone. */
export interface RunningArgoCd extends AsyncDisposable {
  installation: ArgoCdInstallation;
  /** Why its repo-server may have seen the repository past the mirror; undefined where it cannot. */
  misled(): Promise<string | undefined>;
}

/**
 * Installs Argo CD the way the repository does and has it run: in the cluster where containers run, else as
 * processes. Throws ChangeError where the repository's own settings keep it from running.
 */
export async function runArgoCd(request: RunArgoCdRequest): Promise<RunningArgoCd> {
  const { cluster, log } = request;
  if (cluster.containers.kind === "real") return runInCluster(request, cluster.containers.mirror);
  return asStep(log, "Installing Argo CD", () => runAsProcesses(request));
}

async function runAsProcesses(request: RunArgoCdRequest): Promise<RunningArgoCd> {
  const { client, processes, toolchain, mirror, signal } = request;
  const installation = await installArgoCd(installRequest(request, signal));
  await startComponents({
    client,
    processes,
    toolchain,
    namespace: installation.namespace,
    mirror,
    signal,
  });
  return {
    installation: asRunning(installation, toolchain.versions.argocd),
    misled: async () => undefined, // no one but us starts its processes
    async [Symbol.asyncDispose]() {},
  };
}

async function runInCluster(request: RunArgoCdRequest, reach: MirrorReach): Promise<RunningArgoCd> {
  const { client, mirror, log, signal } = request;
  const { namespace } = request.prepared.settings;
  await request.cluster.claim?.(namespace);
  const inCluster = await prepareInCluster({
    client,
    namespace,
    reach,
    mirror,
    log,
    signal,
  });
  try {
    const installation = await asStep(log, "Installing Argo CD", () =>
      inCluster.installing((either) => installArgoCd(installRequest(request, either))),
    );
    // A Pod's files for single hosts come from it.
    mirror.leave(Object.keys(await configMapData(client, namespace, "argocd-tls-certs-cm")));
    await inCluster.untilRunning();
    const running = await runningVersion(client, namespace, installation.pinned);
    return {
      installation: asRunning(installation, running),
      misled: async () => (await inCluster.check())[0],
      [Symbol.asyncDispose]: () => inCluster[Symbol.asyncDispose](),
    };
  } catch (error) {
    await inCluster[Symbol.asyncDispose]();
    throw error;
  }
}

function asRunning(installation: ArgoCdInstallation, running: string): ArgoCdInstallation {
  const { pinned, notes } = installation;
  if (pinned === undefined || pinned === running) return { ...installation, running };
  const note = `The repository pins Argo CD ${pinned}; ${running} was rehearsed.`;
  return { ...installation, running, notes: [note, ...notes] };
}

function installRequest(
  { client, cluster, toolchain, prepared, processes }: RunArgoCdRequest,
  signal: AbortSignal,
): Parameters<typeof installArgoCd>[0] {
  return {
    client,
    kubeconfig: cluster.kubeconfig,
    toolchain,
    settings: prepared.settings,
    chart: prepared.bootstrap.chart,
    folder: processes.folder,
    signal,
  };
}
