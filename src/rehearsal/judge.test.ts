import { describe, expect, it } from "vitest";
import type { Application, ApplicationSet } from "../argocd/application.ts";
import {
  type Changes,
  child,
  condition,
  failedSync,
  generating,
  merge,
  older,
  passing,
  passingMany,
  repoURL,
  result,
  underTest,
  web,
} from "./application-fixture.ts";
import { createBoard } from "./board.ts";
import { type JudgeOptions, judge } from "./judge.ts";
import type { Places } from "./places.ts";
import { conclude } from "./result.ts";

const nowhere: Places = { ofApplication: () => undefined, ofReason: () => undefined };
const served: JudgeOptions = {
  fidelity: () => [],
  servedMerge: (url) => url === repoURL,
  places: nowhere,
  misled: undefined,
  timedOut: false,
};

/** What the verdict is of these objects, once the board has looked at them for `ms`. */
function judged(
  objects: (Application | ApplicationSet)[],
  options: Partial<JudgeOptions> = {},
  { ms = 10_000, expected = [] as string[] } = {},
) {
  const board = createBoard({ underTest, allowEmpty: [], settleMs: 3_000 });
  for (const name of expected) board.expect("Application", "argocd", name, undefined, 0);
  for (const object of objects)
    board.observe(object.kind as "Application" | "ApplicationSet", object, false, 0);
  let state = "running";
  for (let now = 100; now <= ms && state === "running"; now += 100) state = board.conclude(now).state;
  const parts = judge(board.all, { ...served, ...options });
  return { ...parts, ...conclude(parts, state === "passed") };
}

const invalid: Changes = { "status.operationState": failedSync([result("x is invalid: y")]) };
const erring = (message: string): Changes => ({
  "status.conditions": [condition("ComparisonError", message)],
});

describe("a rehearsal that passes", () => {
  it("says at which revision each source stood", () => {
    const chart = { repoURL: "https://charts.example", chart: "web", targetRevision: "1.x" };
    const ref = { repoURL, targetRevision: "v1", ref: "values" };
    const { result, summary, applications } = judged([
      passingMany("shop", [chart, { ...web, targetRevision: "" }, ref], ["1.2.3", merge, older]),
    ]);
    expect({ result, summary }).toEqual({
      result: "passed",
      summary: "The only Application is Synced and Healthy at the merge result.",
    });
    expect(applications[0]).toMatchObject({
      state: "passed",
      reason: undefined,
      sync: "Synced",
      health: "Healthy",
      resources: 1,
      sources: [
        { repoURL: chart.repoURL, what: "web", targetRevision: "1.x", kind: "elsewhere", revision: "1.2.3" },
        { repoURL, what: "web", targetRevision: "HEAD", kind: "merge", revision: merge },
        { repoURL, what: "$values", targetRevision: "v1", kind: "pinned", revision: older },
      ],
    });
  });

  it("names who brought whom, in the order of their names", () => {
    const { applications, applicationSets, summary } = judged([
      passing("root", { "status.resources": [child("sites", { kind: "ApplicationSet" }), child("blog")] }),
      passing("blog"),
      generating("sites", ["zoo"]),
      passing("zoo"),
    ]);
    expect(summary).toBe("All 3 Applications are Synced and Healthy at the merge result.");
    expect(applications.map(({ name, parent }) => [name, parent])).toEqual([
      ["blog", "root"],
      ["root", undefined],
      ["zoo", "sites"],
    ]);
    expect(applicationSets).toMatchObject([{ name: "sites", state: "passed", generated: 1 }]);
  });
});

