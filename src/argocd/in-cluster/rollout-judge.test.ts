import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../kubernetes/client.ts";
import {
  backsOff,
  becomes,
  creating,
  ends,
  event,
  node,
  owner,
  pod,
  runsAgain,
  said,
  started,
  unschedulable,
  waits,
  withContainer,
} from "../../workloads/pod-fixture.ts";
import { createSightings, type SeenKind } from "../../workloads/sightings.ts";
import { createRolloutJudge } from "./rollout-judge.ts";

/** A cluster with one node, and a clock in seconds. Pods of the name `other` are not waited for. */
function stage() {
  const sightings = createSightings();
  const rollout = createRolloutJudge(sightings, ({ metadata }) => metadata.name !== "other");
  const startedAt = 1_000_000;
  const told = (objects: readonly KubeObject[], deleted: boolean, seconds: number) => {
    for (const object of objects)
      sightings.observe(object.kind as SeenKind, object, deleted, startedAt + seconds * 1_000);
  };
  told([node()], false, 0);
  const judge = (seconds: number) => rollout.judge(startedAt + seconds * 1_000);
  return {
    see: (seconds: number, ...objects: KubeObject[]) => told(objects, false, seconds),
    lose: (seconds: number, ...objects: KubeObject[]) => told(objects, true, seconds),
    current: (seconds: number) => judge(seconds).problem?.reason.message,
    lasting: (seconds: number) => judge(seconds).lasting?.reason.message,
  };
}

const repoServer = (status = creating()) => pod({ name: "repo-server", status });
const redis = (status = creating()) => pod({ name: "redis", owners: [owner("ReplicaSet", "redis")], status });

function withoutNode(given: ReturnType<typeof pod>): ReturnType<typeof pod> {
  const { nodeName: _, ...spec } = given.spec;
  return { ...given, spec };
}

const crash = (times: number) => `container app crashes: exit code 1, ${times} times so far`;
const noRoute = `image ghcr.io/home/web:9 of container app cannot be pulled: no route to host`;

