import { readFile } from "node:fs/promises";
import { z } from "zod";
import { messageOf, UsageError } from "../runner/errors.ts";

/** Where and why a job runs: what GitHub tells it in `GITHUB_*` and in the event's payload. */
export interface GitHubContext {
  /** Without a slash at the end, as is `apiUrl`: `https://github.com`, or that of an Enterprise Server. */
  serverUrl: string;
  apiUrl: string;
  repository: RepositoryName;
  /** Undefined where the event's payload does not say. */
  defaultBranch: string | undefined;
  runId: number;
  /** From 1. */
  runAttempt: number;
  /** The page of this attempt. */
  runUrl: string;
  /** Whether GitHub provides the runner, and throws it away after the job. */
  hosted: boolean;
  event: GitHubEvent;
}

export interface RepositoryName {
  owner: string;
  name: string;
}

export type GitHubEvent = PullRequestEvent | MergeGroupEvent | WorkflowRunEvent | OtherEvent;

export interface PullRequestEvent {
  name: "pull_request";
  action: string;
  number: number;
  draft: boolean;
  /** `owner` is `ghost` where the account is gone. */
  head: { sha: string; ref: string; owner: string };
  base: { sha: string; ref: string };
  fromFork: boolean;
}

export interface MergeGroupEvent {
  name: "merge_group";
  headSha: string;
  baseSha: string;
  /** The branch, without `refs/heads/`. */
  baseRef: string;
}

export interface WorkflowRunEvent {
  name: "workflow_run";
  run: FinishedRun;
}

/** The run that a `workflow_run` event is about. */
export interface FinishedRun {
  id: number;
  attempt: number;
  /** What started it: `pull_request`, `merge_group`. */
  event: string;
  /** `pending` while it has none. */
  conclusion: string;
  headSha: string;
  /** Undefined for a run without a branch. */
  headBranch: string | undefined;
  /** Undefined where the fork is gone. */
  headOwner: string | undefined;
  url: string;
  /** When this attempt started, ISO 8601. */
  startedAt: string | undefined;
}

export interface OtherEvent {
  name: "other";
  event: string;
}

const sha = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/, "is no full commit SHA");
const account = z.object({ login: z.string().min(1) });
const headRepository = z.object({ full_name: z.string(), owner: account });

// Webhook payloads carry far more, and grow: only what is used is described.
const pullRequestPayload = z.object({
  action: z.string(),
  pull_request: z.object({
    number: z.int().positive(),
    draft: z.boolean().default(false),
    head: z.object({
      sha,
      ref: z.string().min(1),
      user: account.nullish(),
      // `null` once the fork is deleted.
      repo: headRepository.nullish(),
    }),
    base: z.object({ sha, ref: z.string().min(1), repo: z.object({ full_name: z.string() }) }),
  }),
});

const mergeGroupPayload = z.object({
  merge_group: z.object({ head_sha: sha, base_sha: sha, base_ref: z.string().min(1) }),
});

const workflowRunPayload = z.object({
  workflow_run: z.object({
    id: z.int().positive(),
    run_attempt: z.int().positive().default(1),
    event: z.string(),
    conclusion: z.string().nullish(),
    head_sha: sha,
    head_branch: z.string().min(1).nullish(),
    head_repository: z.object({ owner: account }).nullish(),
    html_url: z.url({ protocol: /^https?$/ }),
    run_started_at: z.iso.datetime({ offset: true }).nullish(),
  }),
});

const repositoryPayload = z.object({ repository: z.object({ default_branch: z.string().min(1) }) });

const readers = new Map<string, (payload: unknown) => GitHubEvent>([
  ["pull_request", readPullRequestEvent],
  ["merge_group", readMergeGroupEvent],
  ["workflow_run", readWorkflowRunEvent],
]);

/**
 * Reads the environment of a job and the payload of its event, as `loadPayload` gives it. Throws a UsageError
 * where something is missing or malformed.
 * Rules: https://docs.github.com/en/actions/reference/workflows-and-actions/variables
 */
