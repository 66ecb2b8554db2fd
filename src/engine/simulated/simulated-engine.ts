import { join } from "node:path";
import { connect, type KubeClient } from "../../kubernetes/client.ts";
import { reasonOfFailure } from "../../runner/loss.ts";
import { freePorts } from "../../runner/owned-processes.ts";
import type { Cluster, Engine, EngineRequest, Unexercised } from "../engine.ts";
import { serveAbsentBackends } from "./absent-backends.ts";
import { readCatalogue } from "./catalogue.ts";
import { startApiServer, startControllers } from "./control-plane.ts";
import { issueCredentials } from "./credentials.ts";
import { followDefinitions } from "./custom-stages.ts";
import { installObjects } from "./objects.ts";
import { certificateInSecrets } from "./serving-certificates.ts";
import { watchStageFailures } from "./stage-failures.ts";

/**
 * A real API (etcd, kube-apiserver, controller-manager, scheduler) whose nodes are simulated by KWOK:
 * everything up to the kubelet is as in a real cluster, and no container ever runs.
 */
export const simulatedEngine: Engine = {
  name: "simulated",
  start: (request) => startSimulated(request, { webhooks: false }),
};

/** As the engine does; `webhooks` are those that run beside it, since none runs in it. */
export async function startSimulated(
  request: EngineRequest,
  options: { webhooks: boolean },
): Promise<Cluster> {
  try {
    return await startCluster(request, options);
  } catch (error) {
    throw request.signal.aborted ? error : await reasonOfFailure(error, request.processes.lost);
  }
}

async function startCluster(
  { processes, toolchain, settings, signal }: EngineRequest,
  { webhooks }: { webhooks: boolean },
): Promise<Cluster> {
  await using stack = new AsyncDisposableStack();
  const { simulated } = await settings("simulated");
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error("freePorts gave none");
  const credentials = await issueCredentials(processes.folder, `https://127.0.0.1:${port}`);
  let client: KubeClient | undefined;
  const backends = stack.use(
    await serveAbsentBackends({
      socket: join(processes.folder, "egress.sock"),
      certificateFor: async (name) =>
        (client && (await certificateInSecrets(client, name))) ?? credentials.issueFor(name),
    }),
  );
  const egress = backends.socket;
  const [catalogue] = await Promise.all([
    readCatalogue(simulated.stages),
    startApiServer({ processes, toolchain, credentials, port, webhooks, egress, signal }),
  ]);
  await startControllers({ processes, toolchain, credentials });
  client = connect(credentials.adminKubeconfig);
  await installObjects(client, catalogue);
  processes.start({
    name: "kwok",
    command: toolchain.program("kwok"),
    args: [
      `--kubeconfig=${credentials.adminKubeconfig}`,
      "--manage-all-nodes",
      "--enable-crds=Stage",
      "--node-lease-duration-seconds=0",
      "--server-address=",
      "--v=WARN",
    ],
    env: { HOME: processes.folder },
  });
  const failed = new AbortController();
  const over = new AbortController();
  stack.defer(() => over.abort());
  const following = AbortSignal.any([over.signal, processes.lost, signal]);
  const onFailure = (error: Error) => failed.abort(error);
  followDefinitions({ client, stages: catalogue.custom, signal: following, onFailure });
  watchStageFailures(processes, following, onFailure);
  const owned = stack.move();
  return {
    engine: "simulated",
    kubeconfig: credentials.adminKubeconfig,
    kubernetesVersion: toolchain.versions.kubernetes,
    lost: AbortSignal.any([processes.lost, failed.signal]),
    containers: { kind: "none" },
    unexercised: [...unexercised, ...catalogue.unexercised],
    // Its processes and files are their owner's to release.
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const unexercised: readonly Unexercised[] = [
  {
    kinds: ["apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "apps/ReplicaSet", "Pod"],
    why: "no image was pulled and no container ran: images, commands, probes and resources",
  },
  { kinds: ["batch/Job"], why: "its Pods were said to succeed" },
  { kinds: ["batch/CronJob"], why: "no schedule came due" },
  { kinds: ["PersistentVolumeClaim"], why: "bound without a provisioner" },
  {
    kinds: ["Service"],
    only: { path: ["spec", "type"], value: "LoadBalancer" },
    why: "its address was made up",
  },
  { kinds: ["networking.k8s.io/Ingress"], why: "its address was made up, and no controller read it" },
  { kinds: ["networking.k8s.io/NetworkPolicy"], why: "no network enforced it" },
  { kinds: ["autoscaling/HorizontalPodAutoscaler"], why: "there were no metrics to scale by" },
  {
    kinds: [
      "admissionregistration.k8s.io/MutatingWebhookConfiguration",
      "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
    ],
    why: "no webhook was called",
  },
  {
    kinds: ["apiregistration.k8s.io/APIService"],
    why: "said to be available, with no resources; nothing runs behind it",
  },
  {
    kinds: ["apiextensions.k8s.io/CustomResourceDefinition"],
    only: { path: ["spec", "conversion", "strategy"], value: "Webhook" },
    why: "no conversion webhook ran: objects were taken to be alike in all versions",
  },
  { kinds: "custom resources", why: "no operator acted on it" },
];
