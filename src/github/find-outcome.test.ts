import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  checkAlone,
  checking,
  type Given,
  github,
  head,
  newer,
  passedJson,
  plain,
  publish,
  pullRequest,
  report,
  verdictJson,
  writes,
} from "./publish-fixture.ts";

describe.concurrent("a run without a usable verdict is told as such, and red,", () => {
  const bomb = Buffer.from(zipSync({ "verdict.json": new Uint8Array(17 * 1024 * 1024) })).toString("base64");
  const foreign = verdictJson({
    repository: { url: "x", baseBranch: "main", base: newer, head: newer, merge: newer, roots: [] },
  });
  const broken = (artifact: object): Given => ({
    state: { artifacts: [{ ...report(""), ...artifact }] },
  });

  test.for<[string, Given, string]>([
    ["where it failed", { state: { artifacts: [] } }, "failed before the rehearsal could leave a report"],
    [
      "where it was cancelled",
      { state: { artifacts: [] }, run: { conclusion: "cancelled" } },
      "was cancelled",
    ],
    [
      "where it took too long",
      { state: { artifacts: [] }, run: { conclusion: "timed_out" } },
      "longer than it may",
    ],
    [
      "where it was skipped",
      { state: { artifacts: [] }, run: { conclusion: "skipped" } },
      "nothing was rehearsed",
    ],
    [
      "where it left nothing, and ended well",
      { state: { artifacts: [] }, run: { conclusion: "success" } },
      "left no report",
    ],
    [
      "where it ended as GitHub may invent",
      { state: { artifacts: [] }, run: { conclusion: "odd" } },
      "left no report",
    ],
    ["where its artifact is expired", broken({ expired: true }), "failed before"],
    [
      "where its artifact is an earlier attempt's",
      broken({ createdAt: "2026-01-02T03:03:00Z" }),
      "failed before",
    ],
    ["where it left no JSON", broken({ files: { "verdict.json": "passed" } }), "cannot be read"],
    [
      "where it left a lie",
      broken({ files: { "verdict.json": '{"schema":3,"result":"passed"}' } }),
      "cannot be read",
    ],
    ["where it left another file", broken({ files: { "../verdict.json": verdictJson() } }), "cannot be read"],
    ["where it left no archive", broken({ zip: Buffer.from("zip").toString("base64") }), "cannot be read"],
    ["where it left a bomb", broken({ zip: bomb }), "cannot be read"],
    ["where it speaks of another commit", broken({ files: { "verdict.json": foreign } }), "another commit"],
    [
      "where it passed, of no commit",
      broken({ files: { "verdict.json": passedJson({ repository: undefined }) } }),
      "left a report that",
    ],
  ])("%s", async ([, { state, ...given }, said]) => {
    await using api = await github(state);
    expect(await publish(api, { ...given, request: checkAlone })).toMatchObject({
      pullRequest: 7,
      failures: [],
    });
    expect(writes(api)).toEqual([checking]);
    expect(plain(api.state.checkRuns[0]?.output.summary)).toContain(said);
    expect(api.state.checkRuns).toMatchObject([
      { conclusion: "failure", output: { title: "There is no verdict" } },
    ]);
  });

  test("but not where an earlier attempt's verdict opened the gate", async () => {
    const early = { ...report(passedJson()), createdAt: "2026-01-02T03:03:00Z" };
    await using api = await github({ artifacts: [early] });
    await publish(api, { run: { conclusion: "success", run_attempt: 2 }, request: checkAlone });
    expect(api.state.checkRuns).toMatchObject([{ conclusion: "success" }]);
  });
});

describe.concurrent("in the job that rehearsed", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "verdict-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const repo = { full_name: "you/homelab", owner: { login: "you" } };
  const event = {
    name: "pull_request",
    payload: {
      action: "opened",
      repository: { full_name: "you/homelab", default_branch: "main" },
      pull_request: {
        number: 7,
        draft: false,
        head: { sha: head, ref: "change", user: { login: "you" }, repo },
        base: { sha: "b".repeat(40), ref: "main", repo },
      },
    },
  };

  test("a file's verdict is told", async () => {
    await using api = await github({ artifacts: [] });
    const file = join(folder, "verdict.json");
    await writeFile(file, verdictJson());
    expect(await publish(api, { event, request: { source: { file } } })).toMatchObject({
      pullRequest: 7,
      failures: [],
    });
    expect(api.state.checkRuns).toMatchObject([{ externalId: expect.stringContaining("4711.1") }]);
  });

  test("a file that is not there is told, too", async () => {
    await using api = await github();
    await publish(api, { event, request: { check: false, source: { file: join(folder, "none.json") } } });
    expect(plain(api.state.comments[0]?.body)).toContain("ended without leaving a report");
  });

  test("a folder is no verdict", async () => {
    await using api = await github();
    await publish(api, { event, request: { check: false, source: { file: folder } } });
    expect(plain(api.state.comments[0]?.body)).toContain("cannot be read");
  });

  test("nothing is told of a head that has moved", async () => {
    await using api = await github({
      pullRequests: [{ ...pullRequest, head: { ...pullRequest.head, sha: newer } }],
    });
    await publish(api, { event, request: { source: { file: join(folder, "none.json") } } });
    expect(writes(api)).toEqual([]);
  });
});
