import { describe, expect, test } from "vitest";
import { decide } from "./decide.ts";
import type { GateFacts } from "./facts.ts";
import { commits, facts, mergeGroupEvent, needs, passedClaim, pullRequestEvent } from "./gate-fixture.ts";

const { newer } = commits;
const now = facts().now as NonNullable<GateFacts["now"]>;

function jobs(...results: [name: string, result: string, claim: unknown][]): string {
  return JSON.stringify(
    Object.fromEntries(
      results.map(([name, result, claim]) => [name, { result, outputs: { verdict: JSON.stringify(claim) } }]),
    ),
  );
}

function because(text: string, fix: string) {
  return {
    open: false,
    lines: [{ text: expect.stringContaining(text), fix: expect.stringContaining(fix) }],
  };
}

describe("the gate is open", () => {
  test.each<[string, Partial<GateFacts>]>([
    ["where this head passed on this base", {}],
    ["where the asked instance passed", { instance: "homelab" }],
    ["where an earlier attempt of this run passed", { needs: needs({ ...passedClaim, run: "4711.1" }) }],
    [
      "where the payload's base is older than what was rehearsed",
      {
        event: { ...pullRequestEvent, base: { sha: newer, ref: "main" } },
      },
    ],
    ["for a fork", { event: { ...pullRequestEvent, fromFork: true } }],
    ["for a merge group", { event: mergeGroupEvent, now: undefined }],
  ])("%s", (_name, changes) => {
    const { open, lines } = decide(facts(changes));
    expect(open).toBe(true);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.text).toMatch(
      /^rehearse: All 2 Applications passed\. \(ccccccc into .*main at bbbbbbb\)$/,
    );
  });

  test("where each of several jobs passed", () => {
    const both = jobs(["blue", "success", passedClaim], ["green", "success", passedClaim]);
    expect(decide(facts({ needs: both }))).toMatchObject({ open: true, lines: [{}, {}] });
  });
});

