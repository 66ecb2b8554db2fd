import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type Api, startApi } from "../../kubernetes/api-fixture.ts";
import { ChangeError, InfrastructureError } from "../../runner/errors.ts";
import type { Log } from "../../runner/log.ts";
import { silentLog } from "../../runner/log.ts";
import { waitForRollout, whileInstalling } from "./rollout.ts";

const kinds = {
  deployments: "apps/v1 Deployment",
  statefulsets: "apps/v1 StatefulSet",
  pods: "v1 Pod",
  events: "v1 Event",
  nodes: "v1 Node cluster",
  persistentvolumeclaims: "v1 PersistentVolumeClaim",
  secrets: "v1 Secret",
};
const namespace = "argocd";
const done = {
  observedGeneration: 1,
  replicas: 1,
  updatedReplicas: 1,
  readyReplicas: 1,
  availableReplicas: 1,
};

function putWorkload(api: Api, component: string, status: object, kind = "Deployment") {
  const labels = { "app.kubernetes.io/part-of": "argocd", "app.kubernetes.io/component": component };
  api.put({
    apiVersion: "apps/v1",
    kind,
    metadata: { name: `argocd-${component}`, namespace, generation: 1, labels },
    spec: {
      replicas: 1,
      template: {
        metadata: { labels },
        spec: { containers: [{ name: component, image: `${component}:v1` }] },
      },
    },
    status,
  });
}

const password = "correct-horse-battery";

function putSecret(api: Api) {
  const data = { password: Buffer.from(password).toString("base64") };
  api.put({ apiVersion: "v1", kind: "Secret", metadata: { name: "argocd-secret", namespace }, data });
}

function putPod(api: Api, component: string, state: object, more: object = {}, unscheduled?: object) {
  api.put({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `argocd-${component}-1`,
      namespace,
      labels: { "app.kubernetes.io/name": `argocd-${component}` },
    },
    spec: {
      ...(unscheduled ? {} : { nodeName: "node-1" }),
      containers: [{ name: component, image: `${component}:v1` }],
    },
    status: unscheduled
      ? { conditions: [unscheduled] }
      : { containerStatuses: [{ name: component, state, restartCount: 0, ...more }] },
  });
}

async function withArgoCd<T>(work: (api: Api) => Promise<T>): Promise<T> {
  await using api = await startApi(kinds);
  putWorkload(api, "repo-server", {});
  putWorkload(api, "application-controller", done, "StatefulSet");
  putWorkload(api, "dex-server", {});
  return await work(api);
}

interface Waiting {
  signal?: AbortSignal;
  log?: Log;
  timeoutMs?: number;
}

function wait(api: Api, { signal = new AbortController().signal, log = silentLog, ...more }: Waiting = {}) {
  return waitForRollout({ client: api.client, namespace, log, signal, clock: fastClock(), ...more });
}

/** A minute passes in half a second. */
function fastClock(): () => number {
  const start = Date.now();
  return () => start + (Date.now() - start) * 120;
}

async function errorOf(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => new Error("it did not fail"),
    (error: unknown) => error,
  );
  return error as Error;
}

const noImage = { waiting: { reason: "ErrImagePull", message: "repo-server:v1: not found\nmore" } };
const crashed = [
  { waiting: { reason: "CrashLoopBackOff" } },
  { restartCount: 5, lastState: { terminated: { exitCode: 20 } } },
] as const;

