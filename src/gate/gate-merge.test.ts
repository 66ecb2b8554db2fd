import { describe, expect, test } from "vitest";
import { badGateway } from "../../test/github-api/failures.ts";
import { type GitHubApi, startGitHubApi } from "../../test/github-api/server.ts";
import type { GivenState } from "../../test/github-api/state.ts";
import { connectGitHub } from "../github/client.ts";
import { silentLog } from "../runner/log.ts";
import { commits, mergeGroupEvent, needs, pullRequestEvent } from "./gate-fixture.ts";
import { type GateRequest, gateMerge, gateSummary, reasonOf } from "./gate-merge.ts";

const pullRequest = {
  number: 7,
  head: { owner: "octo", branch: "feature", sha: commits.head },
  // Where the base stood when the head was pushed: the API never changes it.
  base: { branch: "main", sha: "0".repeat(40) },
};
const readOnly = {
  login: "github-actions[bot]",
  permissions: { contents: "read", "pull-requests": "read" },
} as const;

function api(changes: Partial<GivenState> = {}): Promise<GitHubApi> {
  return startGitHubApi({
    repository: "you/homelab",
    branches: { main: commits.base, production: commits.newer },
    pullRequests: [pullRequest],
    tokens: { ours: readOnly },
    ...changes,
  });
}

function decideWith(
  { apiUrl }: GitHubApi,
  changes: Partial<GateRequest["context"]> = {},
  requestTimeoutMs = 20_000,
) {
  const context = {
    repository: { owner: "you", name: "homelab" },
    event: pullRequestEvent,
    runId: 4711,
    runAttempt: 2,
    ...changes,
  };
  const client = connectGitHub({ apiUrl, token: "ours", log: silentLog, secondMs: 1, requestTimeoutMs });
  return gateMerge({ client, context, needs: needs(), instance: undefined });
}

describe("the gate", () => {
  test("opens on what GitHub says now, and asks for no more", async () => {
    await using github = await api();
    const decision = await decideWith(github);
    expect(decision.open).toBe(true);
    expect(reasonOf(decision)).toBe("rehearse: All 2 Applications passed. (ccccccc into main at bbbbbbb)");
    expect(github.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /repos/you/homelab/pulls/7",
      "GET /repos/you/homelab/git/ref/heads%2Fmain",
    ]);
  });

  test.each<[string, Partial<GivenState>, string]>([
    ["a base that moved", { branches: { main: commits.newer } }, "main is ddddddd now"],
    [
      "a head that moved",
      { pullRequests: [{ ...pullRequest, head: { ...pullRequest.head, sha: commits.newer } }] },
      "gone on to ddddddd",
    ],
    ["a draft", { pullRequests: [{ ...pullRequest, draft: true }] }, "is a draft"],
    ["a closed one", { pullRequests: [{ ...pullRequest, state: "closed" }] }, "is closed"],
    [
      "another base",
      { pullRequests: [{ ...pullRequest, base: { branch: "production", sha: commits.base } }] },
      "goes into production",
    ],
    ["a base that is gone", { branches: {} }, "where the branch main stands"],
    ["a pull request that is gone", { pullRequests: [] }, "read pull request #7"],
    ["a token of somebody else", { tokens: {} }, "401"],
    [
      "a token that may not read the branch",
      { tokens: { ours: { ...readOnly, permissions: { "pull-requests": "read" } } } },
      "contents: read",
    ],
  ])("is shut on %s", async (_name, changes, reason) => {
    await using github = await api(changes);
    const decision = await decideWith(github);
    expect(decision.open).toBe(false);
    expect(reasonOf(decision)).toContain(reason);
  });

  test.each([
    ["answers with an error", badGateway],
    ["does not answer", { hang: "before" as const }],
    ["breaks the connection", { reset: "before" as const }],
  ])("is shut where GitHub %s", async (_name, failure) => {
    await using github = await api();
    github.fail(/git\/ref/, Array(10).fill(failure));
    const decision = await decideWith(github, {}, 300);
    expect(decision.open).toBe(false);
    expect(reasonOf(decision)).toMatch(
      /^The gate cannot tell how the pull request stands: GitHub could not be asked/,
    );
  });

  test("waits for one that answers late", async () => {
    await using github = await api();
    github.fail(/pulls\/7/, [badGateway]);
    expect(await decideWith(github)).toMatchObject({ open: true });
  });

  test("asks nothing about a merge group", async () => {
    await using github = await api({ tokens: {} });
    expect(await decideWith(github, { event: mergeGroupEvent })).toMatchObject({ open: true });
    expect(github.requests).toEqual([]);
  });
});

describe("the decision in Markdown", () => {
  test("says what keeps the gate shut, and how to mend it", () => {
    expect(gateSummary({ open: false, lines: [{ text: "a: it is late", fix: "Wait." }] })).toBe(
      "### ❌ Rehearsal gate: shut\n\n- a: it is late. Wait.\n",
    );
  });

  test("takes nothing in a claim for Markdown", () => {
    const text = "a: <img src=x> @octo **bold** [x](y)\n### ✅ open";
    const summary = gateSummary({ open: false, lines: [{ text }] });
    expect(summary.trimEnd().split("\n")).toHaveLength(3);
    expect(summary).not.toMatch(/<img|@octo|\*\*bold|\[x\]/);
  });

  test("gives as the reason of a shut gate what is to be mended alone", () => {
    const lines = [{ text: "a: passed." }, { text: "b: it burns", fix: "Push." }];
    expect(reasonOf({ open: false, lines })).toBe("b: it burns. Push.");
    expect(reasonOf({ open: true, lines: lines.slice(0, 1) })).toBe("a: passed.");
  });
});
