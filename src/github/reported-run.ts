import type { GitHubClient } from "./client.ts";
import type { RunNumber } from "./comment-marker.ts";
import type { FinishedRun, GitHubContext } from "./context.ts";
import { findPullRequest, type PullRequest, readPullRequest } from "./pull-requests.ts";

/** A workflow run that rehearsed. */
export interface ReportedRun {
  run: RunNumber;
  /** Its page. */
  url: string;
  /** The SHA that it was started for. */
  head: string;
  /** What it was started for. */
  subject: "pull request" | "merge group";
  /** The run as it has ended; undefined where it is the one that reports as well. */
  finished: FinishedRun | undefined;
}

/** That there is nobody to report to, and why; it is not an error. */
export interface NothingToReport {
  nothing: string;
}

/** The run to report on: the one that the event tells has ended, or else this one. */
export function reportedRun({
  event,
  runId,
  runAttempt,
  runUrl,
}: GitHubContext): ReportedRun | NothingToReport {
  const own = { run: { id: runId, attempt: runAttempt }, url: runUrl, finished: undefined };
  switch (event.name) {
    case "workflow_run":
      return finishedRun(event.run);
    case "pull_request":
      return { ...own, head: event.head.sha, subject: "pull request" };
    case "merge_group":
      return { ...own, head: event.headSha, subject: "merge group" };
    case "other":
      return { nothing: `the event ${event.event} has no pull request` };
  }
}

function finishedRun(finished: FinishedRun): ReportedRun | NothingToReport {
  const { id, attempt, event, conclusion, headSha: head } = finished;
  if (conclusion === "pending") return { nothing: "the run has not ended" };
  const url = attempt === 1 ? finished.url : `${finished.url}/attempts/${attempt}`;
  const run = { run: { id, attempt }, url, head, finished };
  if (event === "pull_request") return { ...run, subject: "pull request" };
  if (event === "merge_group") return { ...run, subject: "merge group" };
  return { nothing: `the run was started by ${event}, and has no pull request` };
}

/**
 * The pull request of a run, which has to be open and at the run's very commit: of any other, another run
 * speaks. `baseBranch` tells several of the same head apart. A merge group has none, as no pull request has its
 * commit. Throws a UsageError or an InfrastructureError where GitHub does not tell.
 */
export async function pullRequestOf(
  client: GitHubClient,
  { repository, event }: GitHubContext,
  { head, subject, finished }: ReportedRun,
  baseBranch: string | undefined,
): Promise<PullRequest | NothingToReport | undefined> {
  if (subject === "merge group") return undefined;
  if (finished !== undefined) {
    const { headOwner, headBranch } = finished;
    const query = { repository, headOwner, headBranch, headSha: head, baseBranch };
    const of = `${headOwner ?? "a deleted fork"}:${headBranch ?? "no branch"}`;
    const gone = { nothing: `no open pull request of ${of} is at ${head}: it has gone on, or is closed` };
    return (await findPullRequest(client, query)) ?? gone;
  }
  if (event.name !== "pull_request") return { nothing: "the event has no pull request" };
  const found = await readPullRequest(client, repository, event.number);
  if (found.state !== "open") return { nothing: `pull request #${event.number} is closed` };
  return found.head.sha === head ? found : { nothing: `pull request #${event.number} has gone on` };
}
