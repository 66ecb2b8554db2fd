import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../kubernetes/client.ts";
import { isPartOfArgoCd, isPodOfArgoCd, isRolledOut, refusal } from "./workload-state.ts";

function workload(given: {
  kind?: string;
  labels?: Record<string, string>;
  program?: string;
  status?: object;
  replicas?: number;
}): KubeObject {
  const containers = [{ name: "a", args: given.program === undefined ? [] : [given.program] }];
  return {
    apiVersion: "apps/v1",
    kind: given.kind ?? "Deployment",
    metadata: { name: "x", generation: 2, labels: given.labels ?? {} },
    spec: {
      ...(given.replicas === undefined ? {} : { replicas: given.replicas }),
      template: { metadata: { labels: given.labels }, spec: { containers } },
    },
    status: given.status ?? {},
  };
}

describe("a part of Argo CD that is waited for", () => {
  const partOf = { "app.kubernetes.io/part-of": "argocd" };
  it.each([
    ["by its label", { labels: { ...partOf, "app.kubernetes.io/component": "redis" } }, true],
    ["by its program", { program: "/usr/local/bin/argocd-repo-server" }, true],
    ["of the chart's Redis with replicas", { labels: { app: "redis-ha" } }, true],
    ["Dex", { labels: { ...partOf, "app.kubernetes.io/component": "dex-server" } }, false],
    ["notifications", { labels: partOf, program: "argocd-notifications-controller" }, false],
    ["of something else", { labels: { app: "web" } }, false],
  ])("%s", (_, given, expected) => {
    expect(isPartOfArgoCd(workload(given))).toBe(expected);
  });

  it("has Pods, and so have the Jobs that install it", () => {
    const pod = (labels: Record<string, string>, owner = "ReplicaSet"): KubeObject => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "x", labels, ownerReferences: [{ kind: owner }] },
      spec: { containers: [{ name: "a" }] },
    });
    expect(isPodOfArgoCd(pod(partOf))).toBe(true);
    expect(isPodOfArgoCd(pod({ "app.kubernetes.io/name": "argocd-redis" }))).toBe(true);
    expect(isPodOfArgoCd(pod({ app: "redis-ha-haproxy" }))).toBe(true);
    expect(isPodOfArgoCd(pod({}, "Job"))).toBe(true);
    expect(isPodOfArgoCd(pod({ app: "web" }))).toBe(false);
    expect(isPodOfArgoCd(pod({ ...partOf, "app.kubernetes.io/component": "dex-server" }))).toBe(false);
  });
});

describe("a workload is rolled out", () => {
  const done = {
    observedGeneration: 2,
    replicas: 1,
    updatedReplicas: 1,
    readyReplicas: 1,
    availableReplicas: 1,
  };
  it.each([
    [{ status: done }, true],
    [{ status: { ...done, observedGeneration: 1 } }, false],
    [{ status: { ...done, availableReplicas: 0 } }, false],
    [{ status: { ...done, replicas: 2 } }, false],
    [{ status: done, replicas: 2 }, false],
    [{ status: {} }, false],
    [{ status: { observedGeneration: 2 }, replicas: 0 }, true],
    [{ kind: "StatefulSet", status: done }, true],
    [{ kind: "StatefulSet", status: { ...done, readyReplicas: 0 } }, false],
    [{ kind: "StatefulSet", status: { ...done, updatedReplicas: 0 } }, false],
  ])("%j: %j", (given, expected) => {
    expect(isRolledOut(workload(given))).toBe(expected);
  });
});

it("a refusal of Pods is found in the conditions", () => {
  const condition = { type: "ReplicaFailure", status: "True", message: "exceeded quota" };
  expect(refusal(workload({ status: { conditions: [condition] } }))).toBe("exceeded quota");
  expect(refusal(workload({ status: { conditions: [{ ...condition, status: "False" }] } }))).toBeUndefined();
  expect(refusal(workload({}))).toBeUndefined();
});
