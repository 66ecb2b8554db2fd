import { randomBytes } from "node:crypto";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import type { KubeClient } from "../kubernetes/client.ts";
import type { Mirror } from "../mirror/mirror.ts";
import { InfrastructureError } from "../runner/errors.ts";
import { freePorts, type OwnedProcesses } from "../runner/owned-processes.ts";
import type { Toolchain } from "../toolchain/toolchain.ts";
import { type Component, configMapData, readComponent } from "./component-spec.ts";
import { ensureDefaultProject } from "./default-project.ts";

export interface ComponentsRequest {
  client: KubeClient;
  processes: OwnedProcesses;
  toolchain: Toolchain;
  namespace: string;
  /** The way out of the repo-server. */
  mirror: Pick<Mirror, "proxyUrl" | "caBundle" | "adopt" | "leave">;
  signal: AbortSignal;
}

const startTimeoutMs = 60_000;

/**
 * Cheap on a machine that is gone in a minute. Argo CD's client waits for its own rate limit otherwise:
 * 50 Applications were healthy after 32 s in place of 40 (docs/performance.md).
 */
const tuning: Record<Component, Record<string, string>> = {
  "repo-server": { GOGC: "400" },
  "application-controller": { GOGC: "400", ARGOCD_K8S_CLIENT_QPS: "2000", ARGOCD_K8S_CLIENT_BURST: "4000" },
  "applicationset-controller": { GOGC: "400" },
};

/**
 * Runs Argo CD's components as processes, each as the Pod that the installation describes would run
 * it: with its arguments, its environment and the rights of its ServiceAccount. Returns once the
 * repo-server answers.
 */
export async function startComponents(request: ComponentsRequest): Promise<void> {
  const { client, processes, namespace } = request;
  const [redisPort, repoServerPort, repoMetricsPort] = (await freePorts(3)) as [number, number, number];
  const redisPassword = randomBytes(16).toString("hex");
  processes.start({
    name: "argocd-redis",
    command: request.toolchain.program("redis"),
    args: [`--address=127.0.0.1:${redisPort}`],
    env: { REDIS_PASSWORD: redisPassword },
  });
  await completeInstallation(client, namespace);
  const folders = await prepareFolders(request);
  const redis = [`--redis=127.0.0.1:${redisPort}`];
  const toRepoServer = `127.0.0.1:${repoServerPort}`;
  const flags: Record<Component, string[]> = {
    "repo-server": [
      "--address=127.0.0.1",
      `--port=${repoServerPort}`,
      "--metrics-address=127.0.0.1",
      `--metrics-port=${repoMetricsPort}`,
      "--disable-tls",
      "--client-ca-path=",
      ...redis,
    ],
    "application-controller": [
      `--repo-server=${toRepoServer}`,
      "--repo-server-plaintext",
      "--metrics-port=0",
      ...redis,
    ],
    "applicationset-controller": [
      `--argocd-repo-server=${toRepoServer}`,
      "--repo-server-plaintext",
      "--metrics-addr=0",
      "--probe-addr=0",
      "--webhook-addr=127.0.0.1:0",
    ],
  };
  await Promise.all(
    (Object.keys(flags) as Component[]).map(async (component) => {
      const spec = await readComponent(client, namespace, component);
      const kubeconfig = await writeKubeconfig(request, component, spec.serviceAccount);
      processes.start({
        name: `argocd-${component}`,
        command: request.toolchain.program("argocd"),
        args: [...spec.args, ...flags[component]],
        env: {
          ...tuning[component],
          ...spec.env, // what the installation says wins
          ...folders.environment,
          ...(component === "repo-server" ? repoServerEnvironment(request, folders) : {}),
          ARGOCD_BINARY_NAME: `argocd-${component}`,
          ARGOCD_FAKE_IN_CLUSTER: "true",
          ARGOCD_CONTROLLER_REPLICAS: "1", // there is one, whatever the values say: it must take every shard
          // Otherwise `status.resources[].health` is empty in Argo CD 3.
          ARGOCD_APPLICATION_CONTROLLER_PERSIST_RESOURCE_HEALTH: "true",
          KUBECONFIG: kubeconfig,
          POD_NAMESPACE: namespace,
          REDIS_PASSWORD: redisPassword,
        },
      });
    }),
  );
  await untilListening(repoServerPort, AbortSignal.any([request.signal, processes.lost]));
}

/** What argocd-server, here a Pod without a container, does when it first starts. */
async function completeInstallation(client: KubeClient, namespace: string): Promise<void> {
  const key = randomBytes(32).toString("base64");
  await client.merge(
    { apiVersion: "v1", kind: "Secret", name: "argocd-secret", namespace },
    { stringData: { "server.secretkey": key } },
  );
  await ensureDefaultProject(client, namespace);
}

