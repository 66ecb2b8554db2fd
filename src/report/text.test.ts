import { describe, expect, it } from "vitest";
import { verdictOfError } from "../rehearsal/error-verdict.ts";
import type { Reason } from "../rehearsal/reason.ts";
import type { Verdict } from "../rehearsal/verdict.ts";
import { application, clock, failed, verdict } from "../rehearsal/verdict-fixture.ts";
import { ChangeError } from "../runner/errors.ts";
import { paletteFor } from "./palette.ts";
import { placeText, verdictText } from "./text.ts";

function text(of: Verdict): string {
  return verdictText(of, paletteFor(false)).join("\n");
}

describe("a verdict", () => {
  it("that was refused names every setting that it weakens, and how to let it in", () => {
    const error = { message: "the change weakens", where: { file: "v.yaml", line: 3 }, fix: "Ask." };
    const weakened = [
      { setting: "argocd-access", message: "one", where: { file: "v.yaml", line: 3 }, allowed: false },
      { setting: "argocd-rbac", message: "two", where: { file: "w.yaml" }, allowed: false },
      { setting: "argocd-tools", message: "three", where: { file: "x.yaml" }, allowed: true },
    ];
    expect(
      text(verdict([], { summary: error.message, error, weakened })),
    ).toBe(`✗ FAILED  v.yaml:3: the change weakens
  v.yaml:3: one (argocd-access)
  w.yaml: two (argocd-rbac)
  Ask.`);
  });

  it("that passed names every setting that the base allowed to be weaker", () => {
    const where = { file: "x.yaml", line: 7 };
    const weakened = [{ setting: "argocd-tools", message: "one more container", where, allowed: true }];
    expect(text(verdict([application("web")], { weakened }))).toContain(
      "\nWeaker settings of Argo CD, allowed by the base\n  x.yaml:7: one more container (argocd-tools)\n",
    );
  });

  it("on a change that needs no rehearsal says why", () => {
    const irrelevant = "the only file that changes is documentation";
    const summary = `Nothing to rehearse: ${irrelevant}.`;
    const passed = verdict([], {
      result: "passed",
      summary,
      irrelevant,
      engine: undefined,
      argocd: undefined,
    });
    expect(text(passed)).toBe(`✓ PASSED  ${summary}

cccccccc into main@bbbbbbbb as aaaaaaaa · 1 min 5 s`);
  });

  it("that passes says so, what was not proven, and what ran", () => {
    const passed = verdict(
      [
        application("shop", {
          notProven: [{ why: "no container ran", resources: ["Deployment a", "Deployment b"] }],
        }),
        application("blog", {
          notProven: [
            { why: "no container ran", resources: ["Deployment c"] },
            { why: "no schedule came due", resources: ["CronJob d"] },
          ],
        }),
      ],
      {
        result: "passed",
        summary: "All 2 Applications are Synced and Healthy at the merge result.",
        notes: ["The merge changes no file of main."],
        usage: { cpuSeconds: 20.4, peakMemoryBytes: 2.9e9 },
      },
    );
    expect(text(passed)).toBe(`✓ PASSED  All 2 Applications are Synced and Healthy at the merge result.

Not proven on the simulated engine
  no container ran (3 objects of shop, blog)
  no schedule came due (1 object of blog)

Notes
  The merge changes no file of main.

cccccccc into main@bbbbbbbb as aaaaaaaa · Kubernetes v1.37.2 (simulated) · Argo CD v3.6.1 · 1 min 5 s · 2.9 GB, 20 CPU s`);
  });

  it("that fails names Application, resource, reason and place, and why it was held final", () => {
    const reason: Reason = {
      code: "hook",
      class: "change",
      message: "PreSync hook failed: backoff limit",
      resource: { group: "batch", kind: "Job", namespace: "web", name: "migrate" },
      place: { file: "web/migrate.yaml", line: 4 },
      finality: "it failed 2 times (its retry limit is 5)",
    };
    const lines = text(verdict([failed("shop", reason), application("blog")])).split("\n");
    expect(lines.slice(0, 6)).toEqual([
      "✗ FAILED  1 of 2 Applications did not pass; at fault: shop.",
      "",
      "✗ shop → batch/Job web/migrate",
      "    PreSync hook failed: backoff limit",
      "    web/migrate.yaml:4",
      "    held final because it failed 2 times (its retry limit is 5)",
    ]);
  });

  it("that fails with real containers shows what its Pods told, in few lines, and as data", () => {
    const reason = { code: "crash", class: "change", message: "container app crashes: exit code 1" } as const;
    const lines = Array.from({ length: 9 }, (_, index) => `line ${index}`);
    const pod = { pod: "web/web-1", node: "node-1", state: "Running, not ready", lines };
    const diagnosis = {
      pods: [{ ...pod, lines: ["container app waits", "  log: \u001b[31m::error::x\u001b[0m"] }, pod, pod],
      others: ["event FailedCreate of ReplicaSet web: quota"],
      nodes: ["node node-1: DiskPressure=True"],
      incomplete: ["log of web-2, app: no answer in time"],
    };
    const printed = text(verdict([{ ...failed("shop", reason), diagnosis }])).split("\n");
    expect(printed.slice(2, 19)).toEqual([
      "✗ shop",
      "    container app crashes: exit code 1",
      "    Pod web/web-1 (Running, not ready)",
      "      container app waits",
      "        log: ::error::x",
      "    Pod web/web-1 (Running, not ready)",
      "      line 0",
      "      line 1",
      "      line 2",
      "      line 3",
      "      line 4",
      "      line 5",
      "    and 1 Pod more",
      "    event FailedCreate of ReplicaSet web: quota",
      "    node node-1: DiskPressure=True",
      "    not known: log of web-2, app: no answer in time",
      "",
    ]);
  });

  it("names the failures of one cause together, and who waits", () => {
    const printed = text(
      verdict([
        failed("shop", { message: 'namespaces "shop" not found' }),
        failed("blog", { message: 'namespaces "blog" not found' }),
        failed("zoo"),
        application("root", { state: "waiting", waitsFor: ["shop", "blog"] }),
      ]),
    );
    expect(printed).toContain(
      '✗ shop\n    namespaces "shop" not found\n    and 1 more for the same reason: blog\n✗ zoo\n',
    );
    expect(printed).toContain("◌ root waits for shop, blog");
  });

  it("tells an ApplicationSet, and one that was not done, apart", () => {
    const printed = text(
      verdict(
        [
          {
            ...failed("slow", { code: "timeout", message: "not done in time: syncing" }),
            state: "unfinished",
          },
        ],
        {
          applicationSets: [
            {
              name: "sites",
              namespace: "argocd",
              state: "failed",
              parent: undefined,
              reason: { code: "generates-nothing", class: "change", message: "its generators match nothing" },
              generated: 0,
            },
          ],
        },
      ),
    );
    expect(printed).toContain(
      "● slow\n    not done in time: syncing\n✗ sites\n    its generators match nothing\n",
    );
  });

  it.each([
    ["misused", "✗ NOT REHEARSED  x"],
    ["infrastructure", "✗ NOT PROVEN  x"],
  ] as const)("that is %s never looks like a pass", (result, line) => {
    expect(text(verdict([application("shop")], { result, summary: "x" })).split("\n")[0]).toBe(line);
  });

  it("counts names beyond the first few", () => {
    const waitsFor = ["a", "b", "c", "d", "e", "f", "g", "h"];
    expect(text(verdict([application("root", { state: "waiting", waitsFor })]))).toContain(
      "root waits for a, b, c, d, e, f and 2 more",
    );
  });
});

