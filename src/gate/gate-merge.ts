import type { GitHubClient } from "../github/client.ts";
import type { GitHubContext } from "../github/context.ts";
import { branchTip, readPullRequest } from "../github/pull-requests.ts";
import { words } from "../report/markdown.ts";
import { oneLine } from "../report/sanitise.ts";
import { isExpected } from "../runner/errors.ts";
import { decide } from "./decide.ts";
import type { Decision, DecisionLine, PullRequestNow } from "./facts.ts";

export interface GateRequest {
  client: GitHubClient;
  context: Pick<GitHubContext, "repository" | "event" | "runId" | "runAttempt">;
  /** `toJSON(needs)`. */
  needs: string;
  /** The instance that every claim has to be of; undefined lets any through. */
  instance: string | undefined;
}

/**
 * Decides whether the change may be merged, by what the needed jobs claim and by how the pull request and its
 * base stand now. Shut, and no error, where GitHub does not say how they stand.
 */
export async function gateMerge({ client, context, needs, instance }: GateRequest): Promise<Decision> {
  const { event, runId, runAttempt } = context;
  try {
    const now = await readNow(client, context);
    return decide({ event, now, run: { id: runId, attempt: runAttempt }, needs, instance });
  } catch (error) {
    if (!isExpected(error)) throw error;
    const fix = error.fix ?? "Re-run the failed jobs.";
    return {
      open: false,
      lines: [{ text: `The gate cannot tell how the pull request stands: ${error.message}`, fix }],
    };
  }
}

/**
 * Asked anew, whatever the payload says: it is as old as the run's first attempt, and its `base.sha` is where
 * the base stood when the head was pushed.
 */
async function readNow(
  client: GitHubClient,
  { event, repository }: GateRequest["context"],
): Promise<PullRequestNow | undefined> {
  if (event.name !== "pull_request") return undefined;
  const { state, draft, head, base } = await readPullRequest(client, repository, event.number);
  const baseTip = await branchTip(client, repository, base.ref);
  return { state, draft, head: head.sha, baseBranch: base.ref, baseTip };
}

/** Why, as one line: of a shut gate, all that has to be mended. */
export function reasonOf({ open, lines }: Decision): string {
  const told = lines.filter(({ fix }) => open || fix !== undefined);
  return oneLine(told.map(sentencesOf).join(" "));
}

/** The decision as the summary of a job, in Markdown. */
export function gateSummary({ open, lines }: Decision): string {
  const title = open ? "✅ Rehearsal gate: open" : "❌ Rehearsal gate: shut";
  return `### ${title}\n\n${lines.map((line) => `- ${words(sentencesOf(line))}\n`).join("")}`;
}

function sentencesOf({ text, fix }: DecisionLine): string {
  return fix === undefined ? text : `${text.replace(/([^.!?…])$/, "$1.")} ${fix}`;
}