describe("evidence", () => {
  it("that the mirror has not is red, however healthy an Application is, and nobody's change is to blame", () => {
    const { result, summary, applications } = judged([passing("shop"), passing("blog")], {
      servedMerge: () => false,
    });
    expect(result).toBe("infrastructure");
    expect(summary).toBe("2 of 2 Applications did not pass; not for a reason in the change: blog, shop.");
    expect(applications[0]).toMatchObject({ state: "failed", reason: { code: "no-evidence" } });
  });

  it("that a repo-server got past the mirror is red, however healthy an Application is", () => {
    const misled = "The repo-server's Pod argocd-repo-server-1 was not led to the mirror.";
    const { result, applications } = judged([passing("shop")], { misled });
    expect(result).toBe("infrastructure");
    expect(applications[0]).toMatchObject({
      state: "failed",
      reason: { code: "no-evidence", class: "infrastructure", message: misled },
    });
  });

  it("is asked for each source that follows the branch, and for no other", () => {
    const asked: string[] = [];
    const other = { repoURL: "https://github.com/home/other", path: "x", targetRevision: "main" };
    const git = { ...web, repoURL: `${repoURL}.git` };
    const { result } = judged(
      [
        passingMany(
          "shop",
          [other, { ...web, targetRevision: "v1" }, web, git],
          [older, older, merge, merge],
        ),
      ],
      {
        servedMerge: (url) => {
          asked.push(url);
          return url === repoURL;
        },
      },
    );
    expect(asked).toEqual([repoURL, `${repoURL}.git`]);
    expect(result).toBe("infrastructure");
  });

  it("is asked for the Git generators of an ApplicationSet, at any depth", () => {
    const elsewhere = `${repoURL}.git`;
    const nested = {
      matrix: { generators: [{ list: {} }, { merge: { generators: [{ git: { repoURL: elsewhere } }] } }] },
    };
    const set = generating("sites", ["blog"], {
      "spec.generators": [{ git: { repoURL, revision: "main" } }, nested],
    });
    const { result, applicationSets } = judged([set, passing("blog")]);
    expect(result).toBe("infrastructure");
    expect(applicationSets[0]).toMatchObject({
      state: "failed",
      reason: {
        code: "no-evidence",
        message: `the mirror has no record of serving ${elsewhere} at the merge result`,
      },
    });
  });
});

describe("nothing", () => {
  it("at all is a failure", () => {
    expect(judged([])).toMatchObject({ result: "failed", summary: /no Application to rehearse/ });
  });

  it("but an ApplicationSet that generates nothing is a failure, allowed or not", () => {
    expect(judged([generating("sites", [])]).result).toBe("failed");
    const parts = {
      applications: [],
      applicationSets: [
        {
          name: "s",
          namespace: "n",
          state: "passed" as const,
          parent: undefined,
          reason: undefined,
          generated: 0,
        },
      ],
    };
    expect(conclude(parts, true).result).toBe("failed");
  });
});

it("does not pass what was well when the time was up, and had not been for long enough", () => {
  const { result, summary } = judged([passing("shop"), passing("blog")], { timedOut: true }, { ms: 2_000 });
  expect({ result, summary }).toEqual({
    result: "failed",
    summary:
      "All 2 Applications were Synced and Healthy when the time was up, but did not stay so for long enough.",
  });
});

describe("who is at fault", () => {
  it("is who failed, not who was not done by then or waits", () => {
    const { result, summary, applications } = judged(
      [
        passing("root", {
          "status.health.status": "Progressing",
          "status.resources": [child("shop", { health: { status: "Progressing" } }), child("slow")],
        }),
        passing("shop", invalid),
        passing("slow", { "status.health.status": "Progressing" }),
        passing("well"),
      ],
      {},
      { ms: 30_000 },
    );
    expect({ result, summary }).toEqual({
      result: "failed",
      summary: "3 of 4 Applications did not pass; at fault: shop.",
    });
    expect(applications.map(({ name, state }) => [name, state])).toEqual([
      ["root", "waiting"],
      ["shop", "failed"],
      ["slow", "unfinished"],
      ["well", "passed"],
    ]);
    expect(applications[0]?.waitsFor).toEqual(["shop", "slow"]);
    expect(applications[2]?.reason?.message).toMatch(/^not done when the verdict was clear: /);
  });

  it("is who was not done, where the time is up and nobody failed", () => {
    const { result, summary, applications } = judged(
      [passing("shop", { "status.health.status": "Progressing" }), passing("blog")],
      { timedOut: true },
    );
    expect({ result, summary }).toEqual({
      result: "failed",
      summary: "1 of 2 Applications did not pass; not done: shop.",
    });
    expect(applications[1]).toMatchObject({
      state: "unfinished",
      reason: { code: "timeout", message: /^not done in time: / },
    });
  });

  it("is told by what was suspected, where that was not final yet", () => {
    const { applications } = judged([passing("shop", erring("web: app path does not exist"))]);
    expect(applications[0]).toMatchObject({
      state: "unfinished",
      reason: { code: "manifests", class: "change" },
    });
  });

  it("is one that was expected, and not there", () => {
    const { result, applications } = judged([], {}, { expected: ["root"], ms: 1_000 });
    expect(result).toBe("failed");
    expect(applications[0]).toMatchObject({ name: "root", state: "missing", reason: { code: "missing" } });
  });

  it("is an ApplicationSet, where all Applications pass", () => {
    const set = generating("sites", ["blog"], {
      "status.conditions": [{ type: "ErrorOccurred", status: "True", message: "duplicate name: blog" }],
    });
    const { result, summary } = judged([set, passing("blog")], {}, { ms: 30_000 });
    expect({ result, summary }).toEqual({
      result: "failed",
      summary: "1 ApplicationSet did not pass; at fault: sites.",
    });
  });
});

