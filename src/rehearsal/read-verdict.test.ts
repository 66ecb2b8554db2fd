import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../runner/errors.ts";
import { verdictOfError } from "./error-verdict.ts";
import { readVerdict, verdictMaxBytes } from "./read-verdict.ts";
import { shownChanges, type Verdict } from "./verdict.ts";
import { application, clock, failed, verdict } from "./verdict-fixture.ts";

const passed = verdict([application("root"), application("shop", { parent: "root" })], {
  result: "passed",
  evidence: { mergeServed: 3, otherHosts: [] },
});

/** Reads what stands in JSON once a test has changed it. */
function read(of: Verdict, change: (json: Record<string, unknown>) => void = () => {}): Verdict {
  const json = JSON.parse(JSON.stringify(of));
  change(json);
  return readVerdict(JSON.stringify(json));
}

describe("a verdict that a rehearsal wrote is read as it was", () => {
  const irrelevant = verdict([], {
    ...{ result: "passed", irrelevant: "only documentation changes", engine: undefined, argocd: undefined },
    ...{ changes: [{ path: "a.md", kind: "modified", applications: [] }], changed: 1 },
  });
  const broken = verdict(
    [
      failed("shop", { resource: { kind: "Job", name: "x" }, place: { file: "a.yaml" }, finality: "twice" }),
      application("root", { state: "waiting", waitsFor: ["shop"] }),
    ],
    { weakened: [{ setting: "s", message: "m", where: { file: "f", line: 1 }, allowed: false }] },
  );
  const diagnosed = application("x", {
    state: "unfinished",
    reason: { code: "crash", class: "infrastructure", message: "m" },
    diagnosis: {
      ...{ others: ["o"], nodes: [], incomplete: [] },
      pods: [{ pod: "n/p", node: undefined, state: "Pending", lines: ["l"] }],
    },
  });
  it.each([
    ["passed", passed],
    ["failed", broken],
    ["diagnosed", verdict([diagnosed], { usage: { cpuSeconds: 1.5, peakMemoryBytes: 2 } })],
    ["irrelevant", irrelevant],
    ["nothing to rehearse", verdict([])],
    ["a defect", verdictOfError(new TypeError("x"), clock)],
    ["misused", verdictOfError(new UsageError("x", { where: { file: "f" }, fix: "y" }), clock)],
    ["not settled", { ...passed, result: "failed" }],
  ] as [string, Verdict][])("%s", (_, of) => {
    expect(read(of)).toEqual(of);
  });
});

describe("malformed is", () => {
  it.each([
    ["no JSON", "{", "it is not JSON"],
    ["nothing", "", "it is not JSON"],
    ["a list", "[]", "all of it"],
    ["null", "null", "all of it"],
    ["an empty object", "{}", "schema"],
    ["a schema of words", '{"schema":"3"}', "schema"],
  ])("%s", (_, text, says) => {
    expect(() => readVerdict(text)).toThrow(UsageError);
    expect(() => readVerdict(text)).toThrow(says);
  });

  it("what is too large to be held", () => {
    expect(() => readVerdict(" ".repeat(verdictMaxBytes + 1))).toThrow("more than 16 MiB");
  });

  const long = (length: number) => "x".repeat(length);
  it.each([
    ["a key more", "unknown", 1],
    ["a name too long", "applications.0.name", long(1_025)],
    ["a name that is none", "applications.0.name", ""],
    ["a message too long", "summary", long(262_145)],
    ["too many Applications", "applications", Array(10_001).fill(application("x"))],
    [
      "too many changes",
      "changes",
      Array(shownChanges + 1).fill({ path: "a", kind: "added", applications: [] }),
    ],
    ["a short SHA", "repository.head", "c0ffee"],
    ["a SHA that is none", "repository.merge", "g".repeat(40)],
    ["a negative time", "timings.total", -1],
    ["half a change", "changed", 0.5],
    ["a date that is none", "startedAt", "yesterday"],
    ["a state that is none", "applications.0.state", "fine"],
    ["a number for a name", "applications.0.name", 1],
    ["null for nothing", "error", null],
    ["a prototype", "applications.0.__proto__x", {}],
    ["a line before the first", "applications.0.place", { file: "a", line: 0 }],
  ])("%s", (_, path, value) => {
    expect(() =>
      read(passed, (json) => {
        const keys = path.split(".");
        const last = keys.pop() ?? "";
        const at = keys.reduce<Record<string, unknown>>(
          (part, key) => part[key] as Record<string, unknown>,
          json,
        );
        at[last] = value;
      }),
    ).toThrow(/^the verdict is malformed: /);
  });

  it("an own prototype, which JSON can have", () => {
    const text = JSON.stringify(passed).replace("{", '{"__proto__":{"result":"passed"},');
    expect(() => readVerdict(text)).toThrow("malformed");
  });
});

it("says so of another schema", () => {
  const older = () => read(passed, (json) => Object.assign(json, { schema: 2 }));
  expect(older).toThrow("the verdict is of schema 2, and this version reads 3");
});

describe("no honest verdict", () => {
  it.each([
    ["passed where an Application did not", { applications: [application("a"), failed("b")] }],
    ["passed where one waits", { applications: [application("a", { state: "waiting" })] }],
    ["passed without any Application", { applications: [] }],
    [
      "passed with an error",
      { applications: [], error: { message: passed.summary, where: undefined, fix: undefined } },
    ],
    ["passed at nothing", { repository: undefined }],
    ["passed without an engine", { engine: undefined }],
    ["passed without evidence", { evidence: undefined }],
    [
      "passed unserved",
      {
        evidence: { mergeServed: 0, otherHosts: [] },
        applications: [
          application("a", {
            sources: [{ repoURL: "u", what: ".", targetRevision: "HEAD", kind: "merge", revision: "a" }],
          }),
        ],
      },
    ],
    ["is irrelevant with Applications", { irrelevant: "nothing" }],
    ["failed, and was irrelevant", { result: "failed", irrelevant: "nothing", applications: [] }],
    [
      "passed with a setting that is not allowed",
      { weakened: [{ setting: "s", message: "m", where: { file: "f" }, allowed: false }] },
    ],
    ["passed with a reason", { applications: [{ ...failed("a"), state: "passed" }] }],
    ["failed without a reason", { result: "failed", applications: [application("a", { state: "failed" })] }],
    ["names one twice", { applications: [application("a"), application("a")] }],
    ["counts fewer changes than it names", { changes: [{ path: "a", kind: "added", applications: [] }] }],
    [
      "ended early with Applications",
      { result: "failed", error: { message: passed.summary, where: undefined, fix: undefined } },
    ],
    ["says one thing and sums up another", { ...verdictOfError(new Error("x"), clock), summary: "y" }],
  ] as [string, Partial<Verdict>][])("%s", (_, change) => {
    expect(() => read({ ...passed, ...change })).toThrow(/^the verdict is malformed: /);
  });
});

it("throws nothing but UsageError, of one short line, whatever it is given", () => {
  const bits = fc.oneof(fc.jsonValue(), fc.constantFrom(passed, passed.applications, "passed", 3));
  const near = fc
    .tuple(fc.constantFrom(...Object.keys(passed)), bits)
    .map(([key, value]) => ({ ...passed, [key]: value }));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        bits.map((json) => JSON.stringify(json)),
        near.map((json) => JSON.stringify(json)),
      ),
      (text) => {
        try {
          expect(readVerdict(text).schema).toBe(3);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          expect((error as Error).message.length).toBeLessThan(400);
        }
      },
    ),
    { numRuns: 500 },
  );
});
