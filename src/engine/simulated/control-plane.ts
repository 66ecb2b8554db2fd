import { writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { InfrastructureError } from "../../runner/errors.ts";
import type { OwnedProcesses } from "../../runner/owned-processes.ts";
import type { Toolchain } from "../../toolchain/toolchain.ts";
import type { Credentials } from "./credentials.ts";

const startTimeoutMs = 120_000; // 4 s on an idle machine; a compile beside it has tripled that
const pollMs = 40;

/** Admission that would taint a node that no kubelet clears. */
const disabledAdmission = ["TaintNodesByCondition"];
/** Admission that would wait for a backend that no container serves. */
const webhookAdmission = ["MutatingAdmissionWebhook", "ValidatingAdmissionWebhook"];

/**
 * Controllers left out: those that judge nodes by a kubelet's leases, hand out node addresses, or need
 * metrics (a Stage sets the conditions of HorizontalPodAutoscalers).
 */
const disabledControllers = ["nodelifecycle", "node-ipam-controller", "horizontal-pod-autoscaler-controller"];

/** Starts etcd and kube-apiserver, and returns once the API answers that it is ready. */
export async function startApiServer(start: {
  processes: OwnedProcesses;
  toolchain: Toolchain;
  credentials: Credentials;
  port: number;
  /** Whether webhooks are called. */
  webhooks: boolean;
  /** The Unix socket through which Services are reached: nothing runs behind them. */
  egress: string;
  signal: AbortSignal;
}): Promise<void> {
  const { processes, toolchain, credentials, port, webhooks, egress, signal } = start;
  const disabled = [...disabledAdmission, ...(webhooks ? [] : webhookAdmission)];
  const socket = join(processes.folder, "etcd.sock");
  const egressConfig = join(processes.folder, "egress.yaml");
  await writeFile(egressConfig, stringify(egressSelection(egress)));
  processes.start({
    name: "etcd",
    command: toolchain.program("etcd"),
    args: [
      `--data-dir=${join(processes.folder, "etcd")}`,
      `--listen-client-urls=unix://${socket}`,
      `--advertise-client-urls=unix://${socket}`,
      `--listen-peer-urls=unix://${join(processes.folder, "peer.sock")}`,
      `--initial-advertise-peer-urls=http://localhost:2380`,
      "--initial-cluster=default=http://localhost:2380",
      "--unsafe-no-fsync",
      "--log-level=warn",
    ],
    env: {},
  });
  processes.start({
    name: "kube-apiserver",
    command: toolchain.program("kube-apiserver"),
    args: [
      `--etcd-servers=unix://${socket}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      "--advertise-address=192.0.2.1", // never dialled; without one it looks for a network card
      "--endpoint-reconciler-type=none",
      `--tls-cert-file=${credentials.apiServer.certificate}`,
      `--tls-private-key-file=${credentials.apiServer.key}`,
      `--client-ca-file=${credentials.authority.certificate}`,
      `--requestheader-client-ca-file=${credentials.authority.certificate}`,
      "--requestheader-allowed-names=front-proxy",
      "--requestheader-username-headers=X-Remote-User",
      "--requestheader-group-headers=X-Remote-Group",
      "--requestheader-extra-headers-prefix=X-Remote-Extra-",
      `--proxy-client-cert-file=${credentials.frontProxy.certificate}`,
      `--proxy-client-key-file=${credentials.frontProxy.key}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${credentials.serviceAccounts.certificate}`,
      `--service-account-signing-key-file=${credentials.serviceAccounts.key}`,
      "--service-cluster-ip-range=10.96.0.0/16",
      "--authorization-mode=Node,RBAC",
      "--allow-privileged=true",
      `--disable-admission-plugins=${disabled.join(",")}`,
      "--enable-priority-and-fairness=false",
      "--profiling=false",
      `--egress-selector-config-file=${egressConfig}`,
    ],
    env: {
      GOGC: "200", // 400 takes 0.8 GB more at 50 Applications and is no faster
      // Whom it trusts where a webhook or an APIService names no authority of its own.
      SSL_CERT_FILE: credentials.authority.certificate,
    },
  });
  await untilReady(credentials, port, AbortSignal.any([signal, processes.lost]));
}

/** `cluster` is the way to Services, Pods and nodes; see https://kubernetes.io/docs/tasks/extend-kubernetes/setup-konnectivity. */
function egressSelection(socket: string) {
  const connection = { proxyProtocol: "HTTPConnect", transport: { uds: { udsName: socket } } };
  return {
    apiVersion: "apiserver.k8s.io/v1beta1",
    kind: "EgressSelectorConfiguration",
    egressSelections: [{ name: "cluster", connection }],
  };
}

/** Starts what acts on the API. It retries by itself, so nothing is waited for. */
export async function startControllers(start: {
  processes: OwnedProcesses;
  toolchain: Toolchain;
  credentials: Credentials;
}): Promise<void> {
  const { processes, toolchain, credentials } = start;
  processes.start({
    name: "kube-controller-manager",
    command: toolchain.program("kube-controller-manager"),
    args: [
      // As admin rather than under one ServiceAccount per controller: it starts a second sooner.
      `--kubeconfig=${credentials.adminKubeconfig}`,
      "--leader-elect=false",
      "--secure-port=0",
      `--controllers=*,${disabledControllers.map((name) => `-${name}`).join(",")}`,
      `--root-ca-file=${credentials.authority.certificate}`,
      `--service-account-private-key-file=${credentials.serviceAccounts.key}`,
      `--cluster-signing-cert-file=${credentials.authority.certificate}`,
      `--cluster-signing-key-file=${credentials.authority.key}`,
      "--kube-api-qps=500",
      "--kube-api-burst=1000",
    ],
    env: {},
  });
  const schedulerConfig = join(processes.folder, "scheduler.yaml");
  await writeFile(
    schedulerConfig,
    stringify({
      apiVersion: "kubescheduler.config.k8s.io/v1",
      kind: "KubeSchedulerConfiguration",
      clientConnection: { kubeconfig: credentials.schedulerKubeconfig, qps: 500, burst: 1000 },
      leaderElection: { leaderElect: false },
    }),
  );
  processes.start({
    name: "kube-scheduler",
    command: toolchain.program("kube-scheduler"),
    args: [`--config=${schedulerConfig}`, "--secure-port=0"],
    env: {},
  });
}

async function untilReady(credentials: Credentials, port: number, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    signal.throwIfAborted();
    if (await isReady(credentials, port)) return;
    await sleep(pollMs);
  }
  throw new InfrastructureError(`kube-apiserver did not become ready within ${startTimeoutMs / 1000} s`);
}

function isReady({ admin }: Credentials, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = request(
      {
        host: "127.0.0.1",
        port,
        path: "/readyz",
        ca: admin.authority,
        cert: admin.certificate,
        key: admin.key,
        timeout: 5_000,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    probe.on("error", () => resolve(false));
    probe.on("timeout", () => probe.destroy());
    probe.end();
  });
}
