import { describe, expect, it } from "vitest";
import { type Changes, failedSync, operation, result } from "./application-fixture.ts";
import { examineOperation } from "./operation.ts";

const job: Changes = { group: "batch", kind: "Job", name: "migrate", hookType: "PreSync" };
const failedHook = result("Job has reached the specified backoff limit", {
  ...job,
  status: "Synced",
  hookPhase: "Failed",
});
const missingKind = result(
  'The Kubernetes API could not find a.b/Foo for requested resource web/x. Make sure the "Foo" CRD is installed on the destination cluster.',
);
const immutable = result('Service "web" is invalid: spec.clusterIP: field is immutable');
const unreachable = result(
  'Get "https://127.0.0.1:6443/api": dial tcp 127.0.0.1:6443: connect: connection refused',
);

it("says nothing of a sync that succeeded, runs, is tried again or is ended", () => {
  expect(examineOperation(operation())).toBeUndefined();
  expect(examineOperation(operation({ phase: "Running", finishedAt: undefined }))).toBeUndefined();
  const again = { phase: "Running", finishedAt: undefined, syncResult: undefined, retryCount: 2 };
  expect(examineOperation(operation(again))).toBeUndefined();
  expect(examineOperation(operation({ phase: "Terminating" }))).toBeUndefined();
});

describe("a hook that fails", () => {
  it("may heal the first time, and is final the second", () => {
    expect(examineOperation(failedSync([failedHook], { failures: 1 }))).toMatchObject({
      state: "suspect",
      finality: { when: "retried", times: 2 },
    });
    expect(examineOperation(failedSync([failedHook], { failures: 2 }))).toEqual({
      state: "suspect",
      reason: {
        code: "hook",
        class: "change",
        message: "PreSync hook failed: Job has reached the specified backoff limit",
        resource: { group: "batch", kind: "Job", namespace: "web", name: "migrate" },
        finality: "it failed 2 times (its retry limit is 5)",
      },
      finality: { when: "now" },
    });
  });

  it("is final where nothing tries again", () => {
    const once = examineOperation(failedSync([failedHook], { limit: 0, spent: true }));
    expect(once).toMatchObject({ reason: { code: "hook", finality: undefined }, finality: { when: "now" } });
    const often = examineOperation(failedSync([failedHook], { failures: 6, spent: true }));
    expect(often).toMatchObject({
      reason: { finality: "it failed 6 times, and its retries are spent" },
      finality: { when: "now" },
    });
  });

  it("says that its retries have no limit", () => {
    expect(examineOperation(failedSync([failedHook], { failures: 2, limit: -1 }))).toMatchObject({
      reason: { finality: "it failed 2 times (its retries have no limit)" },
    });
  });

  it("is not what failed where it could not even be created", () => {
    const uncreated = { ...job, hookPhase: "Failed" };
    const inMissing = examineOperation(
      failedSync([result('namespaces "web" not found', uncreated)], { failures: 4 }),
    );
    expect(inMissing).toMatchObject({ reason: { code: "missing-namespace" }, finality: { when: "quiet" } });
    const unheard = examineOperation(
      failedSync([result(unreachable.message ?? "", uncreated)], { failures: 4 }),
    );
    expect(unheard).toMatchObject({ reason: { code: "transport", class: "infrastructure" } });
  });
});

describe("an object that the API refuses", () => {
  it("is final at the first try where no repetition heals it", () => {
    expect(examineOperation(failedSync([immutable]))).toMatchObject({
      reason: { code: "rejected", class: "change", resource: { kind: "Deployment", name: "web" } },
      finality: { when: "now" },
    });
  });

  it("decides before one that another Application may heal", () => {
    expect(examineOperation(failedSync([missingKind, immutable]))).toMatchObject({
      reason: { code: "rejected" },
    });
  });

  it("lets the same sync bring a kind that its first try lacked", () => {
    const first = examineOperation(failedSync([missingKind], { failures: 1, limit: 5 }));
    expect(first).toMatchObject({ reason: { code: "missing-kind" }, finality: { when: "retried" } });
  });

  it("waits for another Application to bring its kind, however often it fails, until its retries are spent", () => {
    for (const failures of [2, 3, 9])
      expect(examineOperation(failedSync([missingKind], { failures, limit: -1 }))).toMatchObject({
        reason: { code: "missing-kind" },
        finality: { when: "quiet" },
      });
    expect(examineOperation(failedSync([missingKind], { failures: 6, spent: true }))).toMatchObject({
      reason: { code: "missing-kind", finality: "it failed 6 times, and its retries are spent" },
      finality: { when: "now" },
    });
  });

  it("for a reason that nobody knows is final at the third try", () => {
    const unknown = result("something new");
    expect(examineOperation(failedSync([unknown], { failures: 2 }))).toMatchObject({
      finality: { when: "retried", times: 3 },
    });
    expect(examineOperation(failedSync([unknown], { failures: 3 }))).toMatchObject({
      reason: {
        code: "sync",
        message: "something new",
        finality: "it failed 3 times (its retry limit is 5)",
      },
      finality: { when: "now" },
    });
  });
});

it("never blames the change for an API that does not answer, spent or not", () => {
  for (const spent of [false, true])
    expect(examineOperation(failedSync([unreachable], { failures: 6, spent }))).toMatchObject({
      reason: { code: "transport", class: "infrastructure" },
      finality: { when: "lasting" },
    });
});

it("says that a resource failed which its wave waited for", () => {
  const degraded = result('Deployment "web" exceeded its progress deadline', {
    status: "Synced",
    hookPhase: "Failed",
  });
  expect(examineOperation(failedSync([degraded], { failures: 3 }))).toMatchObject({
    reason: {
      code: "degraded",
      message: 'apps/Deployment web/web failed: Deployment "web" exceeded its progress deadline',
    },
    finality: { when: "now" },
  });
});

describe("without a resource at fault", () => {
  const whole = (message: string) => examineOperation(failedSync([], { message, failures: 1 }));

  it("reads the error of a comparison as one", () => {
    expect(
      whole("ComparisonError: Failed to load target state: failed to list refs: authentication required"),
    ).toMatchObject({
      reason: { code: "source", class: "configuration" },
      finality: { when: "retried" },
    });
    expect(whole("ComparisonError: Failed to load target state: dial tcp: i/o timeout")).toMatchObject({
      reason: { code: "transport", class: "infrastructure" },
      finality: { when: "lasting" },
    });
  });

  it("reads the message of the operation", () => {
    expect(
      whole(
        "one or more synchronization tasks are not valid: the server could not find the requested resource",
      ),
    ).toMatchObject({ reason: { code: "missing-kind" } });
    expect(whole("")).toMatchObject({ reason: { code: "sync" } });
  });

  it("always has a message", () => {
    const silent = result("", { status: "SyncFailed" });
    expect(examineOperation(failedSync([silent]))).toMatchObject({
      reason: { message: "one or more objects failed to apply." },
    });
    expect(examineOperation(operation({ phase: "Error", message: "" }))).toMatchObject({
      reason: { message: "the sync failed" },
    });
  });
});
