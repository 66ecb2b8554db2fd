import type { Octokit } from "@octokit/rest";
import { UsageError } from "../runner/errors.ts";
import type { GitHubClient } from "./client.ts";
import type { RepositoryName } from "./context.ts";

export interface PullRequest {
  number: number;
  state: "open" | "closed";
  draft: boolean;
  /** `owner` is undefined where the fork is gone. */
  head: { sha: string; ref: string; owner: string | undefined };
  base: { sha: string; ref: string };
  fromFork: boolean;
  /** Its page. */
  url: string;
}

export interface PullRequestQuery {
  repository: RepositoryName;
  /** As the event has them; without them there is no pull request to find. */
  headOwner: string | undefined;
  headBranch: string | undefined;
  headSha: string;
  /** Tells pull requests of one head into several branches apart. */
  baseBranch?: string | undefined;
}

const permission = "pull-requests: read";

/**
 * The open pull request whose head is this branch at this very commit, in a fork or not; undefined where there is
 * none (any more). Throws a UsageError where there are several.
 * Not by its commit: GitHub's look-up from commits to pull requests gives nothing for forks.
 */
export async function findPullRequest(
  client: GitHubClient,
  { repository, headOwner, headBranch, headSha, baseBranch }: PullRequestQuery,
): Promise<PullRequest | undefined> {
  if (headOwner === undefined || headBranch === undefined) return undefined;
  const to = `find the pull request of ${headOwner}:${headBranch}`;
  const answer = await client.ask({ to, permission }, (octokit) =>
    octokit.paginate(octokit.rest.pulls.list, {
      ...named(repository),
      state: "open",
      head: `${headOwner}:${headBranch}`,
      ...(baseBranch === undefined ? {} : { base: baseBranch }),
      per_page: 100,
    }),
  );
  // A filter that GitHub cannot read, it ignores: what comes back is compared.
  const found = answer
    .map(pullRequestOf)
    .filter(({ head }) => head.sha === headSha && head.ref === headBranch)
    .filter(({ head }) => head.owner?.toLowerCase() === headOwner.toLowerCase())
    .filter(({ base }) => baseBranch === undefined || base.ref === baseBranch);
  if (found.length > 1) {
    const numbers = found.map(({ number }) => `#${number}`).join(", ");
    throw new UsageError(
      `${headOwner}:${headBranch} is the head of several open pull requests: ${numbers}.`,
      {
        fix: "Close all but one, or push each to a branch of its own.",
      },
    );
  }
  return found[0];
}

/** Throws a UsageError where there is no such pull request. */
export async function readPullRequest(
  client: GitHubClient,
  repository: RepositoryName,
  number: number,
): Promise<PullRequest> {
  const { data } = await client.ask({ to: `read pull request #${number}`, permission }, (octokit) =>
    octokit.rest.pulls.get({ ...named(repository), pull_number: number }),
  );
  return pullRequestOf(data);
}

/** The SHA at which a branch stands now. Throws a UsageError where there is no such branch. */
export async function branchTip(
  client: GitHubClient,
  repository: RepositoryName,
  branch: string,
): Promise<string> {
  const task = { to: `say where the branch ${branch} stands`, permission: "contents: read" };
  const { data } = await client.ask(task, (octokit) =>
    octokit.rest.git.getRef({ ...named(repository), ref: `heads/${branch}` }),
  );
  return data.object.sha;
}

/** A repository as Octokit's parameters have it. */
export function named({ owner, name }: RepositoryName): { owner: string; repo: string } {
  return { owner, repo: name };
}

type Listed = Awaited<ReturnType<Octokit["rest"]["pulls"]["list"]>>["data"][number];
type Read = Awaited<ReturnType<Octokit["rest"]["pulls"]["get"]>>["data"];

/** GitHub's description promises a head repository; in a pull request of a deleted fork it is `null`. */
function pullRequestOf({ number, state, draft, head, base, html_url }: Listed | Read): PullRequest {
  const headRepository: { id: number; owner: { login: string } } | null = head.repo;
  return {
    number,
    state: state === "open" ? "open" : "closed",
    draft: draft === true,
    head: { sha: head.sha, ref: head.ref, owner: headRepository?.owner.login },
    base: { sha: base.sha, ref: base.ref },
    fromFork: headRepository?.id !== base.repo.id,
    url: html_url,
  };
}
