import { describe, expect, it } from "vitest";
import type { Application, ApplicationSet } from "../argocd/application.ts";
import { refreshAnnotation } from "../argocd/requests.ts";
import {
  type Changes,
  child,
  condition,
  failedSync,
  generating,
  merge,
  older,
  operation,
  passing,
  passingMany,
  result,
  underTest,
  web,
} from "./application-fixture.ts";
import { type BoardOptions, createBoard } from "./board.ts";
import { wantsRefresh } from "./suspicion.ts";

const settleMs = 3_000;

/** A board with a clock of its own, which starts at 1000 s. */
function stage(options: Partial<BoardOptions> = {}) {
  const board = createBoard({ underTest, allowEmpty: [], settleMs, ...options });
  let now = 1_000_000;
  const get = (name: string, kind = "Application") => {
    const tracked = board.all.get(`${kind}/argocd/${name}`);
    if (!tracked) throw new Error(`there is no ${kind} ${name}`);
    return tracked;
  };
  return {
    board,
    get,
    expect: (name: string) => board.expect("Application", "argocd", name, undefined, now),
    see: (...objects: (Application | ApplicationSet)[]) => {
      for (const object of objects)
        board.observe(object.kind as "Application" | "ApplicationSet", object, false, now);
    },
    remove: (object: Application) => board.observe("Application", object, true, now),
    /** Looks ten times a second, as the wait does; ends early when there is a conclusion. */
    pass(ms: number): string {
      for (const end = now + ms; now < end; ) {
        now += 100;
        const { state } = board.conclude(now);
        if (state !== "running") return state;
      }
      return "running";
    },
    /** Asks for a hard refresh as the wait does, and answers with what stands there now, or with something else. */
    refresh(name: string, answer?: Application) {
      const { suspicion, object } = get(name);
      if (!suspicion || !object) throw new Error(`nothing is suspected of ${name}`);
      const version = Number(object.metadata.resourceVersion);
      suspicion.refreshes.asked += 1;
      suspicion.refreshes.lastAskedAt = now;
      suspicion.refreshes.pending = String(version + 1);
      const { metadata, ...rest } = structuredClone(answer ?? (object as Application));
      board.observe(
        "Application",
        { ...rest, metadata: { ...metadata, resourceVersion: String(version + 2) } },
        false,
        now,
      );
    },
    now: () => now,
  };
}

const running: Changes = {
  "status.operationState.phase": "Running",
  "status.operationState.finishedAt": undefined,
};

/** A root with a child App, an ApplicationSet and what it generates. */
function family(changes: { root?: Changes; shop?: Changes; set?: Changes; blog?: Changes } = {}) {
  const children = [child("shop"), child("sites", { kind: "ApplicationSet" })];
  return {
    root: passing("root", { "status.resources": children, ...changes.root }),
    shop: passing("shop", changes.shop),
    sites: generating("sites", ["blog"], changes.set),
    blog: passing("blog", changes.blog),
  };
}

function all(members: ReturnType<typeof family>) {
  return [members.root, members.shop, members.sites, members.blog];
}

describe("a rehearsal passes", () => {
  it("when everyone has, and nothing has changed for the settle window", () => {
    const { expect: expectRoot, see, pass, get } = stage();
    expectRoot("root");
    see(...all(family()));
    expect(pass(settleMs)).toBe("running");
    expect(pass(200)).toBe("passed");
    expect(get("shop").expectedBy).toBe("Application/argocd/root");
    expect(get("blog").expectedBy).toBe("ApplicationSet/argocd/sites");
  });

  it("later, where one flips back within the settle window", () => {
    const { see, pass } = stage();
    see(...all(family()));
    expect(pass(2_500)).toBe("running");
    see(passing("shop", { "status.health.status": "Progressing" }));
    expect(pass(10_000)).toBe("running");
    see(passing("shop"));
    expect(pass(2_900)).toBe("running");
    expect(pass(300)).toBe("passed");
  });

  it("later, where another Application appears at the last moment", () => {
    const { see, pass } = stage();
    see(passing("shop"));
    expect(pass(2_900)).toBe("running");
    see(passing("blog"));
    expect(pass(2_900)).toBe("running");
    expect(pass(300)).toBe("passed");
  });

  it("never with nobody in it", () => {
    const { pass } = stage();
    expect(pass(9_000)).toBe("running");
    expect(pass(2_000)).toBe("decided");
  });

  it("never while one that was applied has not been seen", () => {
    const { expect: expectRoot, see, pass } = stage();
    expectRoot("root");
    see(passing("shop"));
    expect(pass(5_000)).toBe("running");
  });
});

