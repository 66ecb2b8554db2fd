import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import type { GitHubApi, RequestRecord } from "./server.ts";
import { startGitHubApi } from "./server.ts";
import type { GivenState } from "./state.ts";

const head = "a".repeat(40);
const base = "c".repeat(40);
const repository = "/repos/acme/homelab";

function given(): GivenState {
  return {
    repository: "acme/homelab",
    branches: { main: base },
    pullRequests: [
      {
        number: 7,
        head: { owner: "guest", branch: "patch", sha: head },
        base: { branch: "main", sha: base },
      },
    ],
    artifacts: [{ run: 1, name: "rehearsal-report", files: { "verdict.json": "{}" } }],
    tokens: {
      writer: {
        login: "github-actions[bot]",
        permissions: { "pull-requests": "write", checks: "write", actions: "read", contents: "read" },
      },
      fork: { login: "github-actions[bot]", permissions: { "pull-requests": "read", contents: "read" } },
    },
  };
}

interface Asked {
  token?: string;
  body?: unknown;
  method?: string;
  root?: string;
}

async function ask(
  api: Pick<GitHubApi, "apiUrl">,
  path: string,
  { token = "writer", body, method, root }: Asked = {},
) {
  const response = await fetch(`${root ?? api.apiUrl}${path}`, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    redirect: "manual",
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    answer: text === "" ? undefined : JSON.parse(text),
  };
}

function check(output: object) {
  return {
    name: "Rehearsal",
    head_sha: head,
    conclusion: "success",
    output: { title: "t", summary: "s", ...output },
  };
}

function annotation(more: object = {}) {
  return { path: "a.yaml", start_line: 1, end_line: 1, annotation_level: "failure", message: "m", ...more };
}