describe("a problem of a Pod of Argo CD", () => {
  it("lasts once the kubelet has tried again for a while, and passes before", () => {
    const { see, current, lasting } = stage();
    const one = repoServer(waits("ErrImagePull", "no route to host"));
    see(0, one, event(one, "Failed", 'Failed to pull image "ghcr.io/home/web:9": no route to host'));
    expect(lasting(0)).toBeUndefined();
    see(60, becomes(one, waits("ImagePullBackOff", 'Back-off pulling image "ghcr.io/home/web:9"')));
    expect(current(60)).toBe(noRoute);
    expect(lasting(89)).toBeUndefined();
    expect(lasting(91)).toBe(noRoute);
    see(92, becomes(one, waits("ContainerCreating")));
    expect(current(92)).toBeUndefined();
    expect(lasting(300)).toBeUndefined();
  });

  it("is soon known to stay where its image is nowhere", () => {
    const { see, lasting } = stage();
    see(0, repoServer(waits("ErrImagePull", said.notFound)));
    expect(lasting(0)).toBeUndefined();
    expect(lasting(13)).toMatch(/9: not found$/);
  });

  it("is a crash after it was tried again a few times, and since all else was ready", () => {
    const { see, lasting } = stage();
    const [one, two] = [repoServer(backsOff(4)), redis()];
    see(0, one, two);
    expect(lasting(0)).toBeUndefined();
    see(70, becomes(one, backsOff(5)));
    expect(lasting(70), "it may wait for Redis").toBeUndefined();
    see(80, becomes(two, started()));
    expect(lasting(81), "its last try began before Redis was ready").toBeUndefined();
    see(90, becomes(one, runsAgain(5)));
    see(93, becomes(one, backsOff(6)));
    expect(lasting(93)).toBe(crash(6));
  });

  it("is not put off by Pods that are only now seen, and have run for long", () => {
    const { see, lasting } = stage();
    see(0, repoServer(backsOff(5)));
    see(1, redis(started()));
    expect(lasting(1)).toBe(crash(5));
  });

  it("begins anew when it had passed for a while", () => {
    const { see, lasting } = stage();
    const one = repoServer(waits("ErrImagePull", "no route to host"));
    see(0, one);
    expect(lasting(0)).toBeUndefined();
    see(30, becomes(one, waits("ContainerCreating")));
    expect(lasting(30)).toBeUndefined();
    see(60, one);
    expect(lasting(60)).toBeUndefined();
    expect(lasting(149)).toBeUndefined();
    expect(lasting(151)).toBe(noRoute);
  });

  it("is no crash yet that has happened three times, though nothing else moves", () => {
    const { see, current, lasting } = stage();
    const one = repoServer(backsOff(3));
    see(0, one);
    expect(current(0)).toBe(crash(3));
    expect(lasting(10_000)).toBeUndefined();
    see(10_000, becomes(one, backsOff(5)));
    expect(lasting(10_000)).toBe(crash(5));
  });

  it("is not what another brings about: a crash waits for a Pod without a node", () => {
    const { see, lose, current, lasting } = stage();
    const two = withoutNode(redis(unschedulable("0/1 nodes: 1 Insufficient cpu.")));
    see(0, repoServer(backsOff(9)), two);
    expect(lasting(0)).toBeUndefined();
    expect(current(30)).toMatch(/^the cluster of this rehearsal is full/);
    expect(lasting(59)).toBeUndefined();
    expect(lasting(61)).toMatch(/^the cluster of this rehearsal is full/);
    lose(61, two);
    expect(lasting(61)).toBe(crash(9));
  });

  it("gives a node a minute to become ready", () => {
    const { see, lasting } = stage();
    const taints = [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }];
    see(0, node({ spec: { taints } }), withoutNode(repoServer(unschedulable(said.taint))));
    expect(lasting(0)).toBeUndefined();
    expect(lasting(59)).toBeUndefined();
    expect(lasting(61)).toBe("node node-1 takes no Pods: not-ready");
  });

  it("that names no program of its image has a minute", () => {
    const { see, current, lasting } = stage();
    see(0, repoServer(backsOff(2, { exitCode: 128, reason: "StartError", message: said.startError })));
    expect(current(0)).toMatch(/cannot be started: exec: "nope"/);
    expect(lasting(59)).toBeUndefined();
    expect(lasting(61)).toMatch(/cannot be started: exec: "nope"/);
  });

  it("that wants what nobody brings is final a minute after all has come to rest", () => {
    const { see, lasting } = stage();
    const two = redis();
    see(0, repoServer(waits("CreateContainerConfigError", 'secret "x" not found')), two);
    expect(lasting(1)).toBeUndefined();
    see(50, becomes(two, started()));
    expect(lasting(100)).toBeUndefined();
    expect(lasting(111)).toMatch(/secret "x" not found$/);
  });

  it("that wants a ConfigMap as a volume is told by the kubelet's event", () => {
    const { see, lasting } = stage();
    const one = repoServer();
    see(0, one, event(one, "FailedMount", said.configMap));
    expect(lasting(0)).toBeUndefined();
    expect(lasting(61)).toBe('volume "config" cannot be mounted: configmap "absent" not found');
  });

  it("that is only slow to become ready is named, and waited for", () => {
    const { see, current, lasting } = stage();
    const one = pod({
      name: "server",
      status: withContainer({ running: {} }),
      container: { readinessProbe: {} },
    });
    see(0, one, event(one, "Unhealthy", said.unready));
    expect(current(1)).toBeUndefined();
    expect(current(100)).toMatch(/^readiness probe of container app never passes/);
    expect(lasting(1_000)).toBeUndefined();
  });

  it("is that of a Job's Pods, counted together", () => {
    const { see, lasting } = stage();
    const tryOf = (name: string) =>
      pod({
        name,
        owners: [owner("Job", "redis-secret-init")],
        spec: { restartPolicy: "Never" },
        status: {
          phase: "Failed",
          containerStatuses: [{ name: "app", restartCount: 0, state: { terminated: ends() } }],
        },
      });
    see(0, tryOf("a"));
    expect(lasting(0)).toBeUndefined();
    see(20, tryOf("b"));
    see(60, tryOf("c"));
    expect(lasting(60)).toBe(crash(3));
  });

  it.each([
    ["that is being made", creating()],
    ["that runs", started()],
    ["without a status", {}],
    ["of a Job that is done", { phase: "Succeeded" as const }],
  ])("is none for one %s", (_, status) => {
    const { see, current, lasting } = stage();
    see(0, pod({ status }));
    expect(current(0)).toBeUndefined();
    expect(lasting(1_000)).toBeUndefined();
  });

  it("is none for one that is deleted, or is not waited for", () => {
    const { see, current } = stage();
    const deletionTimestamp = "2026-11-23T08:00:00Z";
    see(0, pod({ status: backsOff(9), metadata: { deletionTimestamp } }));
    see(0, pod({ name: "other", status: backsOff(9) }));
    expect(current(0)).toBeUndefined();
  });
});
