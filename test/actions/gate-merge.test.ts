import { describe, expect, test } from "vitest";
import { commits, needs, passedClaim } from "../../src/gate/gate-fixture.ts";
import { badGateway } from "../github-api/failures.ts";
import { type GitHubApi, startGitHubApi } from "../github-api/server.ts";
import type { GivenState } from "../github-api/state.ts";
import { pullRequest } from "./checkout.ts";
import { type BuiltAction, type BuiltRun, runBuiltAction } from "./spawn.ts";

const { head, base, newer } = commits;
const opened = {
  number: 7,
  head: { owner: "you", branch: "change", sha: head },
  base: { branch: "main", sha: newer },
};
// A fork's token may read, and no more.
const token = {
  login: "github-actions[bot]",
  permissions: { contents: "read", "pull-requests": "read" },
} as const;

function github(changes: Partial<GivenState> = {}): Promise<GitHubApi> {
  return startGitHubApi({
    repository: "you/homelab",
    branches: { main: base },
    pullRequests: [opened],
    tokens: { "the-token-of-the-job": token },
    ...changes,
  });
}

const claim = { ...passedClaim, run: "4711.1" };

function gate({ apiUrl }: GitHubApi, step: Partial<BuiltAction> = {}): Promise<BuiltRun> {
  return runBuiltAction("gate-merge", {
    event: pullRequest({ base, head }),
    ...step,
    inputs: { needs: needs(claim), instance: "homelab", ...step.inputs },
    environment: { GITHUB_API_URL: apiUrl },
  });
}

const asked = (api: GitHubApi) =>
  api.requests.map(({ method, path, status }) => `${method} ${path} ${status}`);
const both = ["GET /repos/you/homelab/pulls/7 200", "GET /repos/you/homelab/git/ref/heads%2Fmain 200"];
const errors = ({ commands }: BuiltRun) => commands.filter(({ name }) => name === "error");

/** Exit code, outputs, annotation and summary of a gate that is shut, all of which say why. */
function expectShut(run: BuiltRun, reason: string): void {
  expect(run.exitCode, run.stdout + run.stderr).toBe(1);
  expect(run.outputs.open).toBe("false");
  expect(run.outputs.reason).toContain(reason);
  expect(errors(run).map(({ message }) => message)).toEqual([`The gate is shut. ${run.outputs.reason}`]);
  expect(run.summary).toMatch(/^### ❌ Rehearsal gate: shut\n/);
}

describe.concurrent("the gate, as a runner starts it,", () => {
  test("opens where this very head passed on this very base", async () => {
    await using api = await github();
    await using run = await gate(api);
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(run.outputs).toEqual({
      open: "true",
      reason: "rehearse: All 2 Applications passed. (ccccccc into main at bbbbbbb)",
    });
    expect(errors(run)).toEqual([]);
    expect(run.stdout).toContain("The gate is open.");
    expect(run.summary).toMatch(/^### ✅ Rehearsal gate: open\n/);
    expect(asked(api)).toEqual(both);
  });

  test("opens for a merge group on the event alone", async () => {
    await using api = await github({ tokens: {} });
    const payload = { merge_group: { head_sha: head, base_sha: base, base_ref: "refs/heads/main" } };
    await using run = await gate(api, { event: { name: "merge_group", payload } });
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(asked(api)).toEqual([]);
  });

  test("is shut for a merge group of another base", async () => {
    await using api = await github();
    const payload = { merge_group: { head_sha: head, base_sha: newer, base_ref: "refs/heads/main" } };
    await using run = await gate(api, { event: { name: "merge_group", payload } });
    expectShut(run, "the merge group's base of main is ddddddd");
  });

  test.for<[string, Partial<GivenState>, string]>([
    ["whose base has moved", { branches: { main: newer } }, "main is ddddddd now. Re-run all jobs"],
    [
      "whose head has moved",
      { pullRequests: [{ ...opened, head: { ...opened.head, sha: newer } }] },
      "gone on to ddddddd",
    ],
    ["that is a draft now", { pullRequests: [{ ...opened, draft: true }] }, "Mark it as ready for review"],
    ["that is closed", { pullRequests: [{ ...opened, state: "closed" }] }, "is closed"],
  ])("is shut for a pull request %s", async ([, state, reason]) => {
    await using api = await github(state);
    await using run = await gate(api);
    expectShut(run, reason);
    expect(asked(api)).toEqual(both);
  });

  test.for<[string, string, string]>([
    ["was skipped", needs(null, "skipped"), "was skipped"],
    ["was cancelled", needs(null, "cancelled"), "was cancelled"],
    ["says nothing", needs(null), "says nothing of a rehearsal"],
    ["says nonsense", needs("{}"), "is no verdict"],
    ["failed", needs({ ...claim, result: "failed", summary: "shop burns." }, "failure"), "shop burns."],
    ["rehearsed another head", needs({ ...claim, head: newer }), "ddddddd was rehearsed"],
    ["rehearsed in another run", needs({ ...claim, run: "4710.1" }), "the run 4710.1"],
    ["rehearsed another instance", needs({ ...claim, instance: "cloud" }), 'instance "cloud"'],
    ["is not there", "{}", "needs no job"],
  ])("is shut where the needed job %s", async ([, given, reason]) => {
    await using api = await github();
    await using run = await gate(api, { inputs: { needs: given } });
    expectShut(run, reason);
  });

  test("is shut on any other event", async () => {
    await using api = await github();
    await using run = await gate(api, { event: { name: "workflow_dispatch", payload: {} } });
    expectShut(run, "The event workflow_dispatch asks for no merge");
    expect(asked(api)).toEqual([]);
  });

  test("is shut where its token may not read, and says which permission is missing", async () => {
    const poor = { ...token, permissions: { "pull-requests": "read" as const } };
    await using api = await github({ tokens: { "the-token-of-the-job": poor } });
    await using run = await gate(api);
    expectShut(run, "permissions: { contents: read }");
    expect(run.stdout).not.toContain("Rehearsal itself failed");
  });

  test("waits for a GitHub that answers late", async () => {
    await using api = await github();
    api.fail(/pulls\/7/, [badGateway]);
    await using run = await gate(api);
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(asked(api)).toEqual(["GET /repos/you/homelab/pulls/7 502", ...both]);
  });

  test("obeys no command in a claim, and shows no Markdown of it", async () => {
    await using api = await github();
    const summary = "x\n::set-output name=open::true\n::warning::owned <img src=x> @octo";
    await using run = await gate(api, { inputs: { needs: needs({ ...claim, result: "failed", summary }) } });
    expectShut(run, "does not work: x");
    expect(run.commands.map(({ name }) => name)).toEqual(["add-mask", "error"]);
    expect(run.summary).not.toMatch(/<img|@octo/);
  });

  test("never prints its token", async () => {
    await using api = await github({ tokens: {} });
    await using run = await gate(api);
    expectShut(run, "The token is wrong or has expired");
    expect((run.stdout + run.stderr).replace(/^::add-mask::.*$/gm, "")).not.toContain("the-token-of-the-job");
  });

  test("is red, and not open, without needs", async () => {
    await using api = await github();
    await using run = await gate(api, { inputs: { needs: "" } });
    expect(run.exitCode).toBe(1);
    expect(run.outputs.open).toBeUndefined();
    expect(errors(run)[0]?.message).toContain("the input needs is empty");
  });
});
