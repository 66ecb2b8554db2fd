import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "./decide.ts";
import type { GateFacts } from "./facts.ts";
import { commits, facts, mergeGroupEvent, needs, pullRequestEvent } from "./gate-fixture.ts";

const now = facts().now as NonNullable<GateFacts["now"]>;

// Written from the rule alone: whoever changes `decide` does not change what it is held to.
describe("whatever comes together", () => {
  const some = fc.constantFrom("b", "c", "d").map((letter) => letter.repeat(40));
  const mostly = <T>(usual: T, others: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: others });
  const claims = fc.record(
    {
      schema: mostly<unknown>(1, fc.constantFrom(0, 2, "1", null, true)),
      result: mostly<unknown>(
        "passed",
        fc.constantFrom("failed", "misused", "infrastructure", "success", true),
      ),
      head: mostly<unknown>(commits.head, fc.oneof(some, fc.constantFrom("ccccccc", "", null))),
      base: mostly<unknown>(commits.base, fc.oneof(some, fc.constantFrom("main", "", null))),
      merge: mostly<unknown>(commits.merge, fc.oneof(some, fc.constant(undefined))),
      summary: mostly<unknown>("fine", fc.oneof(fc.string(), fc.constant(undefined))),
      instance: mostly<unknown>("homelab", fc.constantFrom("cloud", "", undefined)),
      run: mostly<unknown>("4711.2", fc.constantFrom("4711.1", "4711.3", "4710.1", "0.0", "4711", undefined)),
    },
    { requiredKeys: ["schema", "result", "head", "base", "merge", "summary", "instance", "run"] },
  );
  const job = fc.record({
    result: mostly<unknown>("success", fc.constantFrom("failure", "cancelled", "skipped", "", undefined)),
    outputs: mostly<unknown>(
      "claim",
      fc.constantFrom(undefined, {}, { verdict: "" }, { verdict: "passed" }, { result: "passed" }),
    ),
    claim: claims,
  });
  const text = fc
    .dictionary(fc.constantFrom("rehearse", "second", "__proto__"), job, { maxKeys: 3 })
    .map((all) =>
      Object.entries(all).map(([name, { result, outputs, claim }]) => {
        const given = outputs === "claim" ? { verdict: JSON.stringify(claim) } : outputs;
        return `${JSON.stringify(name)}:${JSON.stringify({ result, outputs: given })}`;
      }),
    )
    .map((entries) => `{${entries.join(",")}}`);
  const world = fc.record({
    event: fc.oneof(
      {
        weight: 6,
        arbitrary: fc
          .tuple(mostly(commits.head, some), mostly(false, fc.constant(true)))
          .map(([sha, draft]) => ({
            ...pullRequestEvent,
            draft,
            head: { ...pullRequestEvent.head, sha },
          })),
      },
      {
        weight: 3,
        arbitrary: fc
          .tuple(mostly(commits.head, some), mostly(commits.base, some))
          .map(([headSha, baseSha]) => ({ ...mergeGroupEvent, headSha, baseSha })),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom("push", "schedule").map((event) => ({ name: "other" as const, event })),
      },
    ),
    now: mostly<GateFacts["now"]>(
      now,
      fc.option(
        fc.record({
          state: fc.constantFrom("open" as const, "closed" as const),
          draft: fc.boolean(),
          head: some,
          baseBranch: fc.constantFrom("main", "production"),
          baseTip: some,
        }),
        { nil: undefined },
      ),
    ),
    needs: mostly(needs(), text),
    instance: mostly<string | undefined>(undefined, fc.constantFrom("homelab", "cloud")),
  });

  /** The rule as the documentation has it. */
  function mayBeMerged({ event, now, needs, instance }: GateFacts): boolean {
    let wanted: { head: string; base: string };
    if (event.name === "merge_group") wanted = { head: event.headSha, base: event.baseSha };
    else if (event.name !== "pull_request" || !now) return false;
    else {
      const ready = !now.draft && !event.draft;
      const current = now.state === "open" && ready && now.baseBranch === event.base.ref;
      if (!current || now.head !== event.head.sha) return false;
      wanted = { head: now.head, base: now.baseTip };
    }
    const told = [...Object.entries<{ result?: string; outputs?: { verdict?: string } }>(JSON.parse(needs))];
    const proofs = told.filter(([, { result, outputs }]) => {
      if (result !== "success" || !outputs?.verdict?.startsWith("{")) return false;
      const says = JSON.parse(outputs.verdict);
      const wellFormed =
        Object.keys(says).toSorted().join() === "base,head,instance,merge,result,run,schema,summary" &&
        says.schema === 1 &&
        /^[0-9a-f]{40}$/.test(says.merge) &&
        typeof says.summary === "string" &&
        typeof says.instance === "string" &&
        ["4711.1", "4711.2"].includes(says.run);
      const matching = says.result === "passed" && says.head === wanted.head && says.base === wanted.base;
      return wellFormed && matching && (instance === undefined || instance === says.instance);
    });
    return told.length > 0 && proofs.length === told.length;
  }

  test("the gate opens where all conditions hold, and only there", () => {
    let opened = 0;
    fc.assert(
      fc.property(world, (changes) => {
        const all = facts(changes);
        const { open, lines } = decide(all);
        expect(open).toBe(mayBeMerged(all));
        expect(lines.length).toBeGreaterThan(0);
        if (open) opened += 1;
      }),
      { numRuns: 3_000 },
    );
    expect(opened).toBeGreaterThan(100);
  });

  test("nothing that is handed on makes it throw, or opens it", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(decide(facts({ needs: text })).open).toBe(false);
        expect(decide(facts({ needs: needs(text) })).open).toBe(false);
      }),
    );
  });
});