/** Each alters one piece of a family that passes. */
const broken: Record<string, Parameters<typeof family>[0]> = {
  "the root progressing": { root: { "status.health.status": "Progressing" } },
  "the root out of sync": { root: { "status.sync.status": "OutOfSync" } },
  "the root at an older revision": { root: { "status.sync.revision": older } },
  "the root never reconciled": { root: { "status.reconciledAt": undefined } },
  "a child nobody has seen": {
    root: {
      "status.resources": [child("shop"), child("nobody"), child("sites", { kind: "ApplicationSet" })],
    },
  },
  "an ApplicationSet nobody has seen": {
    root: { "status.resources": [child("shop"), child("nobody", { kind: "ApplicationSet" })] },
  },
  "a child in another namespace": { root: { "status.resources": [child("shop", { namespace: "team" })] } },
  "a child declared twice": {
    root: {
      "status.conditions": [
        condition(
          "RepeatedResourceWarning",
          "Resource argoproj.io/Application/argocd/shop appeared 2 times among application resources.",
        ),
      ],
    },
  },
  "a child synced at an older revision": { shop: { "status.sync.revision": older } },
  "a child with no revision": { shop: { "status.sync.revision": undefined } },
  "a child healthy and out of sync": { shop: { "status.sync.status": "OutOfSync" } },
  "a child synced and not healthy": { shop: { "status.health.status": "Missing" } },
  "a child that is synced": { shop: { "status.operationState.phase": "Running" } },
  "a child whose sync failed": { shop: { "status.operationState.phase": "Failed" } },
  "a child with an error": { shop: { "status.conditions": [condition("ComparisonError", "x")] } },
  "a child that is deleted": { shop: { "metadata.deletionTimestamp": "2026-11-23T05:12:08Z" } },
  "an ApplicationSet not up to date": { set: { "status.conditions": [] } },
  "an ApplicationSet without a status": { set: { status: undefined } },
  "an ApplicationSet that generates nothing": { set: { "status.resources": [] } },
  "an ApplicationSet that generates one more": {
    set: { "status.resources": [child("blog"), child("shop2")] },
  },
  "an ApplicationSet that is deleted": { set: { "metadata.deletionTimestamp": "2026-11-23T05:12:08Z" } },
  "an ApplicationSet with an error": {
    set: { "status.conditions": [{ type: "ErrorOccurred", status: "True", message: "x" }] },
  },
  "a generated one at an older revision": { blog: { "status.sync.revision": older } },
  "a generated one without health": { blog: { "status.health": undefined } },
};

it.each(Object.entries(broken))("%s keeps a rehearsal from passing, for ever", (_name, changes) => {
  const { expect: expectRoot, see, pass } = stage();
  expectRoot("root");
  see(...all(family(changes)));
  expect(pass(180_000)).not.toBe("passed");
});

describe("one that is deleted", () => {
  it("does not count as passed, and fails when it does not come back", () => {
    const { see, remove, pass, get } = stage();
    const members = family();
    see(...all(members));
    pass(1_000);
    remove(members.shop);
    expect(pass(30_000)).toBe("decided");
    expect(get("shop").final).toMatchObject({
      code: "missing",
      message: "was deleted, and did not come back",
    });
  });

  it("may come back", () => {
    const { see, remove, pass, get } = stage();
    const members = family();
    see(...all(members));
    remove(members.shop);
    pass(2_000);
    see(members.shop);
    expect(pass(settleMs + 200)).toBe("passed");
    expect(get("shop").final).toBeUndefined();
  });

  it("fails while it is being deleted", () => {
    const { see, pass, get } = stage();
    see(passing("shop", { "metadata.deletionTimestamp": "2026-11-23T05:12:08Z" }));
    expect(pass(14_000)).toBe("running");
    expect(pass(5_000)).toBe("decided");
    expect(get("shop").final).toMatchObject({ code: "deleted", finality: "it lasted 15 s" });
  });
});

