import { describe, expect, it } from "vitest";
import type { Application } from "../../argocd/application.ts";
import type { KubeObject } from "../../kubernetes/client.ts";
import { operation } from "../application-fixture.ts";
import { workloadsOf } from "./assess.ts";
import { createInventory, type ObservedKind } from "./inventory.ts";
import type { Pod, PodStatus } from "./objects.ts";
import {
  backsOff,
  becomes,
  claim,
  creating,
  ends,
  event,
  isFalse,
  isTrue,
  managing,
  node,
  owner,
  pod,
  runsAgain,
  said,
  started,
  unschedulable,
  waits,
  withContainer,
} from "./pod-fixture.ts";

/** A cluster that begins at 1000 s, with one node, and `web`, whose Deployment owns the ReplicaSet `web-5f`. */
function stage(application: Application = managing([{}])) {
  const inventory = createInventory();
  let now = 1_000_000;
  inventory.observe("Node", node(), false, now);
  inventory.observeOwner("ReplicaSet-web-5f", [owner("Deployment", "web")]);
  inventory.observeOwner("Deployment-web", []);
  return {
    inventory,
    see: (...objects: KubeObject[]) => {
      for (const object of objects) inventory.observe(object.kind as ObservedKind, object, false, now);
    },
    remove: (object: KubeObject) => inventory.observe(object.kind as ObservedKind, object, true, now),
    pass(ms: number) {
      now += ms;
    },
    now: () => now,
    assess: (of = application) => workloadsOf(inventory).assess(of, now),
    failure: (of = application) => workloadsOf(inventory).assess(of, now)?.failure,
  };
}

/** What is said of a single Pod in this state, at once. */
function of(status: PodStatus, parts: Parameters<typeof pod>[0] = {}) {
  const { see, failure } = stage();
  see(pod({ ...parts, status }));
  return failure();
}

