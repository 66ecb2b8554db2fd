import { type GitHubApi, startGitHubApi } from "../../test/github-api/server.ts";
import type { GivenState } from "../../test/github-api/state.ts";
import type { Verdict } from "../rehearsal/verdict.ts";
import { application, failed, verdict } from "../rehearsal/verdict-fixture.ts";
import { silentLog } from "../runner/log.ts";
import { connectGitHub } from "./client.ts";
import { readContext } from "./context.ts";
import { type PublishRequest, publishVerdict } from "./publish-verdict.ts";

export const head = "c".repeat(40);
export const newer = "d".repeat(40);

/** What the change broke, on a line of its manifest. */
const place = { file: "applications/shop.yaml", line: 3 };

/** A verdict.json on that head: `shop` failed where nothing else is said. */
export function verdictJson(changes: Partial<Verdict> = {}): string {
  const applications = [application("web"), { ...failed("shop"), place }];
  return JSON.stringify(verdict(applications, changes));
}

/** One of a change that passed. */
export function passedJson(changes: Partial<Verdict> = {}): string {
  const evidence = { mergeServed: 1, otherHosts: [] };
  const passed = { result: "passed", summary: "All 1 Applications passed.", evidence } as const;
  return JSON.stringify(verdict([application("web")], { ...passed, ...changes }));
}

const artifact = { run: 4700, name: "rehearsal-report", createdAt: "2026-01-02T03:05:00Z" };

/** An artifact of that run with this verdict.json. */
export function report(text: string) {
  return { ...artifact, files: { "verdict.json": text, "report.md": "# A report", "logs/argocd.log": "…" } };
}

export const pullRequest = {
  number: 7,
  head: { owner: "octo", branch: "change", sha: head },
  base: { branch: "main", sha: "b".repeat(40) },
};

/** What GITHUB_TOKEN of the report's workflow may. */
export const permissions = {
  actions: "read",
  checks: "write",
  contents: "read",
  "pull-requests": "write",
} as const;

/** A repository with a fork's pull request, and a run on it that left a verdict. */
export function repository(changes: Partial<GivenState> = {}): GivenState {
  return {
    repository: "you/homelab",
    branches: { main: "b".repeat(40) },
    pullRequests: [pullRequest],
    artifacts: [report(verdictJson())],
    tokens: { "the-token-of-the-job": { login: "github-actions[bot]", permissions } },
    ...changes,
  };
}

/** Markdown without what keeps GitHub from linking words of it. */
export function plain(markdown: string | null | undefined): string {
  return (markdown ?? "")
    .replaceAll("&#8203;", "")
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
}

/** The payload of `workflow_run`, as far as it is read. */
export function finishedRun(changes: Record<string, unknown> = {}) {
  return {
    action: "completed",
    repository: { full_name: "you/homelab", default_branch: "main" },
    workflow_run: {
      id: 4700,
      run_attempt: 1,
      event: "pull_request",
      conclusion: "failure",
      head_sha: head,
      head_branch: "change",
      head_repository: { full_name: "octo/homelab", owner: { login: "octo" } },
      html_url: "https://github.com/you/homelab/actions/runs/4700",
      run_started_at: "2026-01-02T03:04:00Z",
      ...changes,
    },
  };
}

const ours = { instance: "default", comment: true, check: true, source: { artifact: "rehearsal-report" } };

/** The client waits for a second between two requests that write. */
export const checkAlone = { comment: false };

/** What a test changes of all this. */
export interface Given {
  state?: Partial<GivenState>;
  run?: Record<string, unknown>;
  event?: { name: string; payload: unknown };
  request?: Partial<PublishRequest>;
  /** The summary of the job, as it grows. */
  summary?: string[];
}

/** GitHub with that repository. */
export async function github(state: Partial<GivenState> = {}): Promise<GitHubApi> {
  return startGitHubApi(repository(state));
}

/** Publishes the verdict of that run; a second is a millisecond. */
export async function publish({ apiUrl }: GitHubApi, given: Given = {}) {
  const event = given.event ?? { name: "workflow_run", payload: finishedRun(given.run) };
  const environment = {
    GITHUB_API_URL: apiUrl,
    GITHUB_REPOSITORY: "you/homelab",
    GITHUB_RUN_ID: "4711",
    GITHUB_EVENT_NAME: event.name,
  };
  const token = "the-token-of-the-job";
  return publishVerdict({
    ...ours,
    client: connectGitHub({ apiUrl, token, log: silentLog, secondMs: 1 }),
    context: readContext(environment, event.payload),
    writeSummary: async (markdown) => void given.summary?.push(markdown),
    ...given.request,
  });
}

/** What was asked of GitHub that changes something. */
export function writes({ requests }: GitHubApi): string[] {
  return requests
    .filter(({ method, path }) => method !== "GET" && path !== "/graphql")
    .map(({ method, path, status }) => `${method} ${path.replace("/repos/you/homelab", "")} ${status}`);
}

export const [commenting, checking] = ["POST /issues/7/comments 201", "POST /check-runs 201"];
