import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, type KubeClient, type KubeObject } from "../../kubernetes/client.ts";
import { InfrastructureError } from "../../runner/errors.ts";
import { isAdmitted, type PodPatchSettings } from "./pod-patch.ts";
import type { PodTemplate } from "./pod-template.ts";

/** On everything that is put into a cluster beside Argo CD, so that leftovers can be found. */
export const ownLabels = { "app.kubernetes.io/managed-by": "gitops-rehearsal" };

const group = "admissionregistration.k8s.io";
const callTimeoutSeconds = 10;
/** The API server learns of a new configuration, and the namespace gets its ServiceAccount, within moments. */
const reachTimeoutMs = 20_000;
const reachPollMs = 200;

/**
 * Has the API server ask `clientConfig` about every Pod that is made in `namespace`, and refuse Pods where
 * it gets no answer. Nothing of Argo CD is changed for it, so an Argo CD that manages itself cannot undo it.
 * Throws ApiError.
 */
export async function registerWebhook(
  client: KubeClient,
  { name, namespace, clientConfig }: { name: string; namespace: string; clientConfig: unknown },
): Promise<void> {
  await client.apply({
    apiVersion: `${group}/v1`,
    kind: "MutatingWebhookConfiguration",
    metadata: { name, labels: ownLabels },
    webhooks: [
      {
        name: `pods.${name}.gitops-rehearsal`,
        clientConfig,
        rules: [
          {
            apiGroups: [""],
            apiVersions: ["v1"],
            operations: ["CREATE"],
            resources: ["pods"],
            scope: "Namespaced",
          },
        ],
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        failurePolicy: "Fail",
        reinvocationPolicy: "IfNeeded", // containers that others inject need the proxy as well
        sideEffects: "None",
        timeoutSeconds: callTimeoutSeconds,
        admissionReviewVersions: ["v1"],
      },
    ],
  });
}

/** Undoes `registerWebhook`, whether or not it came to an end. Throws ApiError. */
export async function removeWebhook(client: KubeClient, name: string): Promise<void> {
  await remove(client, `/apis/${group}/v1/mutatingwebhookconfigurations/${name}`);
}

/** Deletes the object at a path of the API, if there is one. Throws ApiError. */
export async function remove(client: KubeClient, path: string): Promise<void> {
  try {
    await client.request("DELETE", path);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}

/**
 * Proves with a Pod that is never stored that the API server reaches the webhook and does as it says.
 * Throws InfrastructureError where it does not in time.
 */
export async function proveWebhook(
  client: KubeClient,
  { namespace, url, settings, signal, timeoutMs = reachTimeoutMs }: WebhookProof,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const reason = await attempt(client, namespace, settings);
    if (reason === undefined) return;
    if (Date.now() > deadline) {
      const { host } = new URL(url);
      // The path is what keeps others from asking.
      const words = reason.replaceAll(url, `https://${host}`);
      throw new InfrastructureError(`the API server does not reach this machine at ${host}: ${words}`, {
        fix: "Let connections from the cluster through this machine's firewall, or set another address for the mirror.",
      });
    }
    await sleep(reachPollMs, undefined, { signal }).catch(() => undefined);
  }
}

interface WebhookProof {
  namespace: string;
  url: string;
  settings: PodPatchSettings;
  signal: AbortSignal;
  /** 20 s by default. */
  timeoutMs?: number;
}

/** Undefined where it worked; else why not. */
async function attempt(
  client: KubeClient,
  namespace: string,
  settings: PodPatchSettings,
): Promise<string | undefined> {
  try {
    const made = await client.request("POST", `/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
      type: "application/json",
      content: probe(namespace, settings.name),
    });
    return isAdmitted(made as PodTemplate, settings)
      ? undefined
      : "it made a Pod without asking the admission webhook";
  } catch (error) {
    if (error instanceof ApiError) return error.message.replace(/^POST \S+: /, "");
    throw error;
  }
}

/** Passes the strictest Pod Security Standard. */
function probe(namespace: string, name: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: { "app.kubernetes.io/name": "argocd-repo-server" } },
    spec: {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "repo-server",
          image: "argocd",
          resources: {
            requests: { cpu: "1m", memory: "1Mi" },
            limits: { cpu: "1m", memory: "1Mi" },
          },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    },
  };
}
