import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import {
  finishedRun,
  head,
  newer,
  passedJson,
  permissions,
  plain,
  pullRequest,
  report,
  repository,
  verdictJson,
} from "../../src/github/publish-fixture.ts";
import { type GitHubApi, startGitHubApi } from "../github-api/server.ts";
import type { GivenState } from "../github-api/state.ts";
import { checkout, pullRequest as pullRequestEvent } from "./checkout.ts";
import { type BuiltAction, type BuiltRun, runBuiltAction } from "./spawn.ts";

const github = (changes: Partial<GivenState> = {}) => startGitHubApi(repository(changes));

interface Given extends Partial<BuiltAction> {
  /** Of the run that is reported on. */
  run?: Record<string, unknown>;
}

function publish({ apiUrl }: GitHubApi, { run, ...step }: Given = {}): Promise<BuiltRun> {
  return runBuiltAction("report-verdict", {
    event: { name: "workflow_run", payload: finishedRun(run) },
    environment: { GITHUB_API_URL: apiUrl },
    ...step,
  });
}

/** All that was asked of GitHub, in order. */
function asked({ requests }: GitHubApi): string[] {
  return requests.map(({ method, path, status }) =>
    `${method} ${path.replace("/repos/you/homelab", "").replace(/\d{4,}/, "N")} ${status}`.replace(
      head,
      "HEAD",
    ),
  );
}

const reading = [
  "GET /actions/runs/N/artifacts 200",
  "GET /actions/artifacts/N/zip 302",
  "GET /blob/N.zip 200",
  "GET /pulls 200",
];
const readingNone = ["GET /actions/runs/N/artifacts 200", "GET /pulls 200"];
const commenting = [
  "POST /graphql 200",
  "GET /issues/7/comments 200",
  "GET /pulls/7 200",
  "POST /issues/7/comments 201",
  "GET /issues/7/comments 200",
  "GET /pulls/7 200",
];
const checking = ["GET /commits/HEAD/check-runs 200", "POST /check-runs 201"];

const named = (name: string, { commands }: BuiltRun) => commands.filter((command) => command.name === name);
const commentsOf = ({ state }: GitHubApi) => state.comments.map(({ body }) => plain(body));

function expectGreen(run: BuiltRun): void {
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(named("error", run)).toEqual([]);
}

