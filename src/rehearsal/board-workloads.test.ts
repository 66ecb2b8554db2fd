import { describe, expect, it } from "vitest";
import type { Application } from "../argocd/application.ts";
import type { KubeObject } from "../kubernetes/client.ts";
import {
  backsOff,
  becomes,
  event,
  node,
  owner,
  pod,
  runsAgain,
  said,
  started,
  waits,
  withContainer,
} from "../workloads/pod-fixture.ts";
import type { SeenKind } from "../workloads/sightings.ts";
import { type Changes, passing, underTest } from "./application-fixture.ts";
import { createBoard } from "./board.ts";
import { containerPace } from "./pace.ts";
import { workloadsOf } from "./workloads/assess.ts";
import { createInventory } from "./workloads/inventory.ts";

const settleMs = 10_000;
const progressing: Changes = { "status.health.status": "Progressing" };

/** A board and a cluster with one clock, which starts at 1000 s. */
function stage() {
  const inventory = createInventory();
  const board = createBoard({
    underTest,
    allowEmpty: [],
    settleMs,
    pace: containerPace,
    workloads: workloadsOf(inventory),
  });
  let now = 1_000_000;
  inventory.observe("Node", node(), false, now);
  const get = (name: string) => {
    const tracked = board.all.get(`Application/argocd/${name}`);
    if (!tracked) throw new Error(`there is no Application ${name}`);
    return tracked;
  };
  return {
    get,
    see: (...objects: KubeObject[]) => {
      for (const object of objects) {
        if (object.kind === "Application") board.observe("Application", object, false, now);
        else inventory.observe(object.kind as SeenKind, object, false, now);
      }
    },
    remove: (object: Application) => board.observe("Application", object, true, now),
    pass(ms: number): string {
      for (const end = now + ms; now < end; ) {
        now += 100;
        const { state } = board.conclude(now);
        if (state !== "running") return state;
      }
      return "running";
    },
    seconds: () => (now - 1_000_000) / 1000,
  };
}

/** A Pod of the Deployment of the Application of this name. */
function podOf(name: string, parts: Parameters<typeof pod>[0] = {}) {
  const owners = [owner("Deployment", name)];
  return pod({ name: `${name}-1`, owners, ...parts, metadata: { namespace: name, ...parts.metadata } });
}

/** As the kubelet's back-off spaces them: at 2, 14, 36 and 78 s. */
function crashes(scene: ReturnType<typeof stage>, name: string, times: number): void {
  const web = podOf(name, { status: withContainer({ running: {} }) });
  scene.see(web);
  for (let failure = 1; failure <= times; failure += 1) {
    scene.pass(2_000);
    scene.see(becomes(web, backsOff(failure)));
    scene.pass(10_000 * 2 ** (failure - 1));
    if (failure < times) scene.see(becomes(web, runsAgain(failure, {}, false)));
  }
}

describe("an Application whose containers crash", () => {
  it("has failed with the third time, long before its Deployment's deadline", () => {
    const scene = stage();
    scene.see(passing("web", progressing));
    crashes(scene, "web", 3);
    expect(scene.get("web").final).toMatchObject({
      code: "crash",
      class: "change",
      message: "container app crashes: exit code 1, 3 times so far",
      resource: { kind: "Deployment", name: "web" },
      finality: "it was tried again when nothing else made progress any more, and failed again",
    });
    expect(scene.seconds()).toBeLessThan(80);
  });

  it("decides the rehearsal when nothing else is under way", () => {
    const scene = stage();
    scene.see(passing("web", progressing));
    crashes(scene, "web", 2);
    const web = podOf("web", { status: backsOff(3) });
    scene.see(web);
    expect(scene.pass(30_000)).toBe("decided");
  });

  it("has time while the database that it waits for is still on its way", () => {
    const scene = stage();
    const database = podOf("db", { status: waits("ContainerCreating") });
    scene.see(passing("web", progressing), passing("db", progressing), database);
    crashes(scene, "web", 4);
    expect(scene.get("web").final).toBeUndefined();
    scene.see(becomes(database, started()), passing("db"));
    scene.see(podOf("web", { metadata: { uid: "next" }, status: started() }));
    expect(scene.get("db").everPassed).toBe(false);
    scene.pass(200);
    expect(scene.get("db").everPassed).toBe(true);
  });

  it("has time while another of its own Pods is on its way", () => {
    const scene = stage();
    scene.see(
      passing("web", progressing),
      podOf("web", { name: "web-db", status: waits("ContainerCreating") }),
    );
    crashes(scene, "web", 4);
    expect(scene.get("web").final).toBeUndefined();
  });

  it("and are called Healthy by Argo CD while they run does not pass between two crashes", () => {
    const scene = stage();
    const web = podOf("web");
    scene.see(passing("web"), web);
    const end = { startedAt: "2026-11-23T07:50:00Z", finishedAt: "2026-11-23T07:50:08Z" };
    for (const failure of [1, 2]) {
      expect(scene.pass(8_000)).toBe("running");
      scene.see(becomes(web, backsOff(failure, end)));
      expect(scene.pass(1_500)).toBe("running");
      scene.see(becomes(web, runsAgain(failure, end)));
    }
    expect(scene.pass(8_000)).toBe("running");
    scene.see(becomes(web, backsOff(3, end)));
    scene.pass(100);
    expect(scene.get("web").finding).toMatchObject({ state: "suspect", reason: { code: "crash" } });
  });

  it("once, and runs on, passes when it has outlived that and the settle window", () => {
    const scene = stage();
    const web = podOf("web");
    scene.see(passing("web"), web);
    scene.pass(5_000);
    scene.see(becomes(web, backsOff(1)));
    scene.pass(1_000);
    scene.see(becomes(web, runsAgain(1)));
    // 10 s to outlive its run of 2 s, and 10 s to settle.
    expect(scene.pass(19_900)).toBe("running");
    expect(scene.pass(300)).toBe("passed");
  });
});

