import type { MergeGroupEvent, PullRequestEvent } from "../github/context.ts";
import type { PassedClaim } from "./claim.ts";
import type { GateFacts } from "./facts.ts";

/** Commits of a pull request, told apart at a glance. */
export const commits = {
  head: "c".repeat(40),
  base: "b".repeat(40),
  merge: "a".repeat(40),
  newer: "d".repeat(40),
};

export const pullRequestEvent: PullRequestEvent = {
  name: "pull_request",
  action: "synchronize",
  number: 7,
  draft: false,
  head: { sha: commits.head, ref: "feature", owner: "octo" },
  base: { sha: commits.base, ref: "main" },
  fromFork: false,
};

export const mergeGroupEvent: MergeGroupEvent = {
  name: "merge_group",
  headSha: commits.head,
  baseSha: commits.base,
  baseRef: "main",
};

export const passedClaim: PassedClaim = {
  schema: 1,
  result: "passed",
  head: commits.head,
  base: commits.base,
  merge: commits.merge,
  summary: "All 2 Applications passed.",
  instance: "homelab",
  run: "4711.2",
};

/** `toJSON(needs)` of one job, with whatever it hands on as `verdict`; nothing where null. */
export function needs(claim: unknown = passedClaim, result = "success"): string {
  const outputs = claim === null ? {} : { verdict: textOf(claim) };
  return JSON.stringify({ rehearse: { result, outputs } });
}

/** Facts that open the gate, but for the changes. */
export function facts(changes: Partial<GateFacts> = {}): GateFacts {
  return {
    event: pullRequestEvent,
    now: { state: "open", draft: false, head: commits.head, baseBranch: "main", baseTip: commits.base },
    run: { id: 4711, attempt: 2 },
    needs: needs(),
    instance: undefined,
    ...changes,
  };
}

function textOf(claim: unknown): string {
  return typeof claim === "string" ? claim : JSON.stringify(claim);
}
