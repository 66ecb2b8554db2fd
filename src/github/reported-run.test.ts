import { describe, expect, test } from "vitest";
import type { FinishedRun, GitHubContext, GitHubEvent } from "./context.ts";
import { reportedRun } from "./reported-run.ts";

const head = "c".repeat(40);
const finished: FinishedRun = {
  id: 4700,
  attempt: 1,
  event: "pull_request",
  conclusion: "success",
  headSha: head,
  headBranch: "change",
  headOwner: "octo",
  url: "https://github.com/you/homelab/actions/runs/4700",
  startedAt: "2026-01-02T03:00:00Z",
};

function during(event: GitHubEvent): GitHubContext {
  return {
    serverUrl: "https://github.com",
    apiUrl: "https://api.github.com",
    repository: { owner: "you", name: "homelab" },
    defaultBranch: "main",
    runId: 4711,
    runAttempt: 1,
    runUrl: "https://github.com/you/homelab/actions/runs/4711",
    hosted: true,
    event,
  };
}

function finishedWith(changes: Partial<FinishedRun>) {
  return reportedRun(during({ name: "workflow_run", run: { ...finished, ...changes } }));
}

describe("the run to report on", () => {
  test("is the one that has ended, and not the one that reports", () => {
    expect(finishedWith({})).toMatchObject({
      run: { id: 4700, attempt: 1 },
      url: finished.url,
      head,
      subject: "pull request",
    });
  });

  test("has its attempt in its address", () => {
    expect(finishedWith({ attempt: 3 })).toMatchObject({
      run: { id: 4700, attempt: 3 },
      url: `${finished.url}/attempts/3`,
    });
  });

  test("may be of a merge group", () => {
    expect(finishedWith({ event: "merge_group" })).toMatchObject({ head, subject: "merge group" });
  });

  test.each([
    ["push", { event: "push" }, "started by push"],
    ["workflow_dispatch", { event: "workflow_dispatch" }, "started by workflow_dispatch"],
    // Its head is the base's commit.
    ["pull_request_target", { event: "pull_request_target" }, "started by pull_request_target"],
    ["a run that goes on", { conclusion: "pending" }, "has not ended"],
  ])("is none for %s", (_name, changes, nothing) => {
    expect(finishedWith(changes)).toEqual({ nothing: expect.stringContaining(nothing) });
  });

  test("is this one in the job that rehearsed", () => {
    const base = { sha: "b".repeat(40), ref: "main" };
    const pullRequest = { number: 7, draft: false, head: { sha: head, ref: "change", owner: "you" }, base };
    expect(
      reportedRun(during({ name: "pull_request", action: "opened", fromFork: false, ...pullRequest })),
    ).toMatchObject({ run: { id: 4711, attempt: 1 }, head, subject: "pull request", finished: undefined });
    expect(
      reportedRun(during({ name: "merge_group", headSha: head, baseSha: base.sha, baseRef: "main" })),
    ).toMatchObject({ run: { id: 4711, attempt: 1 }, head, subject: "merge group" });
    expect(reportedRun(during({ name: "other", event: "push" }))).toHaveProperty("nothing");
  });
});
