import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { verdict } from "../rehearsal/verdict-fixture.ts";
import { type Claim, claimOf, parseClaim } from "./claim.ts";

const by = { instance: "homelab", run: { id: 4711, attempt: 2 } };
const passed = {
  schema: 1,
  result: "passed",
  head: "c".repeat(40),
  base: "b".repeat(40),
  merge: "a".repeat(40),
  summary: "All 2 Applications passed.",
  instance: "homelab",
  run: "4711.2",
} satisfies Claim;

describe("the claim of a verdict", () => {
  test("is what it says, of which commits, by which run", () => {
    expect(claimOf(verdict([], { result: "passed", summary: "All 2 Applications passed." }), by)).toEqual(
      passed,
    );
  });

  test("has no commits where the rehearsal ended before it knew them", () => {
    const claim = claimOf(verdict([], { result: "misused", repository: undefined, summary: "No root." }), by);
    expect(claim).toEqual({
      schema: 1,
      result: "misused",
      summary: "No root.",
      instance: "homelab",
      run: "4711.2",
    });
    expect(parseClaim(JSON.stringify(claim))).toEqual({ claim });
  });

  test("is never one that passed without saying what", () => {
    expect(() => claimOf(verdict([], { result: "passed", repository: undefined }), by)).toThrow("no commit");
  });

  test("puts a summary of any length and origin on one short line", () => {
    const claim = claimOf(verdict([], { summary: `line\n::error::x\u001b[31m${"x".repeat(9_000)}` }), by);
    expect(claim.summary).toMatch(/^line : ?:error::xx+…$/);
    expect(claim.summary).toHaveLength(600);
  });

  test("can be read again, whatever the summary", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 2_000 }), (summary) => {
        const claim = claimOf(verdict([], { summary }), by);
        expect(parseClaim(JSON.stringify(claim))).toEqual({ claim });
      }),
    );
  });
});

describe("a text that is no claim", () => {
  const { head: _, ...headless } = passed;
  test.each([
    ["empty", "", "no JSON"],
    ["cut off", JSON.stringify(passed).slice(0, -1), "no JSON"],
    ["null", "null", "expected object"],
    ["a list", JSON.stringify([passed]), "expected object"],
    ["a word", '"passed"', "expected object"],
    ["of a later schema", JSON.stringify({ ...passed, schema: 2 }), "schema 2"],
    ["without schema", JSON.stringify({ ...passed, schema: undefined }), '"schema"'],
    ["with a schema in words", JSON.stringify({ ...passed, schema: "1" }), '"schema"'],
    ["with an unknown result", JSON.stringify({ ...passed, result: "success" }), '"result"'],
    ["passed, of no head", JSON.stringify(headless), '"head"'],
    ["of a short SHA", JSON.stringify({ ...passed, head: "ccccccc" }), "no full commit SHA"],
    ["of a branch", JSON.stringify({ ...passed, base: "main" }), "no full commit SHA"],
    ["with more than it may say", JSON.stringify({ ...passed, open: true }), '"open"'],
    ["of no run", JSON.stringify({ ...passed, run: "0.1" }), '"run"'],
    ["of half a run", JSON.stringify({ ...passed, run: "4711" }), '"run"'],
    ["with a summary too long", JSON.stringify({ ...passed, summary: "x".repeat(601) }), '"summary"'],
    ["huge", JSON.stringify({ ...passed, summary: "x".repeat(10_000) }), "more than 8192"],
  ])("%s", (_name, text, problem) => {
    expect(parseClaim(text)).toEqual({ problem: expect.stringContaining(problem) });
  });

  test("never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseClaim(text)).toHaveProperty("problem");
      }),
    );
  });
});
