import type { Annotation } from "../report/annotations.ts";
import { isUncertain, type Task } from "./api-error.ts";
import { checkAnnotations, checkText } from "./check-limits.ts";
import { type GitHubClient, once } from "./client.ts";
import type { RunNumber } from "./comment-marker.ts";
import type { RepositoryName } from "./context.ts";
import { named } from "./pull-requests.ts";

export interface CheckRun {
  repository: RepositoryName;
  /** The SHA that the check is about. */
  head: string;
  /** As the pull request and branch protection show it. */
  name: string;
  /** The run that it tells of: publishing it again goes on with the same check run. */
  run: RunNumber;
  conclusion: "success" | "failure" | "neutral";
  title: string;
  /** Markdown, cut at 65,535 bytes. */
  summary: string;
  /** Markdown, cut at 65,535 bytes. */
  text?: string | undefined;
  annotations: readonly Annotation[];
  /** Where its "Details" lead. */
  detailsUrl: string;
}

/** What GitHub has of a check run. */
interface Published {
  id: number;
  url: string | undefined;
  /** How many annotations it has. */
  annotated: number;
}

/** What one request may carry. */
const batchSize = 50;
const tries = 3;

/**
 * Publishes a check run with its annotations, the first 50 with the check itself and the rest by updates, and
 * gives the address of its page. Every request goes by what GitHub has got already, so that an answer that got
 * lost brings no second check and no annotation twice. Throws a UsageError where the token may not (only an App's
 * may, which GITHUB_TOKEN is), an InfrastructureError where GitHub cannot be reached.
 */
export async function publishCheckRun(client: GitHubClient, check: CheckRun): Promise<string | undefined> {
  const all = checkAnnotations(check.annotations);
  if (all.length < check.annotations.length) {
    client.log.warn(`The check shows ${all.length} of ${check.annotations.length} annotations.`);
  }
  let published = await findPublished(client, check);
  // One that an earlier call left gets its text again, even where it has all annotations.
  let stale = true;
  let failures = 0;
  for (;;) {
    const annotated = published?.annotated ?? 0;
    const batch = all.slice(annotated, annotated + batchSize);
    if (!stale && batch.length === 0) return published?.url;
    try {
      published = await send(client, check, published, batch);
      stale = false;
      failures = 0;
    } catch (error) {
      if (!isUncertain(error) || ++failures === tries) throw error;
      client.log.info("GitHub did not confirm the check run: looking what it has.");
      await client.pause(2 * failures);
      published = await findPublished(client, check);
      if (published !== undefined && published.annotated > annotated) failures = 0;
    }
  }
}

interface Sent {
  data: { id: number; html_url: string | null };
}

type Batch = ReturnType<typeof checkAnnotations>;

async function send(
  client: GitHubClient,
  check: CheckRun,
  published: Published | undefined,
  annotations: Batch,
): Promise<Published> {
  const content = {
    ...named(check.repository),
    name: check.name,
    status: "completed",
    conclusion: check.conclusion,
    details_url: check.detailsUrl,
    external_id: externalId(check),
    output: {
      title: check.title.slice(0, 255),
      summary: checkText(check.summary),
      ...(check.text === undefined ? {} : { text: checkText(check.text) }),
      annotations,
    },
    ...once,
  } as const;
  const { data } = await client.ask<Sent>(writing(check), async ({ rest: { checks } }) =>
    published === undefined
      ? await checks.create({ ...content, head_sha: check.head })
      : await checks.update({ ...content, check_run_id: published.id }),
  );
  // The count in the answer may lag behind what was just sent.
  const annotated = (published?.annotated ?? 0) + annotations.length;
  return { id: data.id, url: data.html_url ?? undefined, annotated };
}

async function findPublished(client: GitHubClient, check: CheckRun): Promise<Published | undefined> {
  const listed = await client.ask(writing(check), (octokit) =>
    octokit.paginate(octokit.rest.checks.listForRef, {
      ...named(check.repository),
      ref: check.head,
      check_name: check.name,
      filter: "all",
      per_page: 100,
    }),
  );
  const found = listed.find(({ external_id }) => external_id === externalId(check));
  if (found === undefined) return undefined;
  return { id: found.id, url: found.html_url ?? undefined, annotated: found.output.annotations_count };
}

function externalId({ run }: CheckRun): string {
  return `gitops-rehearsal:${run.id}.${run.attempt}`;
}

function writing({ name, head }: CheckRun): Task {
  return { to: `write the check "${name}" of ${head.slice(0, 12)}`, permission: "checks: write" };
}