describe("the gate is shut", () => {
  test.each<[string, Partial<GateFacts>, string, string]>([
    ["on a draft", { now: { ...now, draft: true } }, "is a draft", "ready for review"],
    [
      "on a draft whose job was skipped, for one reason",
      { now: { ...now, draft: true }, needs: needs(null, "skipped") },
      "is a draft",
      "ready_for_review",
    ],
    [
      "on one that was a draft when the run began",
      { event: { ...pullRequestEvent, draft: true } },
      "began while",
      "marked as ready",
    ],
    ["on a closed pull request", { now: { ...now, state: "closed" } }, "is closed", "Reopen"],
    ["on a head that moved", { now: { ...now, head: newer } }, "on to ddddddd", "newer commit"],
    [
      "on a head that moved, also for a claim of the newer one",
      { now: { ...now, head: newer }, needs: needs({ ...passedClaim, head: newer }) },
      "on to ddddddd",
      "newer commit",
    ],
    ["on another target", { now: { ...now, baseBranch: "production" } }, "into production", "reopen"],
    ["on an unknown state", { now: undefined }, "not known", "Re-run all"],
    ["on a push", { event: { name: "other", event: "push" } }, "event push", "pull_request"],
    ["by hand", { event: { name: "other", event: "workflow_dispatch" } }, "workflow_dispatch", "merge_group"],
    ["without needs", { needs: "{}" }, "needs no job", "`needs:`"],
    ["on needs cut off", { needs: '{"rehearse":' }, "no JSON object", "toJSON(needs)"],
    ["on empty needs", { needs: "" }, "no JSON object", "toJSON(needs)"],
    ["on null", { needs: "null" }, "no JSON object", "toJSON(needs)"],
    ["on a list", { needs: "[]" }, "no JSON object", "toJSON(needs)"],
    ["on a word", { needs: '"success"' }, "no JSON object", "toJSON(needs)"],
    ["on a job without result", { needs: '{"rehearse":{"outputs":{}}}' }, "how the job", "toJSON(needs)"],
    [
      "on an output that is no text",
      { needs: '{"a":{"result":"success","outputs":{"verdict":{}}}}' },
      "how",
      "",
    ],
    ["on a skipped job", { needs: needs(null, "skipped") }, "was skipped", "without `if:`"],
    ["on a cancelled job", { needs: needs(null, "cancelled") }, "was cancelled", "Re-run all"],
    [
      "on a cancelled job that passed",
      { needs: needs(passedClaim, "cancelled") },
      "was cancelled",
      "Re-run all",
    ],
    ["on a failure", { needs: needs(null, "failure") }, "without a verdict", "log"],
    ["on a failure after passing", { needs: needs(passedClaim, "failure") }, "another step", "log"],
    [
      "on a failure with its verdict",
      { needs: needs({ ...passedClaim, result: "failed", summary: "shop burns." }, "failure") },
      "does not work: shop burns.",
      "push",
    ],
    [
      "on a result that GitHub may invent",
      { needs: needs(passedClaim, "neutral") },
      '"neutral"',
      "Re-run all",
    ],
    ["without output", { needs: needs(null) }, "says nothing", "`outputs:`"],
    ["on a job without outputs", { needs: '{"rehearse":{"result":"success"}}' }, "says nothing", "secret"],
    ["on an empty output", { needs: needs("") }, "says nothing", "`outputs:`"],
    ["on a malformed claim", { needs: needs("passed") }, "no verdict: it is no JSON", "as it is"],
    [
      "on a claim of another schema",
      { needs: needs({ ...passedClaim, schema: 2 }) },
      "schema 2",
      "one release",
    ],
    ["on failed", { needs: needs({ ...passedClaim, result: "failed" }) }, "does not work: All 2", "push"],
    ["on misused", { needs: needs({ ...passedClaim, result: "misused" }) }, "set up wrongly: All 2", "log"],
    [
      "on infrastructure",
      { needs: needs({ ...passedClaim, result: "infrastructure" }) },
      "carried out: All 2",
      "Re-run all",
    ],
    ["on another instance", { instance: "cloud" }, '"homelab", and the gate asks for "cloud"', "`instance`"],
    ["on another run", { needs: needs({ ...passedClaim, run: "4710.2" }) }, "run 4710.2", "own workflow"],
    ["on a later attempt", { needs: needs({ ...passedClaim, run: "4711.3" }) }, "run 4711.3", "own workflow"],
    [
      "on another head",
      { needs: needs({ ...passedClaim, head: newer }) },
      "ddddddd was",
      "rehearse the commit",
    ],
    ["on another base", { needs: needs({ ...passedClaim, base: newer }) }, "into ddddddd", "Re-run all"],
    [
      "on a base that moved",
      { now: { ...now, baseTip: newer } },
      "main is ddddddd now",
      "Updating the branch",
    ],
    [
      "on a merge group's other head",
      { event: { ...mergeGroupEvent, headSha: newer }, now: undefined },
      "ccccccc was rehearsed, and not ddddddd",
      "",
    ],
    [
      "on a merge group's other base",
      { event: { ...mergeGroupEvent, baseSha: newer }, now: undefined },
      "merge group's base of main is ddddddd",
      "Re-run all",
    ],
  ])("%s", (_name, changes, text, fix) => {
    expect(decide(facts(changes))).toEqual(because(text, fix));
  });

  test("where one of several jobs did not pass, whatever its name", () => {
    for (const name of ["zoo", "__proto__", "constructor", "1"]) {
      const text = `{"rehearse":${JSON.stringify(JSON.parse(needs()).rehearse)},${JSON.stringify(name)}:{"result":"skipped","outputs":{}}}`;
      const { open, lines } = decide(facts({ needs: text }));
      expect(open).toBe(false);
      expect(lines.map((line) => line.text.split(":")[0]).toSorted()).toEqual(["rehearse", name].toSorted());
    }
  });

  test("says something of every job", () => {
    const several = jobs(["blue", "success", passedClaim], ["green", "failure", undefined]);
    expect(decide(facts({ needs: several }))).toMatchObject({
      open: false,
      lines: [
        { text: expect.stringMatching(/^blue: All 2/) },
        { text: expect.stringMatching(/^green: .*failed/) },
      ],
    });
  });
});
