import { describe, expect, it } from "vitest";
import type { Application } from "../argocd/application.ts";
import {
  type Changes,
  condition,
  expected,
  merge,
  older,
  operation,
  passing,
  passingMany,
  web,
} from "./application-fixture.ts";
import { examine } from "./examine.ts";

function look(application: Application) {
  return examine(application, expected(application));
}

it("passes an Application that is Synced and Healthy at the merge result", () => {
  expect(look(passing("web"))).toEqual({ state: "passed" });
  const chart = { repoURL: "https://charts.example", chart: "web", targetRevision: "1.x" };
  expect(look(passingMany("web", [chart, { ...web, ref: "values" }], ["1.2.3", merge]))).toEqual({
    state: "passed",
  });
});

/** Each takes one piece of the proof away, or contradicts it. */
const incomplete: Record<string, Changes> = {
  "no status": { status: undefined },
  "never reconciled": { "status.reconciledAt": undefined, "status.conditions": undefined },
  "reconciled before its sync ended": { "status.reconciledAt": "2026-11-23T05:12:06Z" },
  "no comparison": { "status.sync": undefined },
  "sync unknown": { "status.sync.status": "Unknown" },
  "sync missing": { "status.sync.status": undefined },
  "out of sync": { "status.sync.status": "OutOfSync" },
  "out of sync, never synced": { "status.sync.status": "OutOfSync", "status.operationState": undefined },
  "no revision": { "status.sync.revision": undefined },
  "an empty revision": { "status.sync.revision": "" },
  "an older revision": { "status.sync.revision": older },
  "the name of the branch for a revision": { "status.sync.revision": "main" },
  "revisions of more sources than there are": { "status.sync.revisions": [merge, merge] },
  "compared to another path": { "status.sync.comparedTo.source.path": "elsewhere" },
  "compared to another repository": { "status.sync.comparedTo.source.repoURL": "https://x.example/r" },
  "compared to another branch": { "status.sync.comparedTo.source.targetRevision": "v1" },
  "compared with several sources": { "status.sync.comparedTo.sources": [web, web] },
  "compared in another namespace": { "status.sync.comparedTo.destination.namespace": "other" },
  "compared on another server": { "status.sync.comparedTo.destination.server": "https://other" },
  "no health": { "status.health": undefined },
  progressing: { "status.health.status": "Progressing" },
  degraded: { "status.health.status": "Degraded" },
  suspended: { "status.health.status": "Suspended" },
  missing: { "status.health.status": "Missing" },
  "health unknown": { "status.health.status": "Unknown" },
  "a sync that runs": {
    "status.operationState.phase": "Running",
    "status.operationState.finishedAt": undefined,
  },
  "a sync of an older revision that runs": {
    "status.operationState.phase": "Running",
    "status.operationState.syncResult.revision": older,
  },
  "a sync that is ended": { "status.operationState.phase": "Terminating" },
  "a sync that has failed": { "status.operationState.phase": "Failed" },
  "a sync that has erred": { "status.operationState.phase": "Error" },
  "a sync that is about to start": { operation: { sync: {} } },
  "being deleted": { "metadata.deletionTimestamp": "2026-11-23T05:12:08Z" },
  "a source hydrator": { "spec.sourceHydrator": { drySource: {} } },
  "no source": { "spec.source": undefined },
  ...Object.fromEntries(
    ["ComparisonError", "InvalidSpecError", "UnknownError", "DeletionError", "SharedResourceWarning"].map(
      (type) => [`a condition ${type}`, { "status.conditions": [condition(type, "something")] }],
    ),
  ),
  "a repeated resource": {
    "status.conditions": [
      condition(
        "RepeatedResourceWarning",
        "Resource /ConfigMap/web/web appeared 2 times among application resources.",
      ),
    ],
  },
};

it.each(Object.entries(incomplete))("does not pass an Application with %s", (_name, changes) => {
  expect(look(passing("web", changes)).state).not.toBe("passed");
});

describe("an Application with several sources", () => {
  const chart = { repoURL: "https://charts.example", chart: "web", targetRevision: "1.x" };
  const sources = [chart, web, { ...web, path: "more" }];

  it.each([
    [["1.2.3", merge, older]],
    [["1.2.3", older, merge]],
    [["", merge, merge]],
    [["1.2.3", merge, ""]],
    [["1.2.3", merge]],
    [["1.2.3", merge, merge, merge]],
    [[merge]],
    [[]],
  ])("does not pass at %j", (revisions) => {
    expect(look(passingMany("web", sources, ["1.2.3", merge, merge])).state).toBe("passed");
    const changes = { "status.sync.revisions": revisions };
    expect(look(passingMany("web", sources, ["1.2.3", merge, merge], changes)).state).not.toBe("passed");
  });

  it("may have sources that render one resource, the last of which wins; but not two Applications of one name", () => {
    const repeated = (resource: string) =>
      condition(
        "RepeatedResourceWarning",
        `Resource ${resource} appeared 2 times among application resources.`,
      );
    const pass = look(
      passingMany("web", [web, web], [merge, merge], {
        "status.conditions": [repeated("/ConfigMap/web/web")],
      }),
    );
    expect(pass.state).toBe("passed");
    const twice = look(
      passingMany("web", [web, web], [merge, merge], {
        "status.conditions": [
          repeated("/ConfigMap/web/web"),
          repeated("argoproj.io/Application/argocd/shop"),
        ],
      }),
    );
    expect(twice).toMatchObject({
      state: "suspect",
      reason: { code: "duplicate" },
      finality: { when: "now" },
    });
  });
});

