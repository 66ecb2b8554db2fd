import { expect, it } from "vitest";
import { condition, passing } from "./application-fixture.ts";
import { examineConditions } from "./conditions.ts";

function look(...conditions: readonly [type: string, message: string][]) {
  return examineConditions(
    passing("web", { "status.conditions": conditions.map(([type, message]) => condition(type, message)) }),
  );
}

it("says nothing where there is nothing against it", () => {
  expect(look()).toBeUndefined();
  expect(examineConditions(passing("web"))).toBeUndefined();
  expect(look(["OrphanedResourceWarning", "Application has 1 orphaned resources"])).toBeUndefined();
  expect(look(["ExcludedResourceWarning", "Resource /Event x is excluded in the settings"])).toBeUndefined();
  // The operation says the same, and better.
  expect(look(["SyncError", `Failed last sync attempt to [${"a".repeat(40)}]: x`])).toBeUndefined();
});

it.each([
  ["there are no clusters with this name: production", "spec", "repeated"],
  ["Namespace for web apps/v1, Kind=Deployment is missing.", "spec", "repeated"],
  ["application repo https://x.example/r is not permitted in project 'apps'", "forbidden", "repeated"],
  [
    "application destination server 'https://kubernetes.default.svc' and namespace 'kube-system' do not match any of the allowed destinations in project 'apps'",
    "forbidden",
    "repeated",
  ],
  // The same change may bring it.
  ["Application referencing project apps which does not exist", "missing-project", "quiet"],
])("takes an InvalidSpecError by its message: %s", (message, code, when) => {
  expect(look(["InvalidSpecError", message])).toEqual({
    state: "suspect",
    reason: { code, class: "change", message },
    finality: { when },
  });
});

it.each([
  [
    "ComparisonError",
    "Failed to load target state: rpc error: code = Unavailable desc = x",
    "transport",
    "infrastructure",
  ],
  ["ComparisonError", "Failed to load target state: web: app path does not exist", "manifests", "change"],
  [
    "UnknownError",
    "application 'web' in namespace 'team' is not allowed to use project apps",
    "forbidden",
    "change",
  ],
  ["DeletionError", "error listing resources", "manifests", "change"],
])("takes a %s by its message: %s", (type, message, code, of) => {
  expect(look([type, message])).toMatchObject({ state: "suspect", reason: { code, class: of } });
});

it("takes two Applications of one name for a fault at once", () => {
  const message = "Resource argoproj.io/Application/argocd/web appeared 2 times among application resources.";
  expect(look(["RepeatedResourceWarning", message])).toEqual({
    state: "suspect",
    reason: { code: "duplicate", class: "change", message },
    finality: { when: "now" },
  });
});

it("takes one resource of two Applications for a fault when it lasts", () => {
  expect(
    look(["SharedResourceWarning", "Namespace/web is part of applications argocd/a and b"]),
  ).toMatchObject({
    reason: { code: "duplicate" },
    finality: { when: "lasting" },
  });
});

it("takes a sync that would delete everything for a fault", () => {
  const message = `Skipping sync attempt to [${"a".repeat(40)}]: auto-sync will wipe out all resources`;
  expect(look(["SyncError", message])).toMatchObject({ reason: { code: "manifests", message } });
});

it("names what weighs most where there are several", () => {
  const comparison = ["ComparisonError", "connection refused"] as const;
  const spec = ["InvalidSpecError", "there are no clusters with this name: x"] as const;
  expect(look([...comparison], [...spec])).toMatchObject({ reason: { code: "spec" } });
});