it("an Application that is gone has no Pods that count", () => {
  const scene = stage();
  scene.see(passing("web", progressing), podOf("web", { status: backsOff(3) }));
  scene.pass(1_000);
  expect(scene.get("web").finding.state).toBe("suspect");
  scene.remove(passing("web"));
  scene.pass(200);
  expect(scene.get("web").finding).toEqual({ state: "progressing", detail: "was deleted" });
});

describe("an Application whose image does not exist", () => {
  it("has failed within seconds", () => {
    const scene = stage();
    scene.see(passing("web", progressing), podOf("web", { status: waits("ErrImagePull", said.notFound) }));
    scene.pass(13_000);
    expect(scene.get("web").final).toMatchObject({ code: "image", class: "change" });
  });

  it("is the same failure in its back-off, whose time goes on", () => {
    const scene = stage();
    const web = podOf("web", { status: waits("ErrImagePull", said.notFound) });
    scene.see(passing("web", progressing), web);
    scene.pass(8_000);
    scene.see(
      becomes(web, waits("ImagePullBackOff", `Back-off pulling image "x": ErrImagePull: ${said.notFound}`)),
    );
    scene.pass(5_000);
    expect(scene.get("web").final?.code).toBe("image");
  });

  it("cannot be told from a registry out of reach for the first minute and a half", () => {
    const scene = stage();
    scene.see(passing("web", progressing), podOf("web", { status: waits("ErrImagePull", said.dns) }));
    expect(scene.pass(89_000)).toBe("running");
    scene.pass(2_000);
    expect(scene.get("web").final).toMatchObject({ code: "image", class: "infrastructure" });
  });
});

describe("an Application whose probe never passes", () => {
  it("has failed when its probes have had their time, and all is quiet", () => {
    const scene = stage();
    const web = podOf("web", { status: withContainer({ running: {} }), container: { readinessProbe: {} } });
    scene.see(passing("web", progressing), web, event(web, "Unhealthy", said.unready));
    expect(scene.pass(80_000)).toBe("running");
    scene.pass(10_000);
    expect(scene.get("web").final).toMatchObject({ code: "probe", class: "change" });
  });

  it("may still become ready", () => {
    const scene = stage();
    const web = podOf("web", { status: withContainer({ running: {} }), container: { readinessProbe: {} } });
    scene.see(passing("web", progressing), web, event(web, "Unhealthy", said.unready));
    scene.pass(70_000);
    scene.see(becomes(web, started()), passing("web"));
    expect(scene.pass(settleMs + 200)).toBe("passed");
  });
});

describe("the pace of containers", () => {
  it("lets an image be pulled for minutes, though nothing changes", () => {
    const scene = stage();
    const database = podOf("db", { status: waits("ContainerCreating") });
    scene.see(
      passing("web", progressing),
      podOf("web", { status: waits("CreateContainerConfigError", 'secret "db" not found') }),
    );
    scene.see(passing("db", progressing), database);
    scene.pass(180_000);
    expect(scene.get("web").final).toBeUndefined();
    scene.see(becomes(database, started()), passing("db"));
    scene.pass(containerPace.quietMs + 500);
    expect(scene.get("web").final).toMatchObject({ code: "container-config", class: "change" });
  });

  it("waits for what is on its way, though another has failed", () => {
    const scene = stage();
    scene.see(passing("web", progressing), podOf("web", { status: waits("ErrImagePull", said.notFound) }));
    const slow = podOf("slow", { status: waits("ContainerCreating") });
    scene.see(passing("slow", progressing), slow);
    expect(scene.pass(120_000)).toBe("running");
    scene.see(becomes(slow, started()), passing("slow"));
    expect(scene.pass(3_000)).toBe("decided");
    expect(scene.get("slow").finding.state).toBe("passed");
  });

  it("does not wait for ever", () => {
    const scene = stage();
    scene.see(passing("web", progressing), podOf("web", { status: waits("ErrImagePull", said.notFound) }));
    scene.see(passing("slow", progressing), podOf("slow", { status: waits("ContainerCreating") }));
    expect(scene.pass(containerPace.newsMs + 20_000)).toBe("decided");
  });

  it("does not call an autoscaler without metrics a failure at once", () => {
    const scene = stage();
    const degraded: Application = passing("web", { "status.health.status": "Degraded" });
    scene.see(degraded);
    scene.pass(60_000);
    expect(scene.get("web").final).toBeUndefined();
    scene.pass(20_000);
    expect(scene.get("web").final?.code).toBe("degraded");
  });
});