describe("a container that crashes", () => {
  it("has failed when it has done so three times, and is final by its next try", () => {
    const { see, pass, failure, now } = stage();
    const web = pod();
    see(web);
    pass(5_000);
    see(becomes(web, backsOff(1)));
    expect(failure()?.finality).toEqual({ when: "tried", beganAt: undefined });
    pass(20_000);
    see(becomes(web, backsOff(2)));
    expect(failure()?.finality).toEqual({ when: "tried", beganAt: undefined });
    pass(20_000);
    see(becomes(web, backsOff(3)));
    expect(failure()).toEqual({
      reason: {
        code: "crash",
        class: "change",
        message: "container app crashes: exit code 1, 3 times so far",
        resource: expect.objectContaining({ kind: "Deployment", name: "web" }),
      },
      finality: { when: "tried", beganAt: now() - 2_000 },
    });
  });

  it("is under suspicion while it runs for no longer than it did before", () => {
    const { see, pass, assess } = stage();
    const web = pod();
    see(becomes(web, backsOff(3)));
    pass(20_000);
    see(becomes(web, runsAgain(3)));
    expect(assess()?.failure?.reason.code).toBe("crash");
    pass(9_900);
    expect(assess()?.failure?.reason.code).toBe("crash");
    pass(100);
    expect(assess()?.failure).toBeUndefined();
  });

  it("has to outlive its last run by half", () => {
    const { see, pass, assess } = stage();
    const web = pod();
    const end = { startedAt: "2026-11-23T07:50:00Z", finishedAt: "2026-11-23T07:50:20Z" };
    see(becomes(web, backsOff(3, end)));
    see(becomes(web, runsAgain(3, end)));
    pass(29_900);
    expect(assess()?.failure).toBeDefined();
    pass(100);
    expect(assess()?.failure).toBeUndefined();
    expect(assess()?.unsettledUntil).toBe(1_030_000);
  });

  it("once or twice, and runs again, is neither failed nor on its way", () => {
    const { see, assess } = stage();
    const web = pod();
    see(becomes(web, backsOff(2)), becomes(web, runsAgain(2)));
    expect(assess()).toMatchObject({
      failure: undefined,
      working: false,
      hint: { code: "crash", message: "container app crashes: exit code 1, 2 times so far" },
    });
  });

  it.each([
    [{ exitCode: 137 }, "crash", "change", "container app crashes: exit code 137 (SIGKILL), 3 times so far"],
    [{ exitCode: 139 }, "crash", "change", "container app crashes: exit code 139 (SIGSEGV), 3 times so far"],
    [
      { exitCode: 127 },
      "crash",
      "change",
      "container app crashes: exit code 127 (command not found), 3 times so far",
    ],
    [
      { exitCode: 1, message: "password=hunter22" },
      "crash",
      "change",
      "container app crashes: exit code 1, 3 times so far",
    ],
    [
      { exitCode: 0, reason: "Completed" },
      "crash",
      "change",
      "container app ends by itself, where it should go on (exit code 0), 3 times so far",
    ],
    [
      { exitCode: 128, reason: "StartError", message: said.startError },
      "container-config",
      "change",
      'container app cannot be started: exec: "nope": executable file not found in $PATH',
    ],
    [
      {
        exitCode: 128,
        reason: "StartError",
        message:
          "OCI runtime create failed: runc create failed: unable to start container process: unable to apply caps: operation not permitted",
      },
      "machine",
      "infrastructure",
      "container app cannot be started: unable to apply caps: operation not permitted",
    ],
    [
      { exitCode: 137, reason: "OOMKilled" },
      "machine",
      "infrastructure",
      "container app was killed since the node ran out of memory (OOMKilled)",
    ],
  ] as const)("with %j is %s, for %s", (end, code, reasonClass, message) => {
    expect(of(backsOff(3, end))?.reason).toMatchObject({ code, class: reasonClass, message });
  });

  it("for want of memory names its limit", () => {
    const container = { resources: { limits: { memory: "64Mi" } } };
    expect(of(backsOff(2, { exitCode: 137, reason: "OOMKilled" }), { container })).toMatchObject({
      reason: {
        code: "crash",
        class: "change",
        message: "container app needs more memory than its limit of 64Mi (OOMKilled), 2 times so far",
      },
      finality: { when: "tried", beganAt: expect.any(Number) },
    });
  });

  it("because of its liveness probe is told by the probe", () => {
    const { see, failure } = stage();
    const web = pod({
      status: backsOff(2, { exitCode: 0, reason: "Completed" }),
      container: { livenessProbe: {} },
    });
    see(web, event(web, "Unhealthy", said.dead));
    expect(failure()).toMatchObject({
      reason: {
        code: "probe",
        message:
          "container app is ended by its liveness probe, 2 times so far: dial tcp Pod:9999: connect: connection refused",
      },
      finality: { when: "tried", beganAt: expect.any(Number) },
    });
  });

  it("before the main ones keeps these from starting", () => {
    const status = withContainer({ waiting: { reason: "PodInitializing" } });
    const initContainerStatuses = [
      {
        name: "setup",
        restartCount: 2,
        state: { waiting: { reason: "CrashLoopBackOff" } },
        lastState: { terminated: ends() },
      },
    ];
    const spec = { initContainers: [{ name: "setup" }] };
    expect(of({ ...status, initContainerStatuses }, { spec })?.reason.message).toBe(
      "init container setup crashes: exit code 1, 3 times so far",
    );
  });
});

describe("a container that cannot be made", () => {
  it.each([
    ['secret "credentials" not found', "quiet"],
    ["couldn't find key password in Secret shop/half", "quiet"],
    ['configmap "settings" not found', "quiet"],
    ["container has runAsNonRoot and image will run as root (pod: x, container: app)", "lasting"],
  ])("%s", (message, when) => {
    const failure = of(waits("CreateContainerConfigError", message));
    expect(failure?.reason).toMatchObject({
      code: "container-config",
      class: "change",
      message: `container app cannot be created: ${message}`,
    });
    expect(failure?.finality.when).toBe(when);
  });

  it("is the machine's fault where it is", () => {
    expect(
      of(waits("CreateContainerError", "failed to mkdir: no space left on device"))?.reason,
    ).toMatchObject({ code: "machine", class: "infrastructure" });
    expect(of(waits("CreateContainerError", "no command specified"))?.reason.class).toBe("change");
  });

  it("for want of its image says which", () => {
    expect(of(waits("ErrImagePull", said.notFound))?.reason).toMatchObject({
      code: "image",
      class: "change",
    });
    expect(
      of(waits("ImagePullBackOff", `Back-off pulling image "x": ErrImagePull: ${said.dns}`))?.reason.class,
    ).toBe("infrastructure");
  });
});

