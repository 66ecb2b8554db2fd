import type { Commits } from "./hosted-repository.ts";

// Only what is read by our code or by expressions of the workflows; GitHub sends far more.

export interface OpenedPullRequest extends Commits {
  number: number;
  branch: string;
  draft: boolean;
  /** The fork's owner; `acme` where it is none. */
  owner: string;
}

const repository = {
  full_name: "acme/homelab",
  name: "homelab",
  owner: { login: "acme" },
  default_branch: "main",
};

export function pullRequestPayload({ number, branch, draft, owner, head, base }: OpenedPullRequest): unknown {
  return {
    action: "synchronize",
    number,
    repository,
    pull_request: {
      number,
      draft,
      head: { sha: head, ref: branch, user: { login: owner }, repo: headRepository(owner) },
      base: { sha: base, ref: "main", user: { login: "acme" }, repo: repository },
    },
  };
}

export function mergeGroupPayload({ head, base, ref }: { head: string; base: string; ref: string }): unknown {
  return {
    action: "checks_requested",
    repository,
    merge_group: { head_sha: head, head_ref: ref, base_sha: base, base_ref: "refs/heads/main" },
  };
}

export interface FinishedRun {
  id: number;
  attempt: number;
  event: "pull_request" | "merge_group";
  conclusion: string;
  headSha: string;
  headBranch: string;
  headOwner: string;
  startedAt: string;
}

export function workflowRunPayload(run: FinishedRun): unknown {
  return {
    action: "completed",
    repository,
    workflow: { name: "Rehearsal" },
    workflow_run: {
      id: run.id,
      run_attempt: run.attempt,
      name: "Rehearsal",
      event: run.event,
      status: "completed",
      conclusion: run.conclusion,
      head_sha: run.headSha,
      head_branch: run.headBranch,
      head_repository: headRepository(run.headOwner),
      html_url: `https://github.com/acme/homelab/actions/runs/${run.id}`,
      run_started_at: run.startedAt,
      pull_requests: [], // GitHub leaves it empty for forks
    },
  };
}

function headRepository(owner: string): { full_name: string; owner: { login: string } } {
  return { full_name: `${owner}/homelab`, owner: { login: owner } };
}