describe("one that is expected and was never created", () => {
  const parent = (changes: Changes = {}) =>
    passing("root", { "status.resources": [child("shop")], ...changes });

  it("fails when its parent has been done for some seconds", () => {
    const { see, pass, get } = stage();
    see(parent());
    expect(pass(5_900)).toBe("running");
    expect(pass(2_000)).toBe("decided");
    expect(get("shop").final).toMatchObject({ code: "missing", class: "change" });
  });

  it("does not fail while its parent is not done", () => {
    const { see, pass, get } = stage();
    see(parent({ "status.health.status": "Progressing" }));
    expect(pass(30_000)).toBe("running");
    expect(get("shop").final).toBeUndefined();
  });

  it("waits for a parent that has failed for good, and holds nothing up", () => {
    const { see, pass, get } = stage();
    see(parent({ "status.operationState": failedSync([result("x is invalid: y")], { spent: true }) }));
    expect(pass(2_000)).toBe("decided");
    expect(get("shop").waitsFor).toEqual(["Application/argocd/root"]);
  });

  it("waits for the one of an earlier wave that has failed and holds their parent up", () => {
    const { see, pass, get } = stage();
    const running = { phase: "Running", message: "waiting for healthy state of argoproj.io/Application/db" };
    see(
      passing("root", {
        "status.resources": [child("db"), child("shop")],
        "status.sync.status": "OutOfSync",
        "status.operationState": { ...running, operation: { sync: { revision: merge } } },
      }),
      passing("db", { "status.health": { status: "Degraded" } }),
    );
    expect(pass(60_000)).toBe("decided");
    expect(get("db").final?.code).toBe("degraded");
    expect(get("shop").waitsFor).toEqual(["Application/argocd/db"]);
  });

  it("waits for an area of an earlier wave in which one has failed", () => {
    const { see, pass, get } = stage();
    const held = (name: string, children: string[], waitsFor: string) =>
      passing(name, {
        "status.resources": children.map((name) => child(name)),
        "status.sync.status": "OutOfSync",
        "status.operationState": {
          phase: "Running",
          message: `waiting for healthy state of argoproj.io/Application/${waitsFor}`,
          operation: { sync: { revision: merge } },
        },
      });
    see(
      held("root", ["infrastructure", "shop"], "infrastructure"),
      held("infrastructure", ["db"], "db"),
      passing("db", { "status.health": { status: "Degraded" } }),
    );
    expect(pass(60_000)).toBe("decided");
    expect(get("infrastructure").waitsFor).toEqual(["Application/argocd/db"]);
    expect(get("shop").waitsFor).toEqual(["Application/argocd/infrastructure"]);
  });

  it("is no longer missing once it is there", () => {
    const { see, pass, get } = stage();
    see(parent(), passing("other", { "status.health.status": "Progressing" }));
    expect(pass(10_000)).toBe("running");
    expect(get("shop").final?.code).toBe("missing");
    see(passing("shop", { "status.health.status": "Progressing" }));
    pass(100);
    expect(get("shop").final).toBeUndefined();
    see(passing("shop"), passing("other"));
    expect(pass(settleMs + 200)).toBe("passed");
  });
});