describe("a container that is not ready", () => {
  const readinessProbe = { periodSeconds: 5, failureThreshold: 3 };

  it("has a minute, or what its probes allow; then its probe is to blame, once all is quiet", () => {
    const { see, pass, assess } = stage();
    const web = pod({ status: withContainer({ running: {} }), container: { readinessProbe } });
    see(web, event(web, "Unhealthy", said.unready));
    pass(59_900);
    expect(assess()).toMatchObject({ failure: undefined, working: true, hint: { code: "probe" } });
    pass(100);
    expect(assess()?.failure).toMatchObject({
      reason: {
        code: "probe",
        class: "change",
        message: "readiness probe of container app never passes: HTTP probe failed with statuscode: 500",
      },
      finality: { when: "quiet" },
    });
  });

  it("has longer where its own startup probe says so", () => {
    const { see, pass, assess } = stage();
    const container = { readinessProbe, startupProbe: { periodSeconds: 10, failureThreshold: 12 } };
    const web = pod({ status: withContainer({ running: {} }), container });
    see(
      web,
      event(web, "Unhealthy", "Startup probe failed: dial tcp 10.42.0.6:80: connect: connection refused"),
    );
    pass(134_000);
    expect(assess()?.working).toBe(true);
    pass(2_000);
    expect(assess()?.failure?.reason.message).toMatch(
      /^startup probe of container app never passes: dial tcp Pod:80/,
    );
  });

  it("by a command does not quote what the command prints, which may be anything", () => {
    const { see, pass, failure } = stage();
    const web = pod({ status: withContainer({ running: {} }), container: { readinessProbe: { exec: {} } } });
    see(web, event(web, "Unhealthy", "Readiness probe failed: password hunter22 refused"));
    pass(60_000);
    expect(failure()?.reason.message).toBe(
      "readiness probe of container app never passes: its command fails",
    );
  });

  it("without a word from its probe is only stuck", () => {
    const { see, pass, assess } = stage();
    see(pod({ status: withContainer({ running: {} }) }));
    pass(61_000);
    expect(assess()).toMatchObject({
      failure: undefined,
      working: false,
      detail: "container app runs, and does not become ready",
    });
  });
});

describe("a Pod that has not begun", () => {
  it("is on its way while its image is pulled, and not for ever", () => {
    const { see, pass, assess } = stage();
    see(pod({ status: waits("ContainerCreating") }));
    pass(239_000);
    expect(assess()).toMatchObject({
      working: true,
      detail: "its containers are created (images are pulled)",
    });
    pass(2_000);
    expect(assess()).toMatchObject({ working: false, failure: undefined });
  });

  it("wants a volume; but not once its sandbox stands, which comes after the volumes", () => {
    const { see, failure } = stage();
    const web = pod({ status: creating() });
    see(web, event(web, "FailedMount", said.configMap));
    expect(failure()?.reason.code).toBe("volume");
    see(becomes(web, waits("ContainerCreating")));
    expect(failure()).toBeUndefined();
  });

  it("finds no node, or none with a volume for it", () => {
    const parts = { spec: { containers: [{ name: "app", resources: { requests: { cpu: "64" } } }] } };
    const large = pod({ ...parts, status: unschedulable(said.tooLarge) });
    delete large.spec.nodeName;
    const { see, failure, remove } = stage();
    see(large);
    expect(failure()?.reason.message).toMatch(/it requests 64 of cpu/);
    remove(large);
    const volumes = [{ name: "d", persistentVolumeClaim: { claimName: "data" } }];
    const bound = pod({ spec: { volumes }, status: unschedulable(said.unbound) });
    delete bound.spec.nodeName;
    see(bound);
    expect(failure()?.reason).toMatchObject({
      code: "volume",
      message: expect.stringContaining("unbound immediate"),
    });
    see(
      claim(),
      event(
        claim(),
        "FailedBinding",
        "no persistent volumes available for this claim and no storage class is set",
        { type: "Normal" },
      ),
    );
    expect(failure()?.reason.message).toMatch(/^claim data gets no volume: no persistent volumes/);
  });
});

