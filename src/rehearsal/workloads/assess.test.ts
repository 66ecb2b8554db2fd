import { describe, expect, it } from "vitest";
import type { Application } from "../../argocd/application.ts";
import type { KubeObject } from "../../kubernetes/client.ts";
import type { Pod } from "../../workloads/objects.ts";
import {
  backsOff,
  becomes,
  claim,
  event,
  isFalse,
  isTrue,
  node,
  owner,
  pod,
  said,
  started,
  waits,
  withContainer,
} from "../../workloads/pod-fixture.ts";
import type { SeenKind } from "../../workloads/sightings.ts";
import { managing, operation } from "../application-fixture.ts";
import { workloadsOf } from "./assess.ts";
import { createInventory } from "./inventory.ts";

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
      for (const object of objects) inventory.observe(object.kind as SeenKind, object, false, now);
    },
    remove: (object: KubeObject) => inventory.observe(object.kind as SeenKind, object, true, now),
    pass(ms: number) {
      now += ms;
    },
    now: () => now,
    assess: (of = application) => workloadsOf(inventory).assess(of, now),
    failure: (of = application) => workloadsOf(inventory).assess(of, now)?.failure,
  };
}

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
    expect(assess()).toMatchObject({
      working: true,
      failure: { reason: { code: "crash", resource: { kind: "Deployment", name: "web" } } },
    });
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

  it("are for the base to waive, where they reach the host", () => {
    const { see, failure } = stage();
    const guard = "rehearsal-0123456789abcdef";
    const denied = `Error creating: pods "web-5f-x" is forbidden: ValidatingAdmissionPolicy '${guard}' with binding '${guard}' denied request: Pod shop/web-5f-x would get hold of the machine that runs this rehearsal: hostPath`;
    see(event(set, "FailedCreate", denied));
    expect(failure()?.reason).toMatchObject({
      code: "rejected",
      class: "configuration",
      message: expect.stringMatching(/^Pod shop\/web-5f-x would get hold .*: hostPath\. A maintainer/),
    });
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