describe("the rollout of Argo CD", () => {
  it("ends once all that is needed runs, and tells how far it is", async () => {
    await withArgoCd(async (api) => {
      const told: string[] = [];
      const step = { update: (detail: string) => void told.push(detail), done() {}, failed() {} };
      const waiting = wait(api, { log: { ...silentLog, step: () => step } });
      await expect.poll(() => told).toContain("1 of 2 run; still to come: argocd-repo-server");
      putWorkload(api, "repo-server", done);
      await waiting;
    });
  });

  it("asks nothing again while it waits", async () => {
    await withArgoCd(async (api) => {
      const stop = new AbortController();
      const waiting = errorOf(wait(api, { signal: stop.signal }));
      await expect.poll(() => api.received.filter(({ path }) => path.includes("watch")).length).toBe(7);
      const before = api.received.length;
      await sleep(1_500);
      expect(api.received.length).toBe(before);
      stop.abort(new InfrastructureError("interrupted"));
      expect((await waiting).message).toBe("interrupted");
    });
  });

  it("fails with an image that cannot be had: infrastructure", async () => {
    await withArgoCd(async (api) => {
      putPod(api, "repo-server", noImage);
      const error = await errorOf(wait(api));
      expect(error).toBeInstanceOf(InfrastructureError);
      expect(error.message).toBe(
        "argocd-repo-server-1 of Argo CD: image repo-server:v1 of container repo-server cannot be pulled: repo-server:v1: not found more",
      );
    });
  });

  it("fails with what crashes: the change, with the end of its log and without credentials", async () => {
    await withArgoCd(async (api) => {
      api.intercept(({ path }) => {
        if (!path.includes("/log?")) return undefined;
        const gone = "unable to retrieve container logs for containerd://1";
        const log = `starting\nwith ${password}\nFATA: http://user:secret@proxy refused\n`;
        return { status: 200, body: path.includes("previous=true") ? log : gone };
      });
      putSecret(api);
      putPod(api, "repo-server", ...crashed);
      const error = await errorOf(wait(api));
      expect(error).toBeInstanceOf(ChangeError);
      expect(error.message).toBe(
        "argocd-repo-server-1 of Argo CD: container repo-server crashes: exit code 20, 6 times so far; the end of its log: starting | with [redacted] | FATA: http://[redacted]@proxy refused",
      );
    });
  });

  it("withholds a log where the Secrets that might stand in it cannot be read", async () => {
    await withArgoCd(async (api) => {
      api.intercept(({ path }) => {
        if (path.includes("/secrets")) return { status: 403, body: "" };
        return path.includes("/log?") ? { status: 200, body: `with ${password}` } : undefined;
      });
      putPod(api, "repo-server", ...crashed);
      const error = await errorOf(wait(api));
      expect(error).toBeInstanceOf(ChangeError);
      expect(error.message).toContain("exit code 20, 6 times so far; its log is withheld");
      expect(error.message).not.toContain(password);
    });
  });

  it("fails with what no node takes: infrastructure", async () => {
    await withArgoCd(async (api) => {
      const message = "0/1 nodes are available: 1 Insufficient cpu.";
      putPod(
        api,
        "repo-server",
        {},
        {},
        { type: "PodScheduled", status: "False", reason: "Unschedulable", message },
      );
      const error = await errorOf(wait(api));
      expect(error).toBeInstanceOf(InfrastructureError);
      expect(error.message).toMatch(
        /^argocd-repo-server-1 of Argo CD: the cluster of this rehearsal is full: /,
      );
    });
  });

  it("fails with a Secret that is not there: the change", async () => {
    await withArgoCd(async (api) => {
      const message = 'secret "plugin" not found';
      putPod(api, "repo-server", { waiting: { reason: "CreateContainerConfigError", message } });
      const error = await errorOf(wait(api));
      expect(error).toBeInstanceOf(ChangeError);
      expect(error.message).toBe(
        'argocd-repo-server-1 of Argo CD: container repo-server cannot be created: secret "plugin" not found',
      );
    });
  });

  it("fails with Pods that are refused, once the API server had time to learn: infrastructure", async () => {
    await withArgoCd(async (api) => {
      const message = `failed calling webhook: Post "https://host:1/${"a".repeat(48)}?timeout=10s": refused`;
      const refused = { conditions: [{ type: "ReplicaFailure", status: "True", message }] };
      putWorkload(api, "repo-server", refused);
      const told = Date.now();
      const error = await errorOf(wait(api));
      expect(error).toBeInstanceOf(InfrastructureError);
      expect(error.message).toBe(
        'the cluster lets no Pods be made for argocd-repo-server: failed calling webhook: Post "https://host:1/[redacted]?timeout=10s": refused',
      );
      expect(Date.now() - told).toBeGreaterThan(250);
    });
  });

  it("shows the error of a command rather than the usage that follows it", async () => {
    await withArgoCd(async (api) => {
      const usage = Array.from({ length: 50 }, (_, index) => `  --flag-${index}`).join("\n");
      const body = `starting\nError: unknown flag: --x\nUsage:\n${usage}\n`;
      api.intercept(({ path }) => (path.includes("/log?") ? { status: 200, body } : undefined));
      putPod(api, "repo-server", ...crashed);
      expect((await errorOf(wait(api))).message).toMatch(
        /; the end of its log: Error: unknown flag: --x \| Usage: \| {3}--flag-0$/,
      );
    });
  });

  it("is not failed by Dex, nor by Pods that are not Argo CD's", async () => {
    await withArgoCd(async (api) => {
      putPod(api, "dex-server", noImage);
      api.put({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "web", namespace },
        spec: { nodeName: "node-1", containers: [{ name: "web" }] },
        status: { containerStatuses: [{ name: "web", state: noImage, restartCount: 0 }] },
      });
      const waiting = wait(api);
      await sleep(1_500); // three minutes
      putWorkload(api, "repo-server", done);
      await waiting;
    });
  });

  it("that takes too long names what is missing, and what the cluster says of it", async () => {
    await withArgoCd(async (api) => {
      const event = (name: string, message: string, type: string, lastTimestamp: string) =>
        api.put({
          apiVersion: "v1",
          kind: "Event",
          metadata: { name: `event-${lastTimestamp}`, namespace },
          type,
          reason: "FailedMount",
          message,
          lastTimestamp,
          involvedObject: { name, namespace },
        });
      event("argocd-repo-server-1", 'configmap "x" not found', "Warning", "2026-01-01T00:00:01Z");
      event("argocd-repo-server-1", "pulling", "Normal", "2026-01-01T00:00:02Z");
      event("argocd-dex-server-1", "other", "Warning", "2026-01-01T00:00:03Z");
      const error = await errorOf(wait(api, { timeoutMs: -1 }));
      expect(error).toBeInstanceOf(InfrastructureError);
      expect(error.message).toMatch(
        /: argocd-repo-server \(repo-server:v1\); the cluster says: argocd-repo-server-1: FailedMount: configmap "x" not found$/,
      );
    });
  });

  it("of an installation without a repo-server is the change's fault", async () => {
    await using api = await startApi(kinds);
    putWorkload(api, "application-controller", done);
    const error = await errorOf(wait(api));
    expect(error).toBeInstanceOf(ChangeError);
    expect(error.message).toContain("no repo-server in namespace argocd");
  });
});

