import { describe, expect, it } from "vitest";
import { base, given, head, newHead, repository, stage } from "./api-fixture.ts";
import { branchTip, findPullRequest, readPullRequest } from "./pull-requests.ts";

const query = { repository, headOwner: "acme", headBranch: "feature/x", headSha: head };
const toMain = { branch: "main", sha: base };

describe("finding a pull request", () => {
  it("goes by owner, branch and SHA", async () => {
    await using on = await stage();
    expect(await findPullRequest(on.client, query)).toEqual({
      number: 7,
      state: "open",
      draft: false,
      head: { sha: head, ref: "feature/x", owner: "acme" },
      base: { sha: base, ref: "main" },
      fromFork: false,
      url: `${on.api.url}/acme/homelab/pull/7`,
    });
    expect(on.api.requests[0]?.query).toEqual({ state: "open", head: "acme:feature/x", per_page: "100" });
  });

  it("finds a fork's, and tells it from a branch of the same name", async () => {
    const pullRequests = [
      { number: 7, head: { owner: "acme", branch: "patch", sha: head }, base: toMain },
      { number: 8, head: { owner: "Guest", branch: "patch", sha: head }, base: toMain },
    ];
    await using on = await stage(given({ pullRequests }));
    const found = await findPullRequest(on.client, { ...query, headOwner: "Guest", headBranch: "patch" });
    expect(found).toMatchObject({ number: 8, fromFork: true, head: { owner: "Guest" } });
  });

  it.each([
    ["the head has moved", { headSha: newHead }],
    ["the branch is another", { headBranch: "feature/y" }],
    ["the owner is another", { headOwner: "guest" }],
    ["the fork is gone", { headOwner: undefined }],
    ["there is no branch", { headBranch: undefined }],
  ])("finds none where %s", async (_, more) => {
    await using on = await stage();
    expect(await findPullRequest(on.client, { ...query, ...more })).toBeUndefined();
  });

  it("finds none that is closed", async () => {
    await using on = await stage();
    for (const one of on.api.state.pullRequests) one.state = "closed";
    expect(await findPullRequest(on.client, query)).toBeUndefined();
  });

  it("does not guess between several, unless the base tells", async () => {
    const from = { owner: "acme", branch: "feature/x", sha: head };
    const pullRequests = [
      { number: 7, head: from, base: toMain },
      { number: 8, head: from, base: { branch: "release", sha: base } },
    ];
    await using on = await stage(given({ pullRequests }));
    await expect(findPullRequest(on.client, query)).rejects.toMatchObject({
      name: "UsageError",
      message: "acme:feature/x is the head of several open pull requests: #7, #8.",
    });
    expect(await findPullRequest(on.client, { ...query, baseBranch: "release" })).toMatchObject({
      number: 8,
    });
  });
});

describe("reading", () => {
  it("gives a pull request, of a fork that is gone as well", async () => {
    const gone = { number: 9, draft: true, head: { owner: null, branch: "patch", sha: head }, base: toMain };
    await using on = await stage(given({ pullRequests: [gone] }));
    expect(await readPullRequest(on.client, repository, 9)).toMatchObject({
      number: 9,
      draft: true,
      head: { owner: undefined },
      fromFork: true,
    });
  });

  it("gives where a branch stands, whatever its name", async () => {
    await using on = await stage(given({ branches: { main: base, "feature/a b#1": head } }));
    expect(await branchTip(on.client, repository, "main")).toBe(base);
    expect(await branchTip(on.client, repository, "feature/a b#1")).toBe(head);
  });

  it("refuses what is not there", async () => {
    await using on = await stage();
    await expect(readPullRequest(on.client, repository, 99)).rejects.toMatchObject({
      name: "UsageError",
      message: expect.stringMatching(/^GitHub refused to read pull request #99: 404 Not Found/),
      fix: expect.stringContaining("pull-requests: read"),
    });
    await expect(branchTip(on.client, repository, "none")).rejects.toMatchObject({
      name: "UsageError",
      fix: expect.stringContaining("contents: read"),
    });
  });
});