describe.concurrent("the report, as a runner starts it,", () => {
  test("tells a fork's pull request what broke", async () => {
    await using api = await github();
    await using run = await publish(api);
    expectGreen(run);
    expect(named("warning", run)).toEqual([]);
    expect(run.outputs).toEqual({
      "pull-request": "7",
      "comment-url": expect.stringContaining("/pull/7#issuecomment-"),
      "check-url": expect.stringContaining("/runs/"),
    });
    expect(asked(api)).toEqual([...reading, ...commenting, ...checking]);
    expect(api.requests.find(({ path }) => path.endsWith("/pulls"))?.query).toMatchObject({
      head: "octo:change",
      state: "open",
    });
    expect(commentsOf(api)).toEqual([
      expect.stringContaining("1 of 2 Applications did not pass; at fault: shop"),
    ]);
    expect(commentsOf(api)[0]).toMatch(/^<!-- gitops-rehearsal:comment /);
    expect(api.state.checkRuns).toMatchObject([
      {
        headSha: head,
        conclusion: "failure",
        annotations: [{ path: "applications/shop.yaml", start_line: 3 }],
      },
    ]);
    expect(plain(run.summary)).toContain("1 of 2 Applications did not pass");
    expect(run.exported).toBe("");
  });

  test("tells that all passed", async () => {
    await using api = await github({ artifacts: [report(passedJson())] });
    await using run = await publish(api, { run: { conclusion: "success" } });
    expectGreen(run);
    expect(commentsOf(api)).toEqual([expect.stringContaining("All 1 Applications passed")]);
    expect(api.state.checkRuns).toMatchObject([{ conclusion: "success", annotations: [] }]);
  });

  test("tells a merge group's commit in a check run", async () => {
    const branch = "gh-readonly-queue/main/pr-7";
    await using api = await github({ branches: { [branch]: head } });
    await using run = await publish(api, { run: { event: "merge_group", head_branch: branch } });
    expectGreen(run);
    expect(asked(api)).toEqual([...reading.slice(0, 3), ...checking]);
    expect(run.outputs).toMatchObject({ "pull-request": "", "comment-url": "" });
  });

  test("says nothing of a draft that was not rehearsed", async () => {
    await using api = await github({ pullRequests: [{ ...pullRequest, draft: true }], artifacts: [] });
    await using run = await publish(api);
    expectGreen(run);
    expect(asked(api)).toEqual(readingNone);
    expect(run.stdout).toContain("Nothing to report: the pull request is a draft");
  });

  test("says nothing of a head that is not the pull request's any more", async () => {
    const moved = { ...pullRequest, head: { ...pullRequest.head, sha: newer } };
    await using api = await github({ pullRequests: [moved] });
    await using run = await publish(api);
    expectGreen(run);
    expect(asked(api)).toEqual(reading);
    expect(run.stdout).toContain("it has gone on, or is closed");
    expect(run.outputs).toEqual({ "pull-request": "", "comment-url": "", "check-url": "" });
  });

  const bomb = Buffer.from(zipSync({ "verdict.json": new Uint8Array(17 * 1024 * 1024) })).toString("base64");
  test.for<[string, object, string]>([
    ["no JSON", { files: { "verdict.json": "passed\n::error::owned" } }, "cannot be read"],
    ["a zip bomb", { zip: bomb }, "more than 16777216"],
    ["a path that leads out", { files: { "../verdict.json": passedJson() } }, "has no verdict.json"],
    [
      "another commit's verdict",
      { files: { "verdict.json": verdictJson().replaceAll(head, newer) } },
      "of another commit",
    ],
  ])("tells that a run left %s, as a failure", async ([, artifact, said]) => {
    await using api = await github({ artifacts: [{ ...report(""), ...artifact }] });
    await using run = await publish(api, { run: { conclusion: "success" } });
    expectGreen(run);
    expect(commentsOf(api)).toEqual([expect.stringContaining(said)]);
    expect(api.state.checkRuns).toMatchObject([{ conclusion: "failure" }]);
    expect(named("warning", run).map(({ message }) => message)).toEqual([expect.stringContaining(said)]);
  });

  test.for<[string, string]>([
    ["failure", "failed before the rehearsal could leave a report"],
    ["cancelled", "was cancelled before there was a verdict"],
    ["timed_out", "took longer than it may"],
  ])("tells that a run ended as %s without a report", async ([conclusion, said]) => {
    await using api = await github({ artifacts: [] });
    await using run = await publish(api, { run: { conclusion } });
    expectGreen(run);
    expect(asked(api)).toEqual([...readingNone, ...commenting, ...checking]);
    expect(commentsOf(api)).toEqual([expect.stringContaining(said)]);
  });

  test("leaves another's comment with our marker alone", async () => {
    const marker = `<!-- gitops-rehearsal:comment instance=default run=9999.1 head=${head} -->`;
    const forged = { id: 5, pullRequest: 7, author: "octo", body: `${marker}\n### ✅ Rehearsal passed` };
    await using api = await github({ comments: [forged] });
    await using run = await publish(api);
    expectGreen(run);
    expect(api.state.comments).toMatchObject([forged, { author: "github-actions[bot]" }]);
  });

  test("ends in the newest run's comment where two race", async () => {
    await using api = await github({
      artifacts: [report(verdictJson()), { ...report(verdictJson()), run: 4701 }],
    });
    const both = await Promise.all(
      [4701, 4700].map((id) => publish(api, { run: { id }, inputs: { check: "false" } })),
    );
    for (const run of both) {
      expectGreen(run);
      await run[Symbol.asyncDispose]();
    }
    expect(api.state.comments).toHaveLength(1);
    expect(commentsOf(api)[0]).toContain("run=4701.1");
  });

  test("is red where the comment is refused, with the permission; the check run is there all the same", async () => {
    const poor = {
      login: "github-actions[bot]",
      permissions: { ...permissions, "pull-requests": "read" as const },
    };
    await using api = await github({ tokens: { "the-token-of-the-job": poor } });
    await using run = await publish(api);
    expect(run.exitCode, run.stdout + run.stderr).toBe(1);
    expect(named("error", run).map(({ message }) => message)).toEqual([
      expect.stringMatching(/^Not everything could be reported: .*permissions: \{ pull-requests: write \}/),
    ]);
    expect(run.outputs).toMatchObject({ "pull-request": "7", "comment-url": "" });
    expect(asked(api)).toEqual([
      ...reading,
      ...commenting.slice(0, 3),
      "POST /issues/7/comments 403",
      ...checking,
    ]);
  });

  test("is red where it cannot get the verdict, and tells nobody what it does not know", async () => {
    const { actions: _, ...rest } = permissions;
    const poor = { login: "github-actions[bot]", permissions: rest };
    await using api = await github({ tokens: { "the-token-of-the-job": poor } });
    await using run = await publish(api);
    expect(run.exitCode).toBe(1);
    expect(named("error", run)[0]?.message).toContain("actions: read");
    expect(asked(api)).toEqual(["GET /actions/runs/N/artifacts 403"]);
  });

  test("in the job that rehearsed warns of what a fork's token may not, and stays green", async () => {
    const fork = {
      login: "github-actions[bot]",
      permissions: { contents: "read", "pull-requests": "read" },
    } as const;
    await using api = await github({ artifacts: [], tokens: { "the-token-of-the-job": fork } });
    await using workspace = await checkout();
    await writeFile(join(workspace.folder, "verdict.json"), verdictJson());
    await using run = await publish(api, {
      event: pullRequestEvent({ base: "b".repeat(40), head }),
      cwd: workspace.folder,
      inputs: { verdict: "verdict.json" },
    });
    expectGreen(run);
    expect(named("warning", run).map(({ message }) => message)).toEqual([
      expect.stringContaining("pull-requests: write"),
      expect.stringContaining("checks: write"),
    ]);
    expect(run.summary).toBe("");
    expect(api.state.comments).toEqual([]);
  });
});
