import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { ApiError, type KubeClient, type KubeObject } from "../../kubernetes/client.ts";
import { watchKind } from "../../kubernetes/watch.ts";
import { InfrastructureError, messageOf } from "../../runner/errors.ts";
import { guardObjects, refusalWords } from "./policy.ts";

export interface HostGuardRequest {
  client: KubeClient;
  /** `namespace/name` of workloads that may use the host, from the base. */
  waivers: readonly string[];
  argocdNamespace: string;
  /**
   * Whether the cluster is somebody else's, who may go on as before in the namespaces that are there. Argo CD's
   * has to be there by now.
   */
  shared: boolean;
  signal: AbortSignal;
  /** Until the API server has to enforce it, in ms; 30 s by default. */
  timeoutMs?: number;
}

/** Keeps what a rehearsal brings into its cluster off the machine that outlives it. Disposing ends the watch on it. */
export interface HostGuard extends Disposable {
  /** Aborts with an InfrastructureError once the guard is changed or removed. */
  readonly lost: AbortSignal;
  /** Throws InfrastructureError where the guard is not what it was when it was set up. */
  verify(): Promise<void>;
}

/** So that the clean-up of a shared cluster finds them: its engine removes what we have applied. */
const labels = { "app.kubernetes.io/managed-by": "gitops-rehearsal" };
const enforcedMs = 30_000;
const pollMs = 250;
/** In a row: several API servers learn of a policy one after the other. */
const refusalsNeeded = 3;

/**
 * Has the API server refuse whatever reaches the machine it runs on, and waits until it does. Throws
 * InfrastructureError where it cannot: without it nothing of a change may be started.
 */
export async function setUpHostGuard(request: HostGuardRequest): Promise<HostGuard> {
  const { client, waivers, argocdNamespace, shared, signal } = request;
  const name = `rehearsal-${randomBytes(16).toString("hex")}`;
  const foreignNamespaces = shared
    ? (await client.list("v1", "Namespace")).items.map(({ metadata }) => metadata.name)
    : undefined;
  const { policy, binding } = guardObjects({ name, labels, waivers, argocdNamespace, foreignNamespaces });
  const installed = [await apply(client, policy), await apply(client, binding)];
  const namespace = shared ? argocdNamespace : "kube-system";
  await untilEnforced(client, { name, namespace, signal, timeoutMs: request.timeoutMs ?? enforcedMs });

  const lost = new AbortController();
  const watching = new AbortController();
  const compare = (object: KubeObject, deleted: boolean) => {
    const before = installed.find(({ kind }) => kind === object.kind);
    const why = deleted ? "was removed" : before && isSame(before, object) ? undefined : "was changed";
    if (why !== undefined && !watching.signal.aborted) lost.abort(broken(why));
  };
  for (const { apiVersion, kind } of installed) {
    const plural = kind === "ValidatingAdmissionPolicy" ? policies : bindings;
    const watched = { apiVersion, kind, plural, fieldSelector: `metadata.name=${name}` };
    watchKind(client, watched, compare, AbortSignal.any([signal, watching.signal]));
  }
  return {
    lost: lost.signal,
    async verify() {
      lost.signal.throwIfAborted();
      for (const before of installed) {
        const { apiVersion, kind } = before;
        const now = await client.read({ apiVersion, kind, name });
        if (now === undefined || !isSame(before, now))
          throw broken(now === undefined ? "was removed" : "was changed");
      }
    },
    [Symbol.dispose]: () => watching.abort(),
  };
}

const policies = "validatingadmissionpolicies";
const bindings = "validatingadmissionpolicybindings";

async function apply(client: KubeClient, object: KubeObject): Promise<KubeObject> {
  try {
    const made = await client.apply(object);
    return { ...made, apiVersion: object.apiVersion, kind: object.kind };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status === 0) throw error;
    throw new InfrastructureError(
      `the cluster cannot be kept from reaching the machine that runs this rehearsal: ${error.message}`,
      {
        cause: error,
        fix: "Use Kubernetes 1.30 or newer as a user who may create ValidatingAdmissionPolicies, or a runner that is thrown away.",
      },
    );
  }
}

/** The same object, with nothing of it changed, and not on its way out. */
function isSame(before: KubeObject, now: KubeObject): boolean {
  return (
    now.metadata.uid === before.metadata.uid &&
    now.metadata.generation === before.metadata.generation &&
    now.metadata.deletionTimestamp === undefined &&
    isDeepStrictEqual(now.spec, before.spec)
  );
}

function broken(why: string): InfrastructureError {
  return new InfrastructureError(
    `the guard of the machine that runs this rehearsal ${why} in the middle of it, so what ran there is unknown`,
    {
      fix: "Find out what in the change may delete or edit ValidatingAdmissionPolicies, and look at the machine.",
    },
  );
}

/** A policy takes effect some moments after it was accepted. */
async function untilEnforced(
  client: KubeClient,
  {
    name,
    namespace,
    signal,
    timeoutMs,
  }: { name: string; namespace: string; signal: AbortSignal; timeoutMs: number },
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let refusals = 0;
  for (;;) {
    signal.throwIfAborted();
    const answer = await probe(client, name, namespace);
    refusals = answer.refused ? refusals + 1 : 0;
    if (refusals === refusalsNeeded) return;
    if (Date.now() > deadline)
      throw new InfrastructureError(
        `the cluster does not keep workloads from reaching the machine that runs this rehearsal: ${answer.said}`,
      );
    if (!answer.refused) await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Asks for a Deployment that is never stored, and that has to be refused by this policy and no other. */
async function probe(
  client: KubeClient,
  name: string,
  namespace: string,
): Promise<{ refused: boolean; said: string }> {
  const labels = { app: name };
  const spec = { hostPID: true, containers: [{ name: "main", image: "probe" }] };
  try {
    await client.request("POST", `/apis/apps/v1/namespaces/${namespace}/deployments?dryRun=All`, {
      type: "application/json",
      content: {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name, namespace },
        spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
      },
    });
    return { refused: false, said: "it accepted one that does" };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return {
      refused: error.message.includes(refusalWords) && error.message.includes(name),
      said: messageOf(error),
    };
  }
}