describe("the double of GitHub's API", () => {
  it.each([
    ["a comment that is too long", "/issues/7/comments", { body: "x".repeat(65_537) }, "65536 characters"],
    ["an empty comment", "/issues/7/comments", { body: "" }, "fewer than 1 characters"],
    ["a field that GitHub would drop", "/issues/7/comments", { body: "x", draft: true }, '"draft"'],
    ["a summary that is too long", "/check-runs", check({ summary: "x".repeat(65_536) }), "65535 characters"],
    [
      "51 annotations",
      "/check-runs",
      check({ annotations: Array(51).fill(annotation()) }),
      "more than 50 items",
    ],
    [
      "a line before the first",
      "/check-runs",
      check({ annotations: [annotation({ start_line: 0 })] }),
      ">= 1",
    ],
    [
      "an end before the start",
      "/check-runs",
      check({ annotations: [annotation({ start_line: 2 })] }),
      "ends before",
    ],
    ["a long title", "/check-runs", check({ annotations: [annotation({ title: "x".repeat(256) })] }), "255"],
    [
      "much detail",
      "/check-runs",
      check({ annotations: [annotation({ raw_details: "ü".repeat(32_769) })] }),
      "65538",
    ],
    ["an unknown parameter", "/pulls?stat=open", undefined, '"stat"'],
    ["a page that is too large", "/pulls?per_page=101", undefined, "per_page"],
    ["a head that GitHub ignores", "/pulls?head=patch", undefined, "no owner:branch"],
    ["what it does not know", "/labels", undefined, "does not know this operation"],
  ])("answers 500 to %s, and keeps it in mind", async (_, path, body, violation) => {
    const api = await startGitHubApi(given());
    const { status, answer } = await ask(api, `${repository}${path}`, { body });
    expect(status).toBe(500);
    expect(answer.message).toContain(violation);
    expect(api.requests[0]?.violations.join()).toContain(violation);
    expect(api.state.comments.length + api.state.checkRuns.length).toBe(0);
    await expect(api[Symbol.asyncDispose]()).rejects.toThrow(violation);
  });

  it("knows both roots, tokens and what they may", async () => {
    await using api = await startGitHubApi(given());
    const root = api.enterpriseApiUrl;
    expect((await ask(api, `${repository}/pulls/7`, { root })).answer.head.repo.full_name).toBe(
      "guest/homelab",
    );
    expect((await ask(api, `${repository}/pulls/7`, { token: "wrong" })).status).toBe(401);
    const refused = await ask(api, `${repository}/issues/7/comments`, { token: "fork", body: { body: "x" } });
    expect(refused).toMatchObject({
      status: 403,
      answer: { message: "Resource not accessible by integration" },
    });
    expect((await ask(api, "/repos/acme/other/pulls/7")).status).toBe(404);
    const viewer = { query: "query { viewer { login } }" };
    const graphql = await ask(api, "/graphql", { body: viewer, root: `${api.url}/api` });
    expect(graphql.answer).toEqual({ data: { viewer: { login: "github-actions[bot]" } } });
  });

  it("gives lists in pages", async () => {
    const comments = Array.from({ length: 31 }, (_, index) => ({
      pullRequest: 7,
      author: "octo",
      body: `${index}`,
    }));
    await using api = await startGitHubApi({ ...given(), comments });
    const first = await ask(api, `${repository}/issues/7/comments`);
    expect(first.answer).toHaveLength(30);
    expect(first.headers.get("link")).toBe(
      ["next", "last"]
        .map((rel) => `<${api.url}${repository}/issues/7/comments?page=2>; rel="${rel}"`)
        .join(", "),
    );
    const second = await ask(api, `${repository}/issues/7/comments?page=2`);
    expect(second.answer.map(({ body }: { body: string }) => body)).toEqual(["30"]);
    expect(second.headers.get("link")).toContain('rel="prev"');
  });

  it("keeps artifacts elsewhere, and wants no token there", async () => {
    await using api = await startGitHubApi(given());
    const [artifact] = api.state.artifacts;
    const { status, headers } = await ask(api, `${repository}/actions/artifacts/${artifact?.id}/zip`);
    expect(status).toBe(302);
    const address = new URL(headers.get("location") ?? "");
    expect(address.origin).not.toBe(api.url);
    expect((await fetch(address)).status).toBe(200);
    expect(api.takeViolations()).toEqual([]);
    expect((await fetch(address, { headers: { authorization: "Bearer writer" } })).status).toBe(400);
    expect(api.takeViolations()).toEqual([expect.stringContaining("GitHub's token was sent to the storage")]);
  });

  it("runs as a process of its own", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "github-api-"));
    const file = join(folder.path, "state.json");
    const failures = [{ request: "GET .*/pulls/7$", responses: [{ status: 502, body: "" }] }];
    await writeFile(file, JSON.stringify({ ...given(), failures }));
    const child = spawn(process.execPath, [join(import.meta.dirname, "serve.ts"), file], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    try {
      const [apiUrl] = await once(createInterface(child.stdout), "line");
      expect((await ask({ apiUrl }, `${repository}/pulls/7`)).status).toBe(502);
      expect((await fetch(`${apiUrl}${repository}/pulls/7`)).status).toBe(401);
      expect((await ask({ apiUrl }, `${repository}/issues/7/comments`, { body: { body: "x" } })).status).toBe(
        201,
      );
      expect((await ask({ apiUrl }, `${repository}/labels`)).status).toBe(500);
      expect((await ask({ apiUrl }, "/_state")).answer.comments).toMatchObject([{ body: "x" }]);
    } finally {
      child.kill();
    }
    expect(await once(child, "exit")).toEqual([1, null]);
    const lines = (await readFile(`${file}.requests`, "utf8")).trimEnd().split("\n");
    const records: RequestRecord[] = lines.map((line) => JSON.parse(line));
    expect(records.map(({ method, path, status }) => [method, path, status])).toEqual([
      ["GET", `${repository}/pulls/7`, 502],
      ["GET", `${repository}/pulls/7`, 401],
      ["POST", `${repository}/issues/7/comments`, 201],
      ["GET", `${repository}/labels`, 500],
    ]);
    expect(records.map(({ violations }) => violations.length)).toEqual([0, 0, 0, 1]);
  });
});