describe("a parent", () => {
  const held = (status: string, changes: Changes = {}) =>
    passing("root", {
      "status.health.status": status,
      "status.resources": [child("shop", { health: { status } })],
      ...changes,
    });

  it.each(["Progressing", "Degraded", "Suspended"])(
    "whose children alone are %s waits for them",
    (status) => {
      const { see, pass, get } = stage();
      see(held(status), passing("shop", { "status.health.status": "Progressing" }));
      pass(60_000);
      expect(get("root").waitsFor).toEqual(["Application/argocd/shop"]);
      expect(get("root").final).toBeUndefined();
    },
  );

  it("waits for the child that its wave waits for", () => {
    const { see, pass, get } = stage();
    const running = operation({
      phase: "Running",
      finishedAt: undefined,
      message: "waiting for healthy state of argoproj.io/Application/shop and 3 more resources",
    });
    see(held("Progressing", { "status.operationState": running }));
    pass(100);
    expect(get("root").waitsFor).toEqual(["Application/argocd/shop"]);
  });

  it("that has another trouble does not wait", () => {
    const { see, pass, get } = stage();
    const deployment = { kind: "Deployment", name: "Application", health: { status: "Degraded" } };
    see(
      held("Degraded", {
        "status.resources": [child("shop", { health: { status: "Degraded" } }), deployment],
      }),
      passing("shop", { "status.health.status": "Degraded" }),
    );
    expect(pass(30_000)).toBe("decided");
    expect(get("root").waitsFor).toEqual([]);
    expect(get("root").final?.code).toBe("degraded");
  });

  it("whose hook is named Application does not wait for its children", () => {
    const { see, pass, get } = stage();
    const running = operation({
      phase: "Running",
      finishedAt: undefined,
      message: "waiting for completion of hook batch/Job/Application-migrate",
    });
    see(held("Progressing", { "status.operationState": running }));
    pass(100);
    expect(get("root").waitsFor).toEqual([]);
  });

  it("that manages itself does not wait for itself, and is its own parent to nobody", () => {
    const { expect: expectRoot, see, pass, get } = stage();
    expectRoot("root");
    see(
      passing("root", {
        "status.health.status": "Degraded",
        "status.resources": [child("root", { health: { status: "Degraded" } })],
      }),
    );
    expect(pass(30_000)).toBe("decided");
    expect(get("root")).toMatchObject({ waitsFor: [], expectedBy: undefined, final: { code: "degraded" } });
  });

  it("in a circle of parents does not wait without end", () => {
    const { expect: expectRoot, see, pass } = stage();
    expectRoot("root");
    const unwell = (of: string, name: string) =>
      passing(of, {
        "status.health.status": "Degraded",
        "status.resources": [child(name, { health: { status: "Degraded" } })],
      });
    see(unwell("root", "shop"), unwell("shop", "root"));
    expect(pass(30_000)).toBe("decided");
  });
});