describe("Pods that have ended", () => {
  const failed: PodStatus = {
    phase: "Failed",
    containerStatuses: [{ name: "app", restartCount: 0, state: { terminated: ends() } }],
  };
  const succeeded: PodStatus = {
    phase: "Succeeded",
    containerStatuses: [{ name: "app", restartCount: 0, state: { terminated: ends({ exitCode: 0 }) } }],
  };
  const job = managing([{ group: "batch", kind: "Job", name: "migrate" }]);
  const tryOf = (name: string, status: PodStatus) =>
    pod({ name, owners: [owner("Job", "migrate")], status, spec: { restartPolicy: "Never" } });

  it("of a Job are its tries, counted together", () => {
    const { see, failure, pass } = stage(job);
    see(tryOf("migrate-a", failed));
    expect(failure()).toMatchObject({
      reason: { message: "container app crashes: exit code 1, 1 time so far" },
      finality: { when: "tried", beganAt: undefined },
    });
    pass(10_000);
    see(tryOf("migrate-b", failed));
    pass(20_000);
    see(tryOf("migrate-c", failed));
    expect(failure()).toMatchObject({
      reason: {
        code: "crash",
        message: "container app crashes: exit code 1, 3 times so far",
        resource: { kind: "Job", name: "migrate" },
      },
      finality: { when: "tried", beganAt: 1_028_000 },
    });
  });

  it("of a Job that succeeds in the end say nothing", () => {
    const { see, assess } = stage(job);
    see(tryOf("migrate-a", failed), tryOf("migrate-b", succeeded));
    expect(assess()).toMatchObject({ failure: undefined, working: false });
  });

  it("do not keep the next try from being on its way", () => {
    const { see, assess } = stage(job);
    see(tryOf("migrate-a", failed), tryOf("migrate-b", withContainer({ running: {} })));
    expect(assess()).toMatchObject({ failure: undefined, working: true });
  });

  it("by eviction are the node's fault, unless they took more than they may", () => {
    const evicted = (message: string): PodStatus => ({ phase: "Failed", reason: "Evicted", message });
    const low =
      "The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: 900Mi. ";
    expect(of(evicted(low))?.reason).toMatchObject({
      code: "machine",
      class: "infrastructure",
      message: expect.stringContaining("low on resource: ephemeral-storage"),
    });
    expect(of(evicted('Usage of EmptyDir volume "tmp" exceeds the limit "1Mi". '))?.reason).toMatchObject({
      code: "crash",
      class: "change",
    });
    const { see, assess } = stage();
    see(pod({ name: "a", status: evicted(low) }), pod({ name: "b" }));
    expect(assess()?.failure).toBeUndefined();
  });

  it("and belong to nobody are not tried again", () => {
    const bare = managing([{ group: "", kind: "Pod", name: "web-1" }]);
    const { see, failure } = stage(bare);
    see(pod({ owners: [], status: failed, spec: { restartPolicy: "Never" } }));
    expect(failure()).toMatchObject({ reason: { code: "crash" }, finality: { when: "lasting", ms: 5_000 } });
  });
});

describe("the Pods of an Application", () => {
  it("are found through whoever owns them, up to what it lists", () => {
    const database = managing([{ group: "postgresql.cnpg.io", kind: "Cluster", name: "db" }]);
    const { see, inventory, assess } = stage(database);
    see(pod({ name: "db-1", owners: [owner("StatefulSet", "db")] }));
    expect(assess()).toBeUndefined();
    expect(inventory.unknownOwners()).toEqual([
      expect.objectContaining({ kind: "StatefulSet", name: "db", namespace: "web" }),
    ]);
    inventory.observeOwner("StatefulSet-db", [
      owner("Cluster", "db", { apiVersion: "postgresql.cnpg.io/v1" }),
    ]);
    expect(inventory.podsOf(database)).toHaveLength(1);
    inventory.observeOwner("Cluster-db", []);
    expect(inventory.unknownOwners()).toEqual([]);
  });

  it("include those of the hooks of its sync", () => {
    const resources = [
      {
        group: "batch",
        kind: "Job",
        namespace: "web",
        name: "migrate",
        hookType: "PreSync",
        hookPhase: "Running",
      },
      { group: "apps", kind: "Deployment", namespace: "web", name: "other", status: "Synced" },
    ];
    const hooked = managing([], {
      "status.operationState": operation({ "syncResult.resources": resources }),
    });
    const { see, inventory } = stage(hooked);
    see(
      pod({ name: "migrate-x", owners: [owner("Job", "migrate")] }),
      pod({ name: "other-x", owners: [owner("Deployment", "other")] }),
    );
    expect(inventory.podsOf(hooked).map(({ record }) => record.pod.metadata.name)).toEqual(["migrate-x"]);
  });

  it("are not those of the same name elsewhere", () => {
    const { see, assess } = stage(managing([{ namespace: "shop" }]));
    see(pod({ status: backsOff(3) }));
    expect(assess()).toBeUndefined();
  });

  it("that are being deleted, or are gone, count no more", () => {
    const { see, remove, failure } = stage();
    const web = pod({ status: backsOff(3) });
    see({ ...web, metadata: { ...web.metadata, deletionTimestamp: "2026-11-23T08:00:00Z" } });
    expect(failure()).toBeUndefined();
    see(web);
    expect(failure()).toBeDefined();
    remove(web);
    expect(failure()).toBeUndefined();
  });

  it("are told by what keeps one from starting, before what crashes or is not ready for want of it", () => {
    const { see, failure, pass } = stage();
    const unready = pod({
      name: "c",
      status: withContainer({ running: {} }),
      container: { readinessProbe: {} },
    });
    see(unready, event(unready, "Unhealthy", said.unready), pod({ name: "a", status: backsOff(3) }));
    pass(60_000);
    expect(failure()?.reason.code).toBe("crash");
    see(pod({ name: "b", status: waits("ErrImagePull", said.notFound) }));
    expect(failure()?.reason.code).toBe("image");
  });

  it("are on their way while any of them is, though another fails", () => {
    const { see, assess } = stage();
    see(pod({ name: "a", status: backsOff(3) }), pod({ name: "b", status: waits("ContainerCreating") }));
    expect(assess()).toMatchObject({ working: true, failure: { reason: { code: "crash" } } });
  });

  it("that all run well leave nothing to say", () => {
    const { see, assess } = stage();
    see(pod({ status: started() }));
    expect(assess()).toMatchObject({
      failure: undefined,
      hint: undefined,
      working: false,
      unsettledUntil: 0,
    });
  });

  it("change when one that does not fail does", () => {
    const { see, pass, assess } = stage();
    const web = pod({ status: waits("ContainerCreating") });
    see(web);
    pass(5_000);
    see(
      becomes(web, {
        ...waits("ContainerCreating"),
        conditions: [isTrue("PodReadyToStartContainers"), isTrue("PodScheduled"), isFalse("Ready")],
      }),
    );
    expect(assess()?.changedAt).toBe(1_000_000);
    see(becomes(web, started()));
    expect(assess()?.changedAt).toBe(1_005_000);
    see(becomes(web, backsOff(3)));
    expect(assess()?.changedAt).toBe(0);
  });
});