interface Folders {
  environment: Record<string, string>;
  bin: string;
  temporary: string;
}

/** What the Pods would have as mounted volumes, and the programs that the image has beside `argocd`. */
async function prepareFolders({
  client,
  processes,
  namespace,
  toolchain,
  mirror,
}: ComponentsRequest): Promise<Folders> {
  const root = join(processes.folder, "argocd");
  const folder = async (name: string) => {
    await mkdir(join(root, name), { recursive: true, mode: 0o700 });
    return join(root, name);
  };
  const [bin, home, temporary, tls, ssh, gpg] = (await Promise.all(
    ["bin", "home", "tmp", "tls", "ssh", "gpg"].map(folder),
  )) as [string, string, string, string, string, string];
  const certificates = await configMapData(client, namespace, "argocd-tls-certs-cm");
  const adopted = mirror.adopt(certificates);
  const left = Object.entries(certificates).filter(([host]) => !adopted.includes(host));
  mirror.leave(left.map(([host]) => host));
  const knownHosts = await configMapData(client, namespace, "argocd-ssh-known-hosts-cm");
  await Promise.all([
    // A file named after a host replaces every other authority for it, the mirror's included.
    ...left.map(([host, pem]) => writeFile(join(tls, host), pem)),
    writeFile(join(ssh, "ssh_known_hosts"), knownHosts.ssh_known_hosts ?? ""),
    ...["git-verify-wrapper.sh", "git-ask-pass.sh", "gpg-wrapper.sh"].map(async (name) => {
      const target = join(toolchain.argocdFiles, "hack", name);
      await symlink(target, join(bin, name));
      await chmod(target, 0o755).catch(() => undefined);
    }),
    symlink(toolchain.program("argocd"), join(bin, "argocd")),
    symlink(toolchain.program("helm"), join(bin, "helm")),
    symlink(toolchain.program("kustomize"), join(bin, "kustomize")),
  ]);
  return {
    bin,
    temporary,
    environment: {
      HOME: home,
      PATH: `${bin}:${process.env.PATH ?? "/usr/bin:/bin"}`,
      TMPDIR: temporary,
      ARGOCD_TLS_DATA_PATH: tls,
      ARGOCD_SSH_DATA_PATH: ssh,
      ARGOCD_GNUPGHOME: gpg,
      // By default one path for every repo-server of the machine. Directly in the folder: it must stay short.
      ARGOCD_ASK_PASS_SOCK: join(processes.folder, "ask-pass.sock"),
      ARGOCD_GPG_ENABLED: "false",
    },
  };
}

function repoServerEnvironment({ mirror }: ComponentsRequest, folders: Folders): Record<string, string> {
  return {
    HTTPS_PROXY: mirror.proxyUrl,
    HTTP_PROXY: mirror.proxyUrl,
    http_proxy: mirror.proxyUrl, // the only spelling that Git takes for http
    NO_PROXY: "127.0.0.1,localhost,.svc,.cluster.local",
    SSL_CERT_FILE: mirror.caBundle,
    GIT_SSL_CAINFO: mirror.caBundle,
    GIT_TERMINAL_PROMPT: "0",
    XDG_CONFIG_HOME: folders.temporary, // no kustomize plugins, git configuration or Helm repositories of the user
    GIT_CONFIG_NOSYSTEM: "1",
  };
}

/** With a token of the component's own ServiceAccount, so that RBAC in the values has its effect. */
async function writeKubeconfig(
  { client, processes, namespace }: ComponentsRequest,
  component: Component,
  account: string,
): Promise<string> {
  const answer = (await client.request(
    "POST",
    `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
    {
      type: "application/json",
      content: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { expirationSeconds: 86_400 },
      },
    },
  )) as { status: { token: string } };
  const cluster = client.config.getCurrentCluster();
  const path = join(processes.folder, `argocd-${component}.kubeconfig`);
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "rehearsal",
        cluster: { server: cluster?.server, "certificate-authority-data": cluster?.caData },
      },
    ],
    users: [{ name: "rehearsal", user: { token: answer.status.token } }],
    contexts: [{ name: "rehearsal", context: { cluster: "rehearsal", user: "rehearsal", namespace } }],
    "current-context": "rehearsal",
  };
  await writeFile(path, stringify(config), { mode: 0o600 });
  return path;
}

async function untilListening(port: number, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    signal.throwIfAborted();
    if (await isListening(port)) return;
    await sleep(30);
  }
  throw new InfrastructureError(`argocd-repo-server did not answer within ${startTimeoutMs / 1000} s`);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