describe("an error", () => {
  it("says where, what and how to mend it", () => {
    const error = new ChangeError("the merge conflicts", {
      where: { file: "a.yaml", line: 2 },
      fix: "Merge main.",
    });
    expect(text(verdictOfError(error, clock))).toBe("✗ FAILED  a.yaml:2: the merge conflicts\n  Merge main.");
  });

  it("of ours keeps the lines of its stack, and no escape", () => {
    const printed = text(verdictOfError(new TypeError("\u001b[31mx\u001b[0m\nis undefined"), clock));
    expect(printed).toMatch(/^✗ NOT PROVEN {2}Rehearsal itself failed: TypeError: x\nis undefined\n {4}at /);
  });
});

it("prints nothing of what a manifest says but its text", () => {
  const evil = "x\u001b[2J\n::error::y\u202e";
  const printed = text(
    verdict(
      [
        failed(evil, {
          message: evil,
          finality: evil,
          resource: { kind: evil, name: evil },
          place: { file: evil },
        }),
        application("root", { state: "waiting", waitsFor: [evil] }),
      ],
      { summary: evil, notes: [evil] },
    ),
  );
  expectHarmless(printed);
  const error = new ChangeError(evil, { where: { file: evil }, fix: evil });
  expectHarmless(text(verdictOfError(error, clock)));
});

function expectHarmless(printed: string): void {
  expect(printed).not.toContain("\u001b");
  expect(printed).not.toContain("\u202e");
  expect(printed).not.toMatch(/^\s*::/m);
}

it("writes a place the way editors read it", () => {
  expect([placeText({ file: "a.yaml" }), placeText({ file: "a.yaml", line: 3 })]).toEqual([
    "a.yaml",
    "a.yaml:3",
  ]);
});