describe("a failure", () => {
  const comparison = (message: string, changes: Changes = {}) =>
    passing("shop", {
      "status.sync.status": "Unknown",
      "status.conditions": [condition("ComparisonError", message)],
      ...changes,
    });

  it("that no repetition heals ends the wait at once", () => {
    const { see, pass, get } = stage();
    see(
      passing("shop", { "status.operationState": failedSync([result("x is invalid: y")]) }),
      passing("blog"),
    );
    expect(pass(1_400)).toBe("running");
    expect(pass(400)).toBe("decided");
    expect(get("shop").final).toMatchObject({
      code: "rejected",
      finality: "nothing that Argo CD does by itself can heal it",
    });
  });

  it("that Argo CD may have cached is final only when a hard refresh repeats it", () => {
    const { see, pass, get, refresh } = stage();
    see(comparison("web: app path does not exist"));
    expect(pass(30_000)).toBe("running");
    expect(get("shop").suspicion && wantsRefresh(get("shop").suspicion as never, 1_030_000)).toBe(true);
    refresh("shop");
    expect(pass(2_000)).toBe("decided");
    expect(get("shop").final).toMatchObject({ code: "manifests", finality: "a hard refresh repeated it" });
  });

  it("is not repeated by an object from before the refresh, or by one that still asks", () => {
    const { board, see, pass, get, now } = stage();
    see(comparison("web: app path does not exist"));
    pass(100);
    const { suspicion } = get("shop");
    if (suspicion) suspicion.refreshes.pending = "120";
    const at = (resourceVersion: string, annotations?: Record<string, string>) =>
      board.observe(
        "Application",
        comparison("web: app path does not exist", {
          "metadata.resourceVersion": resourceVersion,
          "metadata.annotations": annotations,
        }),
        false,
        now(),
      );
    at("99");
    at("119");
    at("120", { [refreshAnnotation]: "hard" });
    at("121", { [refreshAnnotation]: "hard" });
    pass(5_000);
    expect(get("shop").final).toBeUndefined();
    at("122");
    pass(100);
    expect(get("shop").final).toBeDefined();
  });

  it("is not repeated by another failure that the refresh brought to light", () => {
    const { see, pass, get, refresh } = stage();
    see(comparison("web: app path does not exist"));
    pass(2_000);
    refresh("shop", comparison("shop.yaml: no such template"));
    expect(pass(10_000)).toBe("running");
    refresh("shop");
    expect(pass(2_000)).toBe("decided");
    expect(get("shop").final?.message).toBe("shop.yaml: no such template");
  });

  it("is forgotten when a refresh heals it", () => {
    const { see, pass, refresh } = stage();
    see(comparison("web: app path does not exist"));
    pass(2_000);
    refresh("shop", passing("shop"));
    expect(pass(settleMs + 200)).toBe("passed");
  });

  it("of a transport is the infrastructure's, after 40 s, in whatever words", () => {
    const { see, pass, get } = stage();
    see(comparison("dial tcp: lookup x: no such host"));
    pass(15_000);
    see(comparison("dial tcp 192.0.2.1:443: i/o timeout"));
    pass(15_000);
    see(comparison("connection refused"));
    expect(pass(9_000)).toBe("running");
    expect(pass(5_000)).toBe("decided");
    expect(get("shop").final).toMatchObject({ code: "transport", class: "infrastructure" });
  });

  it("that has lasted is not final at the moment it heals", () => {
    const { see, pass, get } = stage();
    see(comparison("connection refused"));
    pass(39_000);
    see(passing("shop", running));
    expect(pass(10_000)).toBe("running");
    expect(get("shop").final).toBeUndefined();
    see(passing("shop"));
    expect(pass(settleMs + 200)).toBe("passed");
  });

  it("lies dormant while a try starts over, and is the same one when it fails again", () => {
    const { see, pass, get } = stage();
    const retry = (changes: Changes) => passing("shop", { "status.health.status": "Degraded", ...changes });
    see(retry({}));
    pass(8_000);
    see(retry(running));
    pass(8_000);
    see(retry({}));
    expect(pass(3_900)).toBe("running");
    expect(pass(3_000)).toBe("decided");
    expect(get("shop").final?.finality).toBe("it lasted 20 s");
  });

  it("that lay dormant for long starts anew", () => {
    const { see, pass } = stage();
    see(passing("shop", { "status.health.status": "Degraded" }));
    pass(8_000);
    see(passing("shop", { "status.health.status": "Progressing" }));
    pass(15_000);
    see(passing("shop", { "status.health.status": "Degraded" }));
    expect(pass(19_000)).toBe("running");
    expect(pass(5_000)).toBe("decided");
  });
});

describe("a failure that another Application may heal", () => {
  const missingKind = (changes: Changes = {}) =>
    passing("shop", {
      "status.operationState": failedSync([result('no matches for kind "Plan" in version "a.b/v1"')], {
        failures: 2,
        limit: -1,
      }),
      ...changes,
    });

  it("is final when nothing else makes progress", () => {
    const { see, pass, get } = stage();
    see(missingKind(), passing("blog"));
    expect(pass(7_900)).toBe("running");
    expect(pass(3_000)).toBe("decided");
    expect(get("shop").final?.finality).toMatch(/^nothing else made progress/);
  });

  it("is not final while another does", () => {
    const { see, pass, get } = stage();
    see(missingKind());
    for (let step = 0; step < 5; step++) {
      see(
        passing("blog", {
          "status.health.status": "Progressing",
          "status.operationState.message": `step ${step}`,
        }),
      );
      expect(pass(10_000)).toBe("running");
    }
    expect(get("shop").final).toBeUndefined();
    see(passing("blog"), passing("shop"));
    expect(pass(settleMs + 200)).toBe("passed");
  });

  it("is final although it is tried again every few seconds, and others fail likewise", () => {
    const { see, pass, get } = stage();
    const again = {
      "status.operationState.finishedAt": undefined,
      "status.operationState.syncResult": undefined,
    };
    let state = "running";
    for (let second = 0; second < 60 && state === "running"; second += 5) {
      see(missingKind(), {
        ...missingKind(),
        metadata: { name: "blog", namespace: "argocd", resourceVersion: "1" },
      });
      state = pass(4_500);
      if (state !== "running") break;
      see(missingKind(again));
      state = pass(500);
    }
    expect(state).toBe("decided");
    expect(get("shop").final?.code).toBe("missing-kind");
  });

  it("is open again when another moves after all", () => {
    const { see, pass, get } = stage();
    const slow = (changes: Changes) => passing("blog", { "status.health.status": "Progressing", ...changes });
    see(missingKind(), slow({}));
    expect(pass(35_000)).toBe("running");
    expect(get("shop").final).toBeDefined();
    see(slow({ "status.operationState.message": "moved" }));
    pass(100);
    expect(get("shop").final).toBeUndefined();
    see(passing("shop"), passing("blog"));
    expect(pass(settleMs + 200)).toBe("passed");
  });

  it("is final, although one Application flaps without end", () => {
    const { see, pass, get } = stage();
    see(missingKind());
    let state = "running";
    for (let second = 0; second < 300 && state === "running"; second += 2) {
      see(passing("blog", second % 4 === 0 ? { "status.health.status": "Progressing" } : {}));
      state = pass(2_000);
    }
    expect(state).toBe("decided");
    expect(get("shop").final?.code).toBe("missing-kind");
  });
});

