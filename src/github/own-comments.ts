import { hasStatus, type Task } from "./api-error.ts";
import type { GitHubClient } from "./client.ts";
import { type CommentMarker, readCommentMarker } from "./comment-marker.ts";
import type { RepositoryName } from "./context.ts";
import { named } from "./pull-requests.ts";

/** A comment of the token's own account that begins with a marker. */
export interface OwnComment {
  id: number;
  body: string;
  /** Its place on the page. */
  url: string;
  marker: CommentMarker;
}

interface Query {
  repository: RepositoryName;
  pullRequest: number;
  instance: string;
  /** As `ownLogin` gives it. */
  author: string;
  /** The id of a comment known to have been written, which a list may lag behind. */
  written: number | undefined;
}

interface ListedComment {
  id: number;
  body?: string | undefined;
  html_url: string;
  user: { login: string } | null;
}

/**
 * The login of the token's account. By GraphQL, which tells every kind of token: `GET /user` refuses the
 * installation tokens that GITHUB_TOKEN and an App's are. A bot's ends with `[bot]`, as in comments' `user.login`.
 */
export async function ownLogin(client: GitHubClient): Promise<string> {
  const task = { to: "say whose token this is", permission: "pull-requests: write" };
  const { viewer } = await client.ask(task, (octokit) =>
    octokit.graphql<{ viewer: { login: string } }>("query { viewer { login } }"),
  );
  return viewer.login;
}

/** The comments of this instance that the token's account wrote. Others' are not its own, whatever they say. */
export async function listOwnComments(client: GitHubClient, query: Query): Promise<OwnComment[]> {
  const { repository, pullRequest, written } = query;
  const listed: ListedComment[] = await client.ask(reading(query), (octokit) =>
    octokit.paginate(octokit.rest.issues.listComments, {
      ...named(repository),
      issue_number: pullRequest,
      per_page: 100,
    }),
  );
  if (written !== undefined && !listed.some(({ id }) => id === written)) {
    const missed = await readComment(client, query, written);
    if (missed !== undefined) listed.push(missed);
  }
  return listed.flatMap((comment) => ownComment(comment, query));
}

function ownComment({ id, body = "", html_url, user }: ListedComment, query: Query): OwnComment[] {
  if (user?.login.toLowerCase() !== query.author.toLowerCase()) return [];
  const marker = readCommentMarker(body);
  return marker?.instance === query.instance ? [{ id, body, url: html_url, marker }] : [];
}

async function readComment(
  client: GitHubClient,
  query: Query,
  id: number,
): Promise<ListedComment | undefined> {
  try {
    const { data } = await client.ask(reading(query), (octokit) =>
      octokit.rest.issues.getComment({ ...named(query.repository), comment_id: id }),
    );
    return data;
  } catch (error) {
    if (hasStatus(error, 404, 410)) return undefined;
    throw error;
  }
}

function reading({ pullRequest }: Query): Task {
  return { to: `read the comments on #${pullRequest}`, permission: "pull-requests: read" };
}
