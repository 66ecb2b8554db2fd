import type { GitHubContext, GitHubEvent } from "../github/context.ts";
import { type Checkout, findCommit, mainRemote } from "../repository/checkout.ts";
import { UsageError } from "../runner/errors.ts";

/** Which change is rehearsed. */
export interface Subject {
  /** A branch or commit; undefined leaves it to the checkout. */
  base: string | undefined;
  /** The branch that `base` stands for. */
  baseBranch: string | undefined;
  head: string | undefined;
  pullRequest: number | undefined;
}

/** What the workflow asked for, which wins over the event. */
export interface Asked {
  base: string | undefined;
  head: string | undefined;
}

/**
 * Works out from the event which change is meant. Throws UsageError where the checkout is not the one that
 * this takes: a rehearsal of another commit than the one to be merged would prove nothing.
 */
export async function findSubject(
  checkout: Checkout,
  { event, defaultBranch }: Pick<GitHubContext, "event" | "defaultBranch">,
  asked: Asked,
  signal: AbortSignal,
): Promise<Subject> {
  refuse(event);
  if (checkout.shallow || checkout.partial) {
    const kind = checkout.shallow ? "shallow" : "a partial clone";
    throw new UsageError(`the checkout ${checkout.top} is ${kind}`, {
      fix: "Let actions/checkout fetch the whole history: with fetch-depth: 0 and no filter.",
    });
  }
  const wanted = await wantedBy(checkout, event, defaultBranch, signal);
  const head = asked.head ?? wanted.head;
  if (wanted.head !== undefined && asked.head === undefined) await requireHead(checkout, wanted.head, signal);
  // The branch of the event is that of its base, and says nothing of another.
  if (asked.base !== undefined) return { ...wanted, head, base: asked.base, baseBranch: undefined };
  return { ...wanted, head };
}

/** Throws UsageError for what is not rehearsed at all. */
function refuse(event: GitHubEvent): void {
  if (event.name === "pull_request" && event.draft) {
    throw new UsageError(`pull request ${event.number} is a draft, and drafts are not rehearsed`, {
      fix: "Mark it as ready for review; the workflow has to run on ready_for_review too.",
    });
  }
  const name = event.name === "other" ? event.event : event.name;
  if (name === "pull_request_target" || name === "workflow_run") {
    throw new UsageError(`a change is not rehearsed on ${name}, which would give it the rights of the base`, {
      fix: "Run the workflow on pull_request and merge_group.",
    });
  }
}

async function wantedBy(
  checkout: Checkout,
  event: GitHubEvent,
  defaultBranch: string | undefined,
  signal: AbortSignal,
): Promise<Subject> {
  if (event.name === "pull_request") {
    const { base, head, number } = event;
    const tip = await tipOf(checkout, base.ref, signal);
    return { base: tip ?? base.sha, baseBranch: base.ref, head: head.sha, pullRequest: number };
  }
  if (event.name === "merge_group") {
    return { base: event.baseSha, baseBranch: event.baseRef, head: event.headSha, pullRequest: undefined };
  }
  return { base: defaultBranch, baseBranch: defaultBranch, head: undefined, pullRequest: undefined };
}

/** The branch as it was when the checkout was made; the event may be older. */
async function tipOf(checkout: Checkout, branch: string, signal: AbortSignal): Promise<string | undefined> {
  const remote = mainRemote(checkout.remotes);
  return remote && findCommit(checkout, `refs/remotes/${remote.name}/${branch}`, signal);
}

/** The checkout has to be the head itself, or GitHub's merge of it (`refs/pull/…/merge`). */
async function requireHead(checkout: Checkout, head: string, signal: AbortSignal): Promise<void> {
  const { stdout } = await checkout.git.attempt(["rev-list", "--parents", "--max-count=1", "HEAD"], {
    signal,
  });
  const [commit, ...parents] = stdout.trim().split(" ");
  if (commit === head || parents.includes(head)) return;
  throw new UsageError(`the checkout is at ${commit || "no commit"}, and the event is about ${head}`, {
    fix: `Let actions/checkout take what the event is about: without ref, or with ref: ${head}.`,
  });
}
