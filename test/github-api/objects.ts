import type { Call } from "./call.ts";
import type { ArtifactState, CheckRunState, CommentState, PullRequestState, RunState } from "./state.ts";

// Every object is an example of GitHub's description, with what the state says put in its place.

type Json = Record<string, unknown>;

function user(call: Call, login: string): Json {
  const example = call.description.example("issue-comment").user as Json;
  return { ...example, login, type: login.endsWith("[bot]") ? "Bot" : "User" };
}

function repository(call: Call, example: unknown, owner: string): Json {
  const { state } = call;
  const own = owner === state.owner;
  return {
    ...(example as Json),
    id: own ? 1 : 2,
    name: state.name,
    full_name: `${owner}/${state.name}`,
    owner: user(call, owner),
    fork: !own,
  };
}

/** `name`: the example that it is made from, as lists and single objects differ. */
export function pullRequest(
  call: Call,
  name: "pull-request" | "pull-request-simple",
  { number, title, state, draft, head, base }: PullRequestState,
): Json {
  const example =
    name === "pull-request"
      ? call.description.example(name)
      : (call.description.example("pull-request-simple-items") as unknown as Json[])[0];
  const { owner, name: repo } = call.state;
  const side = (which: "head" | "base") => (example?.[which] as { repo: unknown } | undefined)?.repo;
  return {
    ...example,
    url: `${call.apiUrl}/repos/${owner}/${repo}/pulls/${number}`,
    html_url: `${call.url.origin}/${owner}/${repo}/pull/${number}`,
    id: number,
    number,
    title,
    state,
    draft,
    requested_teams: [],
    head: {
      label: `${head.owner ?? "unknown"}:${head.branch}`,
      ref: head.branch,
      sha: head.sha,
      user: user(call, head.owner ?? "ghost"),
      repo: head.owner === null ? null : repository(call, side("head"), head.owner),
    },
    base: {
      label: `${owner}:${base.branch}`,
      ref: base.branch,
      sha: base.sha,
      user: user(call, owner),
      repo: repository(call, side("base"), owner),
    },
  };
}

export function comment(call: Call, { id, pullRequest, author, body }: CommentState): Json {
  const { owner, name } = call.state;
  const api = `${call.apiUrl}/repos/${owner}/${name}/issues`;
  return {
    ...call.description.example("issue-comment"),
    id,
    url: `${api}/comments/${id}`,
    issue_url: `${api}/${pullRequest}`,
    html_url: `${call.url.origin}/${owner}/${name}/pull/${pullRequest}#issuecomment-${id}`,
    body,
    user: user(call, author),
  };
}

export function checkRun(call: Call, run: CheckRunState): Json {
  const { owner, name } = call.state;
  const url = `${call.apiUrl}/repos/${owner}/${name}/check-runs/${run.id}`;
  return {
    ...call.description.example("check-run"),
    id: run.id,
    name: run.name,
    head_sha: run.headSha,
    status: run.status,
    conclusion: run.conclusion,
    external_id: run.externalId,
    details_url: run.detailsUrl,
    url,
    html_url: `${call.url.origin}/${owner}/${name}/runs/${run.id}`,
    output: {
      ...run.output,
      annotations_count: run.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    pull_requests: [],
  };
}

export function artifact(
  call: Call,
  { id, run, name, expired, createdAt }: ArtifactState,
  size: number,
): Json {
  const [example] = call.description.example("artifact-paginated").artifacts as Json[];
  const { owner, name: repo } = call.state;
  const url = `${call.apiUrl}/repos/${owner}/${repo}/actions/artifacts/${id}`;
  return {
    ...example,
    id,
    name,
    size_in_bytes: size,
    url,
    archive_download_url: `${url}/zip`,
    expired,
    created_at: createdAt,
    updated_at: createdAt,
    workflow_run: { ...(example?.workflow_run as Json), id: run },
  };
}

export function workflowRun(call: Call, run: RunState): Json {
  const { owner, name } = call.state;
  return {
    ...call.description.example("workflow-run"),
    id: run.id,
    run_attempt: run.attempt,
    event: run.event,
    conclusion: run.conclusion,
    status: run.conclusion === null ? "in_progress" : "completed",
    head_branch: run.headBranch,
    head_sha: run.headSha,
    html_url: `${call.url.origin}/${owner}/${name}/actions/runs/${run.id}`,
  };
}