describe("Pods that the API refuses", () => {
  const set = {
    kind: "ReplicaSet",
    metadata: { name: "web-5f", namespace: "web", uid: "ReplicaSet-web-5f" },
  };
  const refusal =
    'Error creating: pods "web-5f-x7k2p" is forbidden: exceeded quota: small, requested: cpu=2, used: cpu=0, limited: cpu=1';

  it("are missing for the reason that their controller was told", () => {
    const { see, failure, now } = stage();
    see(event(set, "FailedCreate", refusal));
    expect(failure()).toMatchObject({
      reason: {
        code: "rejected",
        class: "change",
        message: "its Pods are refused: exceeded quota: small, requested: cpu=2, used: cpu=0, limited: cpu=1",
        resource: { kind: "Deployment", name: "web" },
      },
      finality: { when: "tried", beganAt: now() },
    });
    expect(failure(managing([{ name: "other" }]))).toBeUndefined();
    see(event(set, "FailedCreate", `(combined from similar events): ${refusal}`));
    expect(failure()?.reason.message).toMatch(/^its Pods are refused: exceeded quota/);
  });

  it("were refused once, and have come since", () => {
    const { see, failure } = stage();
    see(event(set, "FailedCreate", refusal), pod());
    expect(failure()).toBeUndefined();
  });
});

describe("a claim that an Application declares", () => {
  const declares = managing([{ group: "", kind: "PersistentVolumeClaim", name: "data" }]);

  it("and no Pod uses waits for ever", () => {
    const { see, failure } = stage(declares);
    see(
      claim(),
      event(claim(), "WaitForFirstConsumer", "waiting for first consumer to be created before binding"),
    );
    expect(failure()?.reason.message).toBe("claim data waits for its first consumer, and no Pod uses it");
    see(pod({ spec: { volumes: [{ name: "d", persistentVolumeClaim: { claimName: "data" } }] } }) as Pod);
    expect(failure()).toBeUndefined();
  });

  it("and that is bound says nothing", () => {
    const { see, assess } = stage(declares);
    see(claim("Bound"));
    expect(assess()).toBeUndefined();
  });
});

it("events of one object are told in the order of the cluster's clock, each in its last form", () => {
  const { inventory, see } = stage();
  const web = pod();
  const first = event(web, "Failed", "one", { lastTimestamp: "2026-11-23T08:00:02Z" });
  see(first, event(web, "Failed", "two", { lastTimestamp: "2026-11-23T08:00:01Z" }));
  see({ ...first, message: "three" });
  expect(inventory.eventsOf(web).map(({ event }) => event.message)).toEqual(["two", "three"]);
});