describe("a wrong revision", () => {
  it("is not the change's fault, and names both", () => {
    expect(look(passing("web", { "status.sync.revision": older }))).toEqual({
      state: "suspect",
      reason: {
        code: "wrong-revision",
        class: "infrastructure",
        message: `compared at ${older} instead of ${merge}`,
      },
      finality: { when: "lasting", ms: 20_000 },
    });
  });

  it("does not concern what has not been compared yet", () => {
    const finding = look(passing("web", { "status.sync.status": "Unknown", "status.sync.revision": "main" }));
    expect(finding).toEqual({ state: "progressing", detail: "comparing" });
  });
});

it("takes no account of how an operation of an earlier revision ended", () => {
  const failed = operation({ phase: "Failed", "syncResult.revision": older });
  expect(look(passing("web", { "status.operationState": failed })).state).toBe("passed");
  const outOfSync = passing("web", { "status.operationState": failed, "status.sync.status": "OutOfSync" });
  expect(look(outOfSync)).toMatchObject({ state: "suspect", reason: { code: "idle" } });
});

describe("out of sync", () => {
  const outOfSync = (changes: Changes = {}) =>
    passing("web", { "status.sync.status": "OutOfSync", ...changes });

  it("with no automated sync is for someone to ask", () => {
    const never = { "status.operationState": undefined };
    for (const automated of [undefined, null, { enabled: false }])
      expect(look(outOfSync({ ...never, "spec.syncPolicy.automated": automated }))).toEqual({
        state: "needs-sync",
      });
    expect(look(outOfSync({ ...never, "spec.syncPolicy.automated": { enabled: true } })).state).toBe(
      "suspect",
    );
  });

  it("again after a sync is a divergence, that names the resource and nothing else of it", () => {
    const resources = [
      { group: "argoproj.io", kind: "Application", namespace: "argocd", name: "other", status: "OutOfSync" },
      {
        group: "apps",
        version: "v1",
        kind: "Deployment",
        namespace: "web",
        name: "web",
        status: "OutOfSync",
        health: {},
      },
    ];
    expect(look(outOfSync({ "status.resources": resources }))).toEqual({
      state: "suspect",
      reason: {
        code: "diverges",
        class: "change",
        message: "was synced, and is out of sync again: apps/Deployment web/web",
        resource: { group: "apps", kind: "Deployment", namespace: "web", name: "web" },
      },
      finality: { when: "lasting", ms: 30_000 },
    });
  });

  it("of a definition alone is given time, however often it was healed: Argo CD sees those late", () => {
    const crd = {
      group: "apiextensions.k8s.io",
      kind: "CustomResourceDefinition",
      name: "a.b",
      status: "OutOfSync",
    };
    const late = (...others: object[]) =>
      look(
        outOfSync({
          "status.resources": [crd, ...others],
          "status.operationState.operation.sync": { autoHealAttemptsCount: 2 },
        }),
      );
    expect(late()).toMatchObject({ finality: { when: "lasting", ms: 120_000 } });
    const service = { kind: "Service", namespace: "web", name: "web", status: "OutOfSync" };
    expect(late(service)).toMatchObject({
      reason: { resource: { kind: "Service" } },
      finality: { when: "now" },
    });
  });

  it("after two tries of self-heal is final", () => {
    const healed = (count: number) =>
      outOfSync({ "status.operationState.operation.sync": { autoHealAttemptsCount: count } });
    expect(look(healed(1))).toMatchObject({ finality: { when: "lasting" } });
    expect(look(healed(2))).toMatchObject({ finality: { when: "now" } });
  });

  it("just after a sync is only not compared again yet", () => {
    expect(look(outOfSync({ "status.reconciledAt": "2026-11-23T05:12:06Z" })).state).toBe("progressing");
  });

  it("behind a sync window is not waited for without end", () => {
    const blocked = outOfSync({
      "status.operationState": operation({
        phase: "Running",
        finishedAt: undefined,
        message: "Sync operation blocked by sync window",
      }),
    });
    expect(look(blocked)).toMatchObject({
      reason: { code: "idle", message: "Sync operation blocked by sync window" },
      finality: { when: "lasting" },
    });
  });
});

describe("health", () => {
  const unwell = (status: string, resource?: object) =>
    look(
      passing("web", {
        "status.health": { status, message: "Caused by apps/Deployment:web/web" },
        ...(resource
          ? {
              "status.resources": [{ kind: "ConfigMap", name: "a", health: { status: "Healthy" } }, resource],
            }
          : {}),
      }),
    );

  it("names the resource at fault", () => {
    const deployment = {
      group: "apps",
      version: "v1",
      kind: "Deployment",
      namespace: "web",
      name: "web",
      status: "Synced",
      health: { status: "Degraded", message: 'Deployment "web" exceeded\n its progress deadline' },
    };
    expect(unwell("Degraded", deployment)).toEqual({
      state: "suspect",
      reason: {
        code: "degraded",
        class: "change",
        message: 'apps/Deployment web/web is Degraded: Deployment "web" exceeded its progress deadline',
        resource: { group: "apps", kind: "Deployment", namespace: "web", name: "web" },
      },
      finality: { when: "lasting", ms: 20_000 },
    });
  });

  it("that no resource explains is told in Argo CD's words", () => {
    expect(unwell("Suspended")).toMatchObject({
      state: "suspect",
      reason: { code: "suspended", message: "Caused by apps/Deployment:web/web" },
    });
    expect(unwell("Progressing")).toEqual({
      state: "progressing",
      detail: "Caused by apps/Deployment:web/web",
    });
  });
});

it("says of a deleted one that it is being deleted, however well it is", () => {
  expect(look(passing("web", { "metadata.deletionTimestamp": "2026-11-23T05:12:08Z" }))).toEqual({
    state: "suspect",
    reason: { code: "deleted", class: "change", message: "is being deleted" },
    finality: { when: "lasting", ms: 15_000 },
  });
});