export function readContext(environment: NodeJS.ProcessEnv, payload: unknown): GitHubContext {
  const serverUrl = urlOf(environment, "GITHUB_SERVER_URL", "https://github.com");
  const repository = repositoryOf(required(environment, "GITHUB_REPOSITORY"));
  const runId = numberOf(environment, "GITHUB_RUN_ID");
  const runAttempt = numberOf(environment, "GITHUB_RUN_ATTEMPT", 1);
  const event = required(environment, "GITHUB_EVENT_NAME");
  const run = `${serverUrl}/${repository.owner}/${repository.name}/actions/runs/${runId}`;
  return {
    serverUrl,
    apiUrl: urlOf(environment, "GITHUB_API_URL", "https://api.github.com"),
    repository,
    defaultBranch: repositoryPayload.safeParse(payload).data?.repository.default_branch,
    runId,
    runAttempt,
    runUrl: runAttempt === 1 ? run : `${run}/attempts/${runAttempt}`,
    hosted: environment.RUNNER_ENVIRONMENT === "github-hosted",
    event: readers.get(event)?.(payload) ?? { name: "other", event },
  };
}

/** The parsed payload of the event that started the job. Throws a UsageError where there is none. */
export async function loadPayload(environment: NodeJS.ProcessEnv): Promise<unknown> {
  const path = required(environment, "GITHUB_EVENT_PATH");
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new UsageError(`GITHUB_EVENT_PATH (${path}) could not be read: ${messageOf(cause)}`, { cause });
  }
}

function readPullRequestEvent(payload: unknown): PullRequestEvent {
  const { action, pull_request } = parse("pull_request", pullRequestPayload, payload);
  const { number, draft, head, base } = pull_request;
  return {
    name: "pull_request",
    action,
    number,
    draft,
    head: { sha: head.sha, ref: head.ref, owner: head.repo?.owner.login ?? head.user?.login ?? "ghost" },
    base: { sha: base.sha, ref: base.ref },
    fromFork: head.repo?.full_name !== base.repo.full_name,
  };
}

function readMergeGroupEvent(payload: unknown): MergeGroupEvent {
  const { merge_group } = parse("merge_group", mergeGroupPayload, payload);
  return {
    name: "merge_group",
    headSha: merge_group.head_sha,
    baseSha: merge_group.base_sha,
    baseRef: merge_group.base_ref.replace(/^refs\/heads\//, ""),
  };
}

function readWorkflowRunEvent(payload: unknown): WorkflowRunEvent {
  const { workflow_run: run } = parse("workflow_run", workflowRunPayload, payload);
  return {
    name: "workflow_run",
    run: {
      id: run.id,
      attempt: run.run_attempt,
      event: run.event,
      conclusion: run.conclusion ?? "pending",
      headSha: run.head_sha,
      headBranch: run.head_branch ?? undefined,
      headOwner: run.head_repository?.owner.login,
      url: run.html_url,
      startedAt: run.run_started_at ?? undefined,
    },
  };
}

function parse<T>(event: string, schema: z.ZodType<T>, payload: unknown): T {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new UsageError(
    `The payload of the event ${event} is malformed at ${issue?.path.join(".") || "its top"}: ${issue?.message}`,
    { fix: "Let GitHub Actions start the job; a payload of your own needs the fields of GitHub's webhook." },
  );
}

function required(environment: NodeJS.ProcessEnv, name: string): string {
  const value = environment[name];
  if (value !== undefined && value !== "") return value;
  throw new UsageError(`${name} is not set.`, { fix: "Run this as a step of a GitHub Actions job." });
}

function numberOf(environment: NodeJS.ProcessEnv, name: string, otherwise?: number): number {
  if (otherwise !== undefined && !environment[name]) return otherwise;
  const text = required(environment, name);
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`${name} is "${text}", which is no positive number.`);
}

function urlOf(environment: NodeJS.ProcessEnv, name: string, otherwise: string): string {
  const text = environment[name] || otherwise;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${name} is "${text}", which is no URL.`);
  }
  return text.replace(/\/+$/, "");
}

function repositoryOf(text: string): RepositoryName {
  const [, owner, name] = /^([\w.-]+)\/([\w.-]+)$/.exec(text) ?? [];
  if (owner === undefined || name === undefined) {
    throw new UsageError(`GITHUB_REPOSITORY is "${text}", which is no owner/name.`);
  }
  return { owner, name };
}
