import { describe, expect, it } from "vitest";
import type { Node, Pod } from "./objects.ts";
import { isTrue, node, pod, said, started, unschedulable } from "./pod-fixture.ts";
import { scheduleFailure, waitsForClaim } from "./scheduling.ts";

const asking = (cpu: string, message: string, spec: Partial<Pod["spec"]> = {}): Pod => {
  const made = pod({
    container: { resources: { requests: { cpu, memory: "64Mi" } } },
    status: unschedulable(message),
    spec,
  });
  delete made.spec.nodeName;
  return made;
};

function why(asks: Pod, nodes: Node[] = [node()], pods: Pod[] = []) {
  const failure = scheduleFailure(asks, { nodes, pods });
  return failure && { ...failure.reason, when: failure.finality.when };
}

describe("a Pod that no node takes", () => {
  it("is the change's fault where no node could ever take it", () => {
    expect(why(asking("64", said.tooLarge))).toEqual({
      code: "unschedulable",
      class: "change",
      message: "no node can ever take it: it requests 64 of cpu, and the largest node has 2",
      when: "lasting",
    });
  });

  it("is not where the node would take it, were it empty: with the numbers", () => {
    const other = pod({ container: { resources: { requests: { cpu: "900m" } } } });
    const ended = pod({
      container: { resources: { requests: { cpu: "5" } } },
      status: { ...started(), phase: "Succeeded" },
    });
    expect(why(asking("1500m", said.full), [node()], [other, other, ended])).toEqual({
      code: "unschedulable",
      class: "infrastructure",
      message:
        "the cluster of this rehearsal is full: node node-1 has 2 of cpu, of which 2 Pods request 1.8; this one asks for 1.5",
      when: "quiet",
    });
  });

  it("is judged by the largest node that may be used", () => {
    const large = node({ metadata: { name: "large" }, status: { allocatable: { cpu: "96" } } });
    expect(why(asking("64", said.full), [node(), large])?.class).toBe("infrastructure");
    const cordoned = { ...large, spec: { unschedulable: true } };
    expect(why(asking("64", said.full), [node(), cordoned])?.class).toBe("change");
  });

  it("may wait for a device that another Application announces", () => {
    const message =
      "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
    const gpu = asking("1", message);
    gpu.spec.containers = [{ name: "app", resources: { limits: { "nvidia.com/gpu": "1" } } }];
    expect(why(gpu)).toMatchObject({
      class: "change",
      message: "no node has any nvidia.com/gpu, of which it requests 1",
      when: "quiet",
    });
  });

  it("may find too many Pods there", () => {
    expect(why(asking("1", "0/1 nodes are available: 1 Too many pods."))?.class).toBe("infrastructure");
  });

  it("selects a node that is not there", () => {
    expect(why(asking("1", said.selector, { nodeSelector: { disktype: "ssd" } }))).toMatchObject({
      code: "unschedulable",
      class: "change",
      message: expect.stringMatching(
        /^no node matches its node selector disktype=ssd: 0\/1 nodes are available: .* affinity\/selector\.$/,
      ),
      when: "quiet",
    });
    expect(why(asking("1", said.selector))?.message).toMatch(/^no node matches its node affinity/);
  });

  it("does not tolerate a taint", () => {
    const tainted = node({ spec: { taints: [{ key: "team", value: "a", effect: "NoSchedule" }] } });
    expect(why(asking("1", said.taint), [tainted])).toMatchObject({
      class: "change",
      message: expect.stringContaining("the taints of the nodes (team=a:NoSchedule)"),
    });
  });

  it.each(["disk-pressure", "memory-pressure", "pid-pressure", "not-ready", "unreachable"])(
    "is not at fault for a node with %s",
    (kind) => {
      const sick = node({ spec: { taints: [{ key: `node.kubernetes.io/${kind}`, effect: "NoSchedule" }] } });
      expect(why(asking("1", said.taint), [sick])).toMatchObject({
        code: "machine",
        class: "infrastructure",
        message: `node node-1 takes no Pods: ${kind}`,
        when: "lasting",
      });
    },
  );

  it.each([
    "didn't match pod anti-affinity rules",
    "didn't match pod topology spread constraints",
    "didn't have free ports for the requested pod ports",
  ])("wants more nodes than there are: %s", (rule) => {
    expect(why(asking("1", `0/1 nodes are available: 1 node(s) ${rule}.`))).toMatchObject({
      class: "infrastructure",
      message: expect.stringContaining("the 1 node of this rehearsal"),
    });
  });

  it("for a reason that nobody knows quotes the scheduler", () => {
    expect(why(asking("1", "0/1 nodes are available: 1 odd plugin."))).toMatchObject({
      class: "change",
      message: "no node takes it: 0/1 nodes are available: 1 odd plugin.",
      when: "quiet",
    });
  });

  it("has not failed before the scheduler says so, nor once it has a node", () => {
    expect(why(pod({ status: { phase: "Pending" } }))).toBeUndefined();
    expect(why(pod({ status: { conditions: [isTrue("PodScheduled")] } }))).toBeUndefined();
  });
});

describe("a Pod that waits for a claim", () => {
  it.each([
    said.unbound,
    '0/1 nodes are available: persistentvolumeclaim "data" not found. preemption: x',
    "0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind.",
  ])("%s", (message) => expect(waitsForClaim(asking("1", message))).toBe(message));

  it("is told from others", () => expect(waitsForClaim(asking("1", said.full))).toBeUndefined());
});