describe("an installation", () => {
  const { signal } = new AbortController();
  const forever = (either: AbortSignal) =>
    sleep(60_000, undefined, { signal: either }).catch(() => Promise.reject(either.reason));

  it("gives what it gives", async () => {
    await withArgoCd(async (api) => {
      expect(await whileInstalling({ client: api.client, namespace, signal }, async () => 42)).toBe(42);
    });
  });

  it("ends once a Pod shows that it never will", async () => {
    await withArgoCd(async (api) => {
      putPod(api, "repo-server", noImage);
      const error = await errorOf(
        whileInstalling({ client: api.client, namespace, signal, clock: fastClock() }, forever),
      );
      expect(error).toBeInstanceOf(InfrastructureError);
      expect(error.message).toContain("image repo-server:v1");
    });
  });

  it("that ran out of time is explained by its Pods, and not the change's fault", async () => {
    await withArgoCd(async (api) => {
      const pull = { waiting: { reason: "ImagePullBackOff", message: "i/o timeout" } };
      putPod(api, "repo-server", pull);
      const timedOut = async () => {
        await sleep(500);
        throw new ChangeError("Argo CD cannot be installed: failed pre-install: timed out waiting");
      };
      const error = await errorOf(whileInstalling({ client: api.client, namespace, signal }, timedOut));
      expect(error).toBeInstanceOf(InfrastructureError);
      expect(error.message).toContain("i/o timeout");
    });
  });

  it("fails as it fails otherwise", async () => {
    await withArgoCd(async (api) => {
      const refused = new ChangeError("the values are wrong");
      const error = await errorOf(
        whileInstalling({ client: api.client, namespace, signal }, () => Promise.reject(refused)),
      );
      expect(error).toBe(refused);
    });
  });
});
