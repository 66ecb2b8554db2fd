import type { GitHubEvent } from "../github/context.ts";

/** All that the gate goes by. */
export interface GateFacts {
  /** What started the run. A payload does not age well: a re-run replays the one of the first attempt. */
  event: GitHubEvent;
  /** The pull request as it is now; undefined for other events. */
  now: PullRequestNow | undefined;
  /** The gate's own workflow run. */
  run: { id: number; attempt: number };
  /** `toJSON(needs)`. */
  needs: string;
  /** The instance that each claim has to be of; undefined lets any through. */
  instance: string | undefined;
}

export interface PullRequestNow {
  state: "open" | "closed";
  draft: boolean;
  /** SHA. */
  head: string;
  /** The branch that it is to be merged into. */
  baseBranch: string;
  /** SHA at which that branch stands: the API's `base.sha` of a pull request is older than that. */
  baseTip: string;
}

export interface Decision {
  open: boolean;
  /** Why, one line for the pull request or each job. Untrusted: claims are quoted in them. */
  lines: readonly DecisionLine[];
}

export interface DecisionLine {
  text: string;
  /** How to mend it. */
  fix?: string | undefined;
}

/** What has to have been rehearsed. */
export interface Asked {
  head: string;
  base: string;
  /** The branch, in words. */
  into: string;
  /** How to mend a claim of another base. */
  rebase: string;
}

export const rerun =
  "Re-run all jobs: re-running the failed ones alone repeats the gate, and not what was rehearsed.";

/** As git shows it. */
export function short(sha: string): string {
  return sha.slice(0, 7);
}