describe("after a failure for good", () => {
  const failed = passing("shop", { "status.operationState": failedSync([result("x is invalid: y")]) });

  it("the others get until none of them has changed for 15 s", () => {
    const { see, pass } = stage();
    see(failed, passing("blog", { "status.health.status": "Progressing" }));
    pass(10_000);
    see(passing("blog", { "status.health.status": "Progressing", "status.operationState.message": "moved" }));
    expect(pass(14_900)).toBe("running");
    expect(pass(300)).toBe("decided");
  });

  it("what has failed may change as it likes", () => {
    const { see, pass } = stage();
    see(failed, passing("blog", { "status.health.status": "Progressing" }));
    let state = "running";
    let seconds = 0;
    for (; seconds < 100 && state === "running"; seconds += 2) {
      see(
        passing("shop", {
          "status.operationState": failedSync([result("x is invalid: y")], { failures: 1 + seconds }),
        }),
      );
      state = pass(2_000);
    }
    expect(state).toBe("decided");
    expect(seconds).toBeLessThan(20);
  });

  it.each([
    ["heals itself without end", { "status.health.status": "Progressing" }, running],
    ["is well every other time", { "status.health.status": "Progressing" }, {}],
    ["falls out of sync every other time", { "status.sync.status": "OutOfSync" }, running],
  ])("one that %s does not keep the run from ending within a minute", (_what, one, other) => {
    const { see, pass } = stage();
    see(failed);
    let state = "running";
    let seconds = 0;
    for (; seconds < 300 && state === "running"; seconds += 2) {
      see(passing("blog", seconds % 4 === 0 ? one : other));
      state = pass(2_000);
    }
    expect(state).toBe("decided");
    expect(seconds).toBeLessThanOrEqual(94); // 30 s out of sync are final, which is news
  });

  it("everyone who still makes it is waited for, as long as there is news", () => {
    const { see, pass, get } = stage();
    const slow = Array.from({ length: 20 }, (_, index) => `app-${index}`);
    see(failed, ...slow.map((name) => passing(name, { "status.health.status": "Progressing" })));
    for (const name of slow) {
      expect(pass(10_000)).toBe("running");
      see(passing(name));
    }
    expect(pass(2_000)).toBe("decided");
    for (const name of slow) expect(get(name).finding.state).toBe("passed");
  });
});

it("looks at an object once, however often it concludes", () => {
  const { board, see, pass, get } = stage();
  see(...Array.from({ length: 500 }, (_, index) => passing(`app-${index}`)));
  see(passing("slow", { "status.health.status": "Progressing" }));
  pass(100);
  const { finding } = get("app-7");
  pass(20_000);
  expect(get("app-7").finding).toBe(finding);
  expect(board.all.size).toBe(501);
});

it("judges several sources by all of their revisions", () => {
  const chart = { repoURL: "https://charts.example", chart: "web", targetRevision: "1.x" };
  const { see, pass } = stage();
  see(passingMany("shop", [chart, web], ["1.2.3", older]));
  expect(pass(10_000)).toBe("running");
  see(passingMany("shop", [chart, web], ["1.2.3", merge]));
  expect(pass(settleMs + 200)).toBe("passed");
});
