import { describe, expect, test } from "vitest";
import { badGateway } from "../../test/github-api/failures.ts";
import type { GivenState } from "../../test/github-api/state.ts";
import { InfrastructureError, messageOf, UsageError } from "../runner/errors.ts";
import {
  checkAlone,
  checking,
  commenting,
  type Given,
  github,
  head,
  newer,
  passedJson,
  permissions,
  plain,
  publish,
  pullRequest,
  report,
  writes,
} from "./publish-fixture.ts";

describe.concurrent("a run that left a verdict", () => {
  test("is told on a fork's pull request: comment, check run with annotations, summary", async () => {
    await using api = await github();
    const summary: string[] = [];
    const published = await publish(api, { summary });
    expect(published).toMatchObject({ pullRequest: 7, failures: [] });
    expect(published.commentUrl).toContain("#issuecomment-");
    expect(published.checkUrl).toBeDefined();
    expect(writes(api)).toEqual([commenting, checking]);
    expect(plain(api.state.comments[0]?.body)).toContain("1 of 2 Applications did not pass");
    expect(api.state.checkRuns).toMatchObject([
      {
        name: "Rehearsal report (default)",
        headSha: head,
        conclusion: "failure",
        externalId: expect.stringContaining("4700.1"),
        detailsUrl: "https://github.com/you/homelab/actions/runs/4700",
        output: { title: "The change does not work" },
        annotations: [{ path: "applications/shop.yaml", start_line: 3, annotation_level: "failure" }],
      },
    ]);
    expect(plain(summary.join())).toContain("1 of 2 Applications did not pass");
  });

  test("is green in the check run where it passed and its run ended well", async () => {
    await using api = await github({ artifacts: [report(passedJson())] });
    await publish(api, { run: { conclusion: "success" }, request: checkAlone });
    expect(api.state.checkRuns).toMatchObject([
      { conclusion: "success", output: { title: "The rehearsal passed" }, annotations: [] },
    ]);
  });

  test("is red, with a note, where it passed and its run ended red: its gate may have found it stale", async () => {
    await using api = await github({ artifacts: [report(passedJson())] });
    await publish(api, { run: { conclusion: "failure" }, request: checkAlone });
    expect(api.state.checkRuns).toMatchObject([{ conclusion: "failure" }]);
    expect(plain(api.state.checkRuns[0]?.output.summary)).toContain("and yet its workflow run ended as");
  });

  test("is edited into the comment that is there; another's with our marker stays as it is", async () => {
    await using api = await github();
    await publish(api, { request: { check: false } });
    const first = api.state.comments[0];
    const forged = { id: 1, pullRequest: 7, author: "mallory", body: first?.body ?? "" };
    api.state.comments.push(forged);
    await publish(api, { run: { id: 4701 }, request: { check: false } });
    expect(api.state.comments).toHaveLength(2);
    expect(forged.body).toContain("run=4700.1");
    expect(first?.body).toContain("run=4701.1");
    expect(writes(api).at(-1)).toBe(`PATCH /issues/comments/${first?.id} 200`);
  });

  test("is one of several instances, each with its own comment and check run", async () => {
    await using api = await github();
    await publish(api);
    await publish(api, { request: { instance: "cloud" } });
    expect(api.state.comments).toHaveLength(2);
    expect(api.state.checkRuns.map(({ name }) => name)).toEqual([
      "Rehearsal report (default)",
      "Rehearsal report (cloud)",
    ]);
  });

  test("is told on the base that it speaks of, where the head has several pull requests", async () => {
    const other = { ...pullRequest, number: 8, base: { branch: "production", sha: newer } };
    await using api = await github({ pullRequests: [other, pullRequest] });
    expect(await publish(api, { request: checkAlone })).toMatchObject({ pullRequest: 7, failures: [] });
  });

  test("gets a check run alone where it is of a merge group", async () => {
    await using api = await github({ branches: { "gh-readonly-queue/main/pr-7": head }, pullRequests: [] });
    const published = await publish(api, {
      run: { event: "merge_group", head_branch: "gh-readonly-queue/main/pr-7" },
    });
    expect(published).toMatchObject({ pullRequest: undefined, commentUrl: undefined, failures: [] });
    expect(writes(api)).toEqual([checking]);
  });

  test("is told in as far as it is asked for", async () => {
    await using api = await github();
    await publish(api, { request: { comment: false, check: false } });
    expect(writes(api)).toEqual([]);
  });
});