describe("a failure of the infrastructure", () => {
  const unreachable = passing("charts", erring("dial tcp: lookup charts.example: no such host"));
  const ms = 60_000;

  it("is never the change's", () => {
    const { result, summary } = judged([unreachable, passing("blog")], {}, { ms });
    expect({ result, summary }).toEqual({
      result: "infrastructure",
      summary: "1 of 2 Applications did not pass; not for a reason in the change: charts.",
    });
  });

  it("is not the change's before it is final either", () => {
    expect(judged([unreachable], { timedOut: true }, { ms: 5_000 }).result).toBe("infrastructure");
  });

  it("excuses who may have wanted what it would have brought", () => {
    const wants = (name: string, message: string) =>
      passing(name, { "status.operationState": failedSync([result(message)], { spent: true }) });
    const {
      result: outcome,
      summary,
      applications,
    } = judged(
      [
        unreachable,
        wants("plans", 'no matches for kind "Plan" in version "a.b/v1"'),
        wants("spaces", 'namespaces "web" not found'),
        passing("project", {
          "status.conditions": [
            condition("InvalidSpecError", "Application referencing project web which does not exist"),
          ],
        }),
        passing("slow", { "status.health.status": "Progressing" }),
      ],
      {},
      { ms: 200_000 },
    );
    expect(outcome).toBe("infrastructure");
    expect(summary).toBe("5 of 5 Applications did not pass; not for a reason in the change: charts.");
    for (const { name, reason } of applications)
      expect([name, reason?.class], reason?.message).toEqual([name, "infrastructure"]);
    expect(applications[1]?.reason?.message).toMatch(
      /\(charts could not be rehearsed, and may have brought it\)$/,
    );
  });

  it("excuses nobody who is at fault for sure", () => {
    const { result: outcome, summary } = judged([unreachable, passing("shop", invalid)], {}, { ms });
    expect(outcome).toBe("failed");
    expect(summary).toBe("2 of 2 Applications did not pass; at fault: shop.");
  });

  it("of an ApplicationSet excuses Applications too", () => {
    const set = generating("sites", [], {
      "status.conditions": [{ type: "ErrorOccurred", status: "True", message: "connection refused" }],
    });
    const missing = passing("shop", {
      "status.operationState": failedSync([result('no matches for kind "Plan"')], { spent: true }),
    });
    expect(judged([set, missing], {}, { ms }).result).toBe("infrastructure");
  });
});

it("tells sources that refuse access as a matter of configuration", () => {
  const refused = passing("charts", erring("failed to list refs: authentication required"));
  const missing = passing("shop", {
    "status.operationState": failedSync([result('no matches for kind "Plan"')], { spent: true }),
  });
  expect(judged([refused, missing])).toMatchObject({
    result: "misused",
    summary: "2 of 2 Applications did not pass; sources refuse access: charts.",
  });
});

it("says where in Git the cause stands, and what of it was not proven", () => {
  const { applications } = judged([passing("shop", invalid), passing("blog")], {
    places: {
      ofApplication: ({ name }) => ({ file: `${name}.yaml`, line: 1 }),
      ofReason: ({ resource }, { name }) => ({ file: `${name}/${resource?.name}.yaml`, line: 7 }),
    },
    fidelity: ({ metadata }) => [{ why: "no container ran", resources: [`Deployment ${metadata.name}`] }],
  });
  expect(applications).toMatchObject([
    { place: { file: "blog.yaml" }, notProven: [{ resources: ["Deployment blog"] }] },
    { place: { file: "shop.yaml" }, reason: { place: { file: "shop/web.yaml", line: 7 } } },
  ]);
});

it("keeps of a resource only its name", () => {
  const { applications } = judged([passing("shop", invalid)]);
  expect(applications[0]?.reason?.resource).toEqual({
    group: "apps",
    kind: "Deployment",
    namespace: "web",
    name: "web",
  });
});
