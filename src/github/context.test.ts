import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../runner/errors.ts";
import { base, head } from "./api-fixture.ts";
import { loadPayload, readContext } from "./context.ts";

const environment = {
  GITHUB_SERVER_URL: "https://github.com",
  GITHUB_API_URL: "https://api.github.com",
  GITHUB_REPOSITORY: "acme/homelab",
  GITHUB_RUN_ID: "4711",
  GITHUB_RUN_ATTEMPT: "1",
  GITHUB_EVENT_NAME: "push",
};

const ownRepository = { full_name: "acme/homelab", owner: { login: "acme" } };

function pullRequest(more: object = {}) {
  return {
    action: "synchronize",
    pull_request: {
      number: 7,
      draft: false,
      head: { sha: head, ref: "feature/x", user: { login: "acme" }, repo: ownRepository },
      base: { sha: base, ref: "main", repo: ownRepository },
      labels: ["unknown fields are let through"],
      ...more,
    },
  };
}

function workflowRun(more: object = {}) {
  return {
    workflow_run: {
      id: 12,
      run_attempt: 2,
      event: "pull_request",
      conclusion: "failure",
      head_sha: head,
      head_branch: "feature/x",
      head_repository: { owner: { login: "guest" } },
      html_url: "https://github.com/acme/homelab/actions/runs/12",
      run_started_at: "2026-01-02T03:04:05Z",
      ...more,
    },
  };
}

function eventOf(name: string, payload: unknown) {
  return readContext({ ...environment, GITHUB_EVENT_NAME: name }, payload).event;
}

describe("the context", () => {
  it("is read from the environment", () => {
    expect(readContext(environment, {})).toEqual({
      serverUrl: "https://github.com",
      apiUrl: "https://api.github.com",
      repository: { owner: "acme", name: "homelab" },
      runId: 4711,
      runAttempt: 1,
      runUrl: "https://github.com/acme/homelab/actions/runs/4711",
      hosted: false,
      event: { name: "other", event: "push" },
    });
  });

  it("knows Enterprise Servers, repetitions and GitHub's own runners", () => {
    const there = {
      ...environment,
      GITHUB_SERVER_URL: "https://git.acme.example/",
      GITHUB_API_URL: "https://git.acme.example/api/v3",
      GITHUB_RUN_ATTEMPT: "3",
      RUNNER_ENVIRONMENT: "github-hosted",
    };
    expect(readContext(there, {})).toMatchObject({
      serverUrl: "https://git.acme.example",
      apiUrl: "https://git.acme.example/api/v3",
      runUrl: "https://git.acme.example/acme/homelab/actions/runs/4711/attempts/3",
      hosted: true,
    });
  });

  it.each([
    ["GITHUB_REPOSITORY", undefined, "GITHUB_REPOSITORY is not set."],
    ["GITHUB_REPOSITORY", "acme", 'GITHUB_REPOSITORY is "acme", which is no owner/name.'],
    ["GITHUB_RUN_ID", "", "GITHUB_RUN_ID is not set."],
    ["GITHUB_RUN_ID", "12x", 'GITHUB_RUN_ID is "12x", which is no positive number.'],
    ["GITHUB_RUN_ATTEMPT", "0", 'GITHUB_RUN_ATTEMPT is "0", which is no positive number.'],
    ["GITHUB_API_URL", "api.github.com", 'GITHUB_API_URL is "api.github.com", which is no URL.'],
    ["GITHUB_EVENT_NAME", undefined, "GITHUB_EVENT_NAME is not set."],
  ])("refuses %s = %j", (name, value, message) => {
    const reading = () => readContext({ ...environment, [name]: value }, {});
    expect(reading).toThrow(UsageError);
    expect(reading).toThrow(message);
  });
});

describe("an event", () => {
  it("is a pull request of the repository", () => {
    expect(eventOf("pull_request", pullRequest())).toEqual({
      name: "pull_request",
      action: "synchronize",
      number: 7,
      draft: false,
      head: { sha: head, ref: "feature/x", owner: "acme" },
      base: { sha: base, ref: "main" },
      fromFork: false,
    });
  });

  it("is a pull request of a fork, which may be gone", () => {
    const user = { login: "guest" };
    const repo = { full_name: "guest/homelab", owner: user };
    const forked = { sha: head, ref: "main", user, repo };
    const expected = { fromFork: true, head: { owner: "guest" } };
    expect(eventOf("pull_request", pullRequest({ head: forked }))).toMatchObject(expected);
    expect(eventOf("pull_request", pullRequest({ head: { ...forked, repo: null } }))).toMatchObject(expected);
    const lost = { ...forked, repo: null, user: null };
    expect(eventOf("pull_request", pullRequest({ head: lost }))).toMatchObject({
      fromFork: true,
      head: { owner: "ghost" },
    });
  });

  it("is a merge group, whose branch loses its prefix", () => {
    const merge_group = { head_sha: head, base_sha: base, base_ref: "refs/heads/release/1.x", head_ref: "x" };
    expect(eventOf("merge_group", { merge_group })).toEqual({
      name: "merge_group",
      headSha: head,
      baseSha: base,
      baseRef: "release/1.x",
    });
  });

  it("is a run that has ended", () => {
    expect(eventOf("workflow_run", workflowRun())).toEqual({
      name: "workflow_run",
      run: {
        id: 12,
        attempt: 2,
        event: "pull_request",
        conclusion: "failure",
        headSha: head,
        headBranch: "feature/x",
        headOwner: "guest",
        url: "https://github.com/acme/homelab/actions/runs/12",
        startedAt: "2026-01-02T03:04:05Z",
      },
    });
    const bare = workflowRun({
      conclusion: null,
      head_branch: null,
      head_repository: null,
      run_started_at: null,
    });
    expect(eventOf("workflow_run", bare)).toMatchObject({
      run: { conclusion: "pending", headBranch: undefined, headOwner: undefined, startedAt: undefined },
    });
  });

  it("is nothing known, whatever its payload", () => {
    expect(eventOf("pull_request_target", null)).toEqual({ name: "other", event: "pull_request_target" });
    expect(eventOf("toString", null)).toEqual({ name: "other", event: "toString" });
  });

  it.each([
    ["pull_request", null, "its top"],
    ["pull_request", pullRequest({ number: "7" }), "pull_request.number"],
    ["pull_request", pullRequest({ head: { sha: "main", ref: "x" } }), "pull_request.head.sha"],
    ["merge_group", { merge_group: { head_sha: head } }, "merge_group.base_sha"],
    ["workflow_run", workflowRun({ html_url: "javascript:alert(1)" }), "workflow_run.html_url"],
  ])("is refused where %s is malformed", (name, payload, at) => {
    expect(() => eventOf(name, payload)).toThrow(UsageError);
    expect(() => eventOf(name, payload)).toThrow(`The payload of the event ${name} is malformed at ${at}: `);
  });
});

describe("the payload", () => {
  it("is read from its file", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "rehearsal-payload-"));
    const path = join(folder.path, "event.json");
    await writeFile(path, '{"action":"opened"}');
    expect(await loadPayload({ GITHUB_EVENT_PATH: path })).toEqual({ action: "opened" });
    await writeFile(path, "{");
    await expect(loadPayload({ GITHUB_EVENT_PATH: path })).rejects.toThrow(UsageError);
    await expect(loadPayload({ GITHUB_EVENT_PATH: `${path}.none` })).rejects.toThrow(UsageError);
    await expect(loadPayload({})).rejects.toThrow("GITHUB_EVENT_PATH is not set.");
  });
});
