import { describe, expect, it } from "vitest";
import type { KubeObject } from "../kubernetes/client.ts";
import { createPodJudge } from "./pod-judge.ts";
import { problemOf } from "./pod-problem.ts";

function pod(status: object, name = "argocd-repo-server-1", metadata: object = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, ...metadata },
    spec: {
      initContainers: [{ name: "copyutil", image: "quay.io/argoproj/argocd:v9" }],
      containers: [{ name: "repo-server", image: "quay.io/argoproj/argocd:v9" }],
    },
    status,
  };
}

const waiting = (reason: string, message?: string, more: object = {}) =>
  pod({
    phase: "Pending",
    containerStatuses: [{ name: "repo-server", image: "", state: { waiting: { reason, message } }, ...more }],
  });

const crashed = (restartCount: number, terminated: object = { exitCode: 20 }) =>
  waiting("CrashLoopBackOff", "back-off 40s", { restartCount, lastState: { terminated } });

const unschedulable = (name?: string) =>
  pod(
    {
      phase: "Pending",
      conditions: [
        {
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message: "0/1 nodes: 1 Insufficient cpu.",
        },
      ],
    },
    name,
  );

describe("what keeps a Pod from running", () => {
  it("is an image, by the name in the Pod and in the registry's words", () => {
    const words = 'failed to pull "quay.io/argoproj/argocd:v9": connection refused';
    expect(problemOf(waiting("ErrImagePull", words))).toEqual({
      kind: "image",
      pod: "argocd-repo-server-1",
      container: "repo-server",
      image: "quay.io/argoproj/argocd:v9",
      reason: words,
      final: false,
    });
    const again = `Back-off pulling image "quay.io/argoproj/argocd:v9": ErrImagePull: ${words}`;
    expect(problemOf(waiting("ImagePullBackOff", again))?.reason).toBe(words);
    expect(problemOf(waiting("InvalidImageName", "couldn't parse"))).toMatchObject({
      kind: "image",
      final: true,
    });
    const gone =
      'failed to resolve reference "quay.io/argoproj/argocd:v9": quay.io/argoproj/argocd:v9: not found';
    expect(problemOf(waiting("ErrImagePull", gone))).toMatchObject({ final: true });
  });

  it("is that of an init container as well", () => {
    const problem = problemOf(
      pod({
        initContainerStatuses: [{ name: "copyutil", state: { waiting: { reason: "ImagePullBackOff" } } }],
        containerStatuses: [{ name: "repo-server", state: { waiting: { reason: "PodInitializing" } } }],
      }),
    );
    expect(problem).toMatchObject({ kind: "image", container: "copyutil", reason: "ImagePullBackOff" });
  });

  it("is a lack of room, in the scheduler's words", () => {
    expect(problemOf(unschedulable())).toMatchObject({
      kind: "scheduling",
      container: undefined,
      reason: "0/1 nodes: 1 Insufficient cpu.",
    });
  });

  it("is a crash, final after it was tried again a few times", () => {
    expect(problemOf(crashed(1))).toMatchObject({
      kind: "crash",
      reason: "it exited with code 20",
      final: false,
    });
    expect(problemOf(crashed(4))).toMatchObject({ final: true });
    expect(problemOf(crashed(4, { exitCode: 137, reason: "OOMKilled" }))?.reason).toBe(
      "it used more memory than its limit",
    );
    expect(problemOf(crashed(4, { exitCode: 139, signal: 11, message: "why" }))?.reason).toBe(
      "it was killed by signal 11: why",
    );
  });

  it.each([
    ["CreateContainerConfigError", "configuration"],
    ["RunContainerError", "runtime"],
  ])("is %s, which is of %s", (reason, kind) => {
    expect(problemOf(waiting(reason, 'secret "x" not found'))).toMatchObject({
      kind,
      reason: 'secret "x" not found',
    });
  });

  it.each([
    ["that is being made", waiting("ContainerCreating")],
    [
      "that runs",
      pod({ phase: "Running", containerStatuses: [{ name: "repo-server", state: { running: {} } }] }),
    ],
    ["without a status", pod({})],
    [
      "of a Job that is done",
      pod({ phase: "Succeeded", containerStatuses: [{ name: "x", state: { terminated: { exitCode: 1 } } }] }),
    ],
    [
      "whose init container is done",
      pod({ initContainerStatuses: [{ name: "x", state: { terminated: { exitCode: 0 } } }] }),
    ],
    ["that is deleted", pod(crashed(9).status as object, "x", { deletionTimestamp: "2026-01-01T00:00:00Z" })],
  ])("is nothing for one %s", (_, given) => {
    expect(problemOf(given)).toBeUndefined();
  });
});

describe("problems of Pods", () => {
  it("last once the kubelet has tried again for a while, and pass before", () => {
    const judge = createPodJudge();
    judge.see(waiting("ErrImagePull", "no route"), false, 0);
    judge.see(waiting("ImagePullBackOff", "Back-off"), false, 60_000);
    expect(judge.lasting(70_000)).toBeUndefined();
    expect(judge.lasting(76_000)).toMatchObject({ kind: "image", reason: "no route" });
    judge.see(waiting("ContainerCreating"), false, 77_000);
    expect(judge.lasting(200_000)).toBeUndefined();
    expect(judge.current()).toBeUndefined();
  });

  it("last at once where waiting does not help", () => {
    const judge = createPodJudge();
    judge.see(crashed(3), false, 0);
    expect(judge.lasting(10_000_000)).toBeUndefined();
    judge.see(crashed(4), false, 0);
    expect(judge.lasting(0)).toMatchObject({ kind: "crash" });
  });

  it("are not what another brings about: a crash waits for the image of another Pod", () => {
    const judge = createPodJudge();
    judge.see(crashed(9), false, 0);
    judge.see(unschedulable("argocd-redis-1"), false, 0);
    expect(judge.lasting(1_000)).toBeUndefined();
    expect(judge.current()).toMatchObject({ kind: "scheduling", pod: "argocd-redis-1" });
    expect(judge.lasting(61_000)).toMatchObject({ kind: "scheduling", pod: "argocd-redis-1" });
    judge.see(unschedulable("argocd-redis-1"), true, 61_000);
    expect(judge.lasting(61_000)).toMatchObject({ kind: "crash" });
  });
});
