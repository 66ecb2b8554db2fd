import type { MergeGroupEvent, PullRequestEvent } from "../github/context.ts";
import {
  type Asked,
  type Decision,
  type DecisionLine,
  type GateFacts,
  type PullRequestNow,
  rerun,
  short,
} from "./facts.ts";
import { judgeJob } from "./judge-job.ts";
import { parseNeeds } from "./needs.ts";

/**
 * Whether the change may be merged: only if every needed job ended well with the claim that a rehearsal of
 * exactly this head and this base passed. Whatever else there is, or is not, keeps the gate shut.
 */
export function decide(facts: GateFacts): Decision {
  const asked = askedOf(facts);
  if ("text" in asked) return { open: false, lines: [asked] };
  const needs = parseNeeds(facts.needs);
  if ("problem" in needs) {
    return shut(
      `The gate cannot tell which jobs it needs: ${needs.problem}.`,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's
      "Give the input `needs` the value `${{ toJSON(needs) }}`.",
    );
  }
  if (needs.jobs.length === 0) {
    return shut(
      "The gate needs no job, so nothing was rehearsed.",
      "Name the jobs that rehearse in `needs:` of the gate's job.",
    );
  }
  const judged = needs.jobs.map((job) => judgeJob(job, asked, facts));
  return { open: judged.every(({ passed }) => passed), lines: judged.map(({ line }) => line) };
}

function askedOf({ event, now }: GateFacts): Asked | DecisionLine {
  switch (event.name) {
    case "pull_request":
      return now === undefined
        ? { text: "It is not known how the pull request stands now.", fix: rerun }
        : askedOfPullRequest(event, now);
    case "merge_group":
      return askedOfMergeGroup(event);
    case "workflow_run":
      return unknownEvent("workflow_run");
    case "other":
      return unknownEvent(event.event);
  }
}

function askedOfPullRequest(event: PullRequestEvent, now: PullRequestNow): Asked | DecisionLine {
  if (now.state !== "open") {
    return {
      text: "The pull request is closed: there is nothing left to decide.",
      fix: "Reopen it to have it rehearsed.",
    };
  }
  if (now.draft) {
    return {
      text: "The pull request is a draft, and drafts are not rehearsed.",
      fix: "Mark it as ready for review: that starts a rehearsal, if the workflow lists the type `ready_for_review`.",
    };
  }
  if (event.draft) {
    return {
      text: "This run began while the pull request was a draft, and so did not rehearse it.",
      fix: "Look at the run that began when it was marked as ready; without it, close and reopen the pull request: a re-run takes it for a draft again.",
    };
  }
  if (now.head !== event.head.sha) {
    return {
      text: `This run is of ${short(event.head.sha)}, and the pull request has gone on to ${short(now.head)}.`,
      fix: "Look at the run of the newer commit.",
    };
  }
  if (now.baseBranch !== event.base.ref) {
    return {
      text: `This run is of a merge into ${event.base.ref}, and the pull request now goes into ${now.baseBranch}.`,
      fix: "Look at the newer run, which the type `edited` in the workflow starts; without it, close and reopen the pull request: a re-run knows the old branch alone.",
    };
  }
  const rebase = `${rerun} Updating the branch does it as well.`;
  return { head: now.head, base: now.baseTip, into: now.baseBranch, rebase };
}

/** A group has a head and a base of its own, which never change; its base may be the head of another group. */
function askedOfMergeGroup({ headSha, baseSha, baseRef }: MergeGroupEvent): Asked {
  return { head: headSha, base: baseSha, into: `the merge group's base of ${baseRef}`, rebase: rerun };
}

function unknownEvent(name: string): DecisionLine {
  return {
    text: `The event ${name} asks for no merge, so there is nothing that the gate could let through.`,
    fix: "Run the gate on `pull_request` and `merge_group` alone.",
  };
}

function shut(text: string, fix: string): Decision {
  return { open: false, lines: [{ text, fix }] };
}
