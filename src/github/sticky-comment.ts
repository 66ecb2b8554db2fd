import type { Octokit } from "@octokit/rest";
import { InfrastructureError } from "../runner/errors.ts";
import { hasStatus, isUncertain, type Task } from "./api-error.ts";
import { type GitHubClient, once } from "./client.ts";
import { isNewer, type RunNumber, withMarker } from "./comment-marker.ts";
import type { RepositoryName } from "./context.ts";
import { listOwnComments, type OwnComment, ownLogin } from "./own-comments.ts";
import { named, readPullRequest } from "./pull-requests.ts";

export interface StickyComment {
  repository: RepositoryName;
  /** Number of the pull request. */
  pullRequest: number;
  /** Tells the comments of several rehearsals of one repository apart. */
  instance: string;
  run: RunNumber;
  /** The SHA that the comment is about. */
  head: string;
  /** Markdown. The marker is put before it, or in place of one that is there. */
  body: string;
}

export interface CommentResult {
  /** `superseded`: the pull request has moved on, or a newer run has commented; this one stands nowhere. */
  outcome: "created" | "updated" | "unchanged" | "superseded";
  url: string | undefined;
}

/** What one call has done so far. */
interface Progress {
  outcome: "created" | "updated" | undefined;
  id: number | undefined;
  /** The text as GitHub keeps it. */
  stored: string | undefined;
  /** Why the latest write may have failed. */
  doubt: unknown;
}

/** GitHub's limit, in characters. */
const maxLength = 65_536;
/** One to write, one to see what became of it, the rest for races. */
const rounds = 6;
/** Longer than another run takes from its look at the comments to its write. */
const settleSeconds = 2;

/**
 * Brings the one comment of this instance on the pull request up to date: creates or edits it, and removes
 * duplicates. Touches comments of the token's own account alone. Every round looks before it writes, and the
 * last one only looks: so an answer that got lost, a comment that was deleted meanwhile, and another run that
 * writes at the same time all end in one comment, the newest run's.
 * Throws a UsageError where the token may not, an InfrastructureError where GitHub cannot be reached.
 */
export async function publishComment(client: GitHubClient, comment: StickyComment): Promise<CommentResult> {
  const text = withMarker(comment, comment.body);
  if (text.length > maxLength) throw new RangeError(`a comment of ${text.length} characters`);

  const author = await ownLogin(client);
  let progress: Progress = { outcome: undefined, id: undefined, stored: undefined, doubt: undefined };
  for (let round = 1; round <= rounds; round++) {
    const own = await listOwnComments(client, { ...comment, author, written: progress.id });
    const [kept, ...others] = own.sort(byCurrency(comment.head));
    // The head is read last before writing: what stands there is then known to be older.
    if (isOverruled(comment, kept) || (await hasMoved(client, comment))) {
      if (progress.outcome !== undefined) await remove(client, comment, others.filter(isOf(comment.run)));
      return { outcome: "superseded", url: undefined };
    }
    if (kept !== undefined && (same(kept.body, text) || same(kept.body, progress.stored))) {
      await remove(client, comment, others);
      return { outcome: progress.outcome ?? "unchanged", url: kept.url };
    }
    if (round === rounds) break;
    progress = await write(client, comment, text, kept, progress);
    await client.pause(settleSeconds);
  }
  if (progress.doubt !== undefined) throw progress.doubt;
  throw new InfrastructureError(
    `The comment on #${comment.pullRequest} was lost or overwritten as often as it was written.`,
    { fix: "Look for another workflow or bot that removes it, and run the job again." },
  );
}

async function write(
  client: GitHubClient,
  comment: StickyComment,
  body: string,
  kept: OwnComment | undefined,
  before: Progress,
): Promise<Progress> {
  const outcome = before.outcome ?? (kept === undefined ? "created" : "updated");
  try {
    const { data } = await client.ask(writing(comment), (octokit) => send(octokit, comment, body, kept));
    return { outcome, id: data.id, stored: data.body, doubt: undefined };
  } catch (error) {
    if (kept !== undefined && hasStatus(error, 404)) return before;
    if (kept !== undefined || !isUncertain(error)) throw error;
    client.log.info("GitHub did not confirm the comment: looking whether it is there.");
    return { ...before, outcome, doubt: error };
  }
}

async function send(
  { rest: { issues } }: Octokit,
  { repository, pullRequest }: StickyComment,
  body: string,
  kept: OwnComment | undefined,
): Promise<{ data: { id: number; body?: string | undefined } }> {
  if (kept !== undefined) {
    return await issues.updateComment({ ...named(repository), comment_id: kept.id, body });
  }
  return await issues.createComment({ ...named(repository), issue_number: pullRequest, body, ...once });
}

async function remove(client: GitHubClient, comment: StickyComment, doomed: OwnComment[]): Promise<void> {
  for (const { id } of doomed) {
    try {
      await client.ask(writing(comment), ({ rest }) =>
        rest.issues.deleteComment({ ...named(comment.repository), comment_id: id }),
      );
    } catch (error) {
      // Another run cleans up as well.
      if (!hasStatus(error, 404)) throw error;
    }
  }
}

function writing({ pullRequest }: StickyComment): Task {
  return { to: `write the comment on #${pullRequest}`, permission: "pull-requests: write" };
}

async function hasMoved(client: GitHubClient, { repository, pullRequest, head }: StickyComment) {
  return (await readPullRequest(client, repository, pullRequest)).head.sha !== head;
}

/** A comment about another head is stale, whichever run wrote it: branches go back as well. */
function isOverruled({ head, run }: StickyComment, kept: OwnComment | undefined): boolean {
  return kept !== undefined && kept.marker.head === head && isNewer(kept.marker.run, run);
}

/** The one to keep first: about this head, by the newest run, written first. Every run agrees on it. */
function byCurrency(head: string): (a: OwnComment, b: OwnComment) => number {
  return (a, b) => {
    const about = Number(b.marker.head === head) - Number(a.marker.head === head);
    if (about !== 0) return about;
    if (isNewer(a.marker.run, b.marker.run)) return -1;
    if (isNewer(b.marker.run, a.marker.run)) return 1;
    return a.id - b.id;
  };
}

function isOf(run: RunNumber): (comment: OwnComment) => boolean {
  return ({ marker }) => marker.run.id === run.id && marker.run.attempt === run.attempt;
}

/** GitHub may keep line ends and the end of a text differently. */
function same(first: string, second: string | undefined): boolean {
  return second !== undefined && normalised(first) === normalised(second);
}

function normalised(text: string): string {
  return text.replaceAll("\r\n", "\n").trimEnd();
}
