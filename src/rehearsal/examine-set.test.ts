import { describe, expect, it } from "vitest";
import { type Changes, generating } from "./application-fixture.ts";
import { examineSet } from "./examine-set.ts";

function look(changes: Changes = {}, mayBeEmpty = false) {
  return examineSet(generating("sites", ["blog"], changes), mayBeEmpty);
}

function failing(message: string): Changes {
  return {
    "status.conditions": [
      { type: "ErrorOccurred", status: "True", message },
      { type: "ResourcesUpToDate", status: "False", message },
    ],
  };
}

it("passes an ApplicationSet that has generated something, and is up to date", () => {
  expect(look()).toEqual({ state: "passed" });
});

it.each([
  ["no status", { status: undefined }],
  ["no conditions yet", { "status.conditions": undefined }],
  [
    "nothing said of its resources",
    { "status.conditions": [{ type: "ErrorOccurred", status: "False", message: "" }] },
  ],
  [
    "resources not up to date",
    { "status.conditions": [{ type: "ResourcesUpToDate", status: "False", message: "" }] },
  ],
  [
    "resources of unknown state",
    { "status.conditions": [{ type: "ResourcesUpToDate", status: "Unknown", message: "" }] },
  ],
] satisfies [string, Changes][])("is generating with %s", (_name, changes) => {
  expect(look(changes)).toEqual({ state: "progressing", detail: "generating Applications" });
});

describe("one that generates nothing", () => {
  it.each([[{ "status.resources": [] }], [{ "status.resources": undefined }]])("fails: %j", (changes) => {
    expect(look(changes)).toMatchObject({
      state: "suspect",
      reason: { code: "generates-nothing", class: "change" },
      finality: { when: "lasting", ms: 4_000 },
    });
  });

  it("passes where that is allowed", () => {
    expect(look({ "status.resources": [] }, true)).toEqual({ state: "passed" });
    expect(look({ status: undefined }, true).state).toBe("progressing");
    expect(look(failing("x"), true).state).toBe("suspect");
  });
});

it.each([
  ["ApplicationSet sites contains applications with duplicate name: blog", "generator", "change", 12_000],
  [
    "application destination spec is invalid: there are no clusters with this name: x",
    "generator",
    "change",
    12_000,
  ],
  [
    "error generating params from git: rpc error: code = Unavailable desc = x",
    "transport",
    "infrastructure",
    40_000,
  ],
  ["error getting directories from git: authentication required", "source", "configuration", 12_000],
])("that fails says why: %s", (message, code, of, ms) => {
  expect(look(failing(message))).toMatchObject({
    state: "suspect",
    reason: { code, class: of },
    finality: { when: "lasting", ms },
  });
});

it.each([
  "application references project shop which does not exist",
  'error getting project shop: AppProject.argoproj.io "shop" not found',
])("that wants a project waits for another Application to bring it: %s", (message) => {
  expect(look(failing(message))).toMatchObject({
    reason: { code: "missing-project", class: "change" },
    finality: { when: "quiet" },
  });
});

it("that is being deleted fails, however well it is", () => {
  expect(look({ "metadata.deletionTimestamp": "2026-11-23T05:12:08Z" })).toMatchObject({
    state: "suspect",
    reason: { code: "deleted" },
  });
});