describe.concurrent("nothing is written", () => {
  test.for<[string, Given]>([
    [
      "where the head has moved",
      { state: { pullRequests: [{ ...pullRequest, head: { ...pullRequest.head, sha: newer } }] } },
    ],
    ["where the pull request is closed", { state: { pullRequests: [{ ...pullRequest, state: "closed" }] } }],
    [
      "where the branch of that name is another fork's",
      { run: { head_repository: { full_name: "eve/homelab", owner: { login: "eve" } } } },
    ],
    ["where the fork is gone", { run: { head_repository: null } }],
    ["after a push", { run: { event: "push" } }],
    ["before the run has ended", { run: { conclusion: null } }],
    [
      "of a draft that left nothing",
      { state: { pullRequests: [{ ...pullRequest, draft: true }], artifacts: [] } },
    ],
  ])("%s", async ([, { state, ...given }]) => {
    await using api = await github(state);
    const published = await publish(api, given);
    expect(published).toEqual({
      pullRequest: undefined,
      commentUrl: undefined,
      checkUrl: undefined,
      failures: [],
    });
    expect(writes(api)).toEqual([]);
  });

  test("where the head moves while it is written", async () => {
    await using api = await github();
    api.before(/GET .*\/comments/, ({ pullRequests }) => {
      for (const one of pullRequests) one.head.sha = newer;
    });
    expect(await publish(api)).toMatchObject({ pullRequest: 7, commentUrl: undefined, checkUrl: undefined });
    expect(writes(api)).toEqual([]);
  });

  test("where a newer run of the same head has spoken", async () => {
    await using api = await github();
    await publish(api, { run: { id: 4702 }, request: { check: false } });
    const [comment] = api.state.comments;
    const before = comment?.body;
    expect(await publish(api)).toMatchObject({ commentUrl: undefined, checkUrl: undefined, failures: [] });
    expect(api.state.comments).toEqual([comment]);
    expect(comment?.body).toBe(before);
  });
});

describe.concurrent("what fails keeps nothing else back", () => {
  const without = (permission: keyof typeof permissions): Partial<GivenState> => {
    const { [permission]: _, ...rest } = permissions;
    const read = permission === "pull-requests" ? { "pull-requests": "read" as const } : {};
    return {
      tokens: { "the-token-of-the-job": { login: "github-actions[bot]", permissions: { ...rest, ...read } } },
    };
  };

  test("a comment that the token may not write", async () => {
    await using api = await github(without("pull-requests"));
    const published = await publish(api);
    expect(published).toMatchObject({ pullRequest: 7, commentUrl: undefined });
    expect(published.checkUrl).toBeDefined();
    expect(published.failures).toHaveLength(1);
    expect(published.failures[0]).toBeInstanceOf(UsageError);
    expect(published.failures[0]).toHaveProperty("fix", expect.stringContaining("pull-requests: write"));
  });

  test("a check run that the token may not write", async () => {
    await using api = await github(without("checks"));
    const published = await publish(api);
    expect(published.commentUrl).toBeDefined();
    expect(published.failures).toHaveLength(1);
    expect(published.failures[0]).toHaveProperty("fix", expect.stringContaining("checks: write"));
  });

  test("a summary that cannot be written", async () => {
    await using api = await github();
    const writeSummary = async () => {
      throw new Error("the disk is full");
    };
    const published = await publish(api, { request: { writeSummary } });
    expect(published.failures.map(messageOf)).toEqual(["the disk is full"]);
    expect(writes(api)).toEqual([commenting, checking]);
  });

  test("but nothing is told where GitHub does not give the verdict", async () => {
    await using api = await github();
    api.fail(/GET .*\/artifacts/, Array(10).fill(badGateway));
    const { failures } = await publish(api);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toBeInstanceOf(InfrastructureError);
    expect(writes(api)).toEqual([]);
  });

  test("nor where the token may not read it: that is no report of a broken artifact", async () => {
    await using api = await github(without("actions"));
    const { failures } = await publish(api);
    expect(failures[0]).toHaveProperty("fix", expect.stringContaining("actions: read"));
    expect(writes(api)).toEqual([]);
  });
});
