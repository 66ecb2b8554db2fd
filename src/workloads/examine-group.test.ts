import { describe, expect, it } from "vitest";
import type { KubeObject } from "../kubernetes/client.ts";
import { examinePods, unsettledUntil } from "./examine-group.ts";
import { rankOf } from "./failure.ts";
import type { PodStatus } from "./objects.ts";
import {
  backsOff,
  becomes,
  claim,
  creating,
  ends,
  event,
  node,
  owner,
  pod,
  runsAgain,
  said,
  unschedulable,
  waits,
  withContainer,
} from "./pod-fixture.ts";
import { createSightings, type SeenKind } from "./sightings.ts";

/** A cluster that begins at 1000 s, with one node. */
function stage() {
  const sightings = createSightings();
  let now = 1_000_000;
  sightings.observe("Node", node(), false, now);
  const assess = () => {
    const looks = examinePods(sightings, [...sightings.pods()], now).map(({ look }) => look);
    const failures = looks.flatMap((look) => {
      if (look.state !== "failing") return [];
      const { reason, finality } = look;
      return [{ reason, finality }];
    });
    const unfinished = looks.flatMap((look) =>
      look.state === "well" || look.state === "failing" ? [] : [look],
    );
    return {
      failure: failures.toSorted((left, right) => rankOf(left) - rankOf(right))[0],
      working: looks.some(({ state }) => state === "working"),
      hint: unfinished.flatMap((look) => ("hint" in look ? [look.hint] : []))[0],
      detail: unfinished[0]?.detail,
      unsettledUntil: Math.max(0, ...[...sightings.pods()].map(unsettledUntil)),
    };
  };
  return {
    sightings,
    see: (...objects: KubeObject[]) => {
      for (const object of objects) sightings.observe(object.kind as SeenKind, object, false, now);
    },
    remove: (object: KubeObject) => sightings.observe(object.kind as SeenKind, object, true, now),
    pass(ms: number) {
      now += ms;
    },
    now: () => now,
    assess,
    failure: () => assess().failure,
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

  it("or started, for what its runtime says, until it counts as a crash", () => {
    expect(of(waits("RunContainerError", said.startError))).toEqual({
      reason: {
        code: "container-config",
        class: "change",
        message: 'container app cannot be started: exec: "nope": executable file not found in $PATH',
      },
      finality: { when: "lasting", ms: 30_000 },
    });
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
  const tryOf = (name: string, status: PodStatus) =>
    pod({ name, owners: [owner("Job", "migrate")], status, spec: { restartPolicy: "Never" } });

  it("of a Job are its tries, counted together", () => {
    const { see, failure, pass } = stage();
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
      },
      finality: { when: "tried", beganAt: 1_028_000 },
    });
  });

  it("of a Job that succeeds in the end say nothing", () => {
    const { see, assess } = stage();
    see(tryOf("migrate-a", failed), tryOf("migrate-b", succeeded));
    expect(assess()).toMatchObject({ failure: undefined, working: false });
  });

  it("do not keep the next try from being on its way", () => {
    const { see, assess } = stage();
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
    const { see, failure } = stage();
    see(pod({ owners: [], status: failed, spec: { restartPolicy: "Never" } }));
    expect(failure()).toMatchObject({ reason: { code: "crash" }, finality: { when: "lasting", ms: 5_000 } });
  });
});

it("events of one object are told in the order of the cluster's clock, each in its last form", () => {
  const { sightings, see } = stage();
  const web = pod();
  const first = event(web, "Failed", "one", { lastTimestamp: "2026-11-23T08:00:02Z" });
  see(first, event(web, "Failed", "two", { lastTimestamp: "2026-11-23T08:00:01Z" }));
  see({ ...first, message: "three" });
  expect(sightings.eventsOf(web).map(({ event }) => event.message)).toEqual(["two", "three"]);
});
