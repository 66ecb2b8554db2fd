import type { Verdict } from "../rehearsal/verdict.ts";
import { annotationsOf } from "../report/annotations.ts";
import { commentOf } from "../report/comment.ts";
import type { Outcome, ReportContext } from "../report/outcome.ts";
import { summaryOf } from "../report/summary.ts";
import { asStep } from "../runner/log.ts";
import { publishCheckRun } from "./check-run.ts";
import type { GitHubClient } from "./client.ts";
import type { GitHubContext } from "./context.ts";
import { findOutcome, type VerdictSource } from "./find-outcome.ts";
import { type NothingToReport, pullRequestOf, type ReportedRun, reportedRun } from "./reported-run.ts";
import { publishComment } from "./sticky-comment.ts";

export interface PublishRequest {
  client: GitHubClient;
  context: GitHubContext;
  /** Tells several rehearsals of one repository apart: each has a comment and a check run of its own. */
  instance: string;
  source: VerdictSource;
  /** Whether to write a comment, a check run, a summary of the job. */
  comment: boolean;
  check: boolean;
  writeSummary?: ((markdown: string) => Promise<void>) | undefined;
}

export interface PublishedVerdict {
  /** Number of the pull request; undefined for a merge group, and where there is none to tell. */
  pullRequest: number | undefined;
  commentUrl: string | undefined;
  checkUrl: string | undefined;
  /** Why not all could be published that was asked for; the rest was. */
  failures: readonly unknown[];
}

const nobody: PublishedVerdict = {
  pullRequest: undefined,
  commentUrl: undefined,
  checkUrl: undefined,
  failures: [],
};

/**
 * Tells the pull request what its rehearsal found, or why there is no verdict: a comment, a check run, the job's
 * summary, each on its own, so that one which fails keeps no other back. Says nothing where the pull request
 * has gone on or a newer run has spoken, and of a draft nothing but a verdict. A merge group gets a check run on
 * its commit; it has no place for comments. Throws nothing: a report changes no verdict, so its failures are
 * given back.
 */
export async function publishVerdict(request: PublishRequest): Promise<PublishedVerdict> {
  const { client, context, source } = request;
  const { log } = client;
  const run = reportedRun(context);
  if ("nothing" in run) return tellNobody(client, run);
  try {
    const outcome = await asStep(log, "Read the verdict", () =>
      findOutcome(client, context.repository, run, source),
    );
    const baseBranch = "verdict" in outcome ? outcome.verdict.repository?.baseBranch : undefined;
    const pullRequest = await asStep(log, "Find the pull request", () =>
      pullRequestOf(client, context, run, baseBranch),
    );
    if (pullRequest && "nothing" in pullRequest) return tellNobody(client, pullRequest);
    if ("missing" in outcome && pullRequest?.draft) {
      return tellNobody(client, { nothing: "the pull request is a draft, which is not rehearsed" });
    }
    if ("missing" in outcome) log.warn(outcome.missing);
    return await publish(request, { ...run, pullRequest: pullRequest?.number, outcome });
  } catch (error) {
    return { ...nobody, failures: [error] };
  }
}

function tellNobody({ log }: GitHubClient, { nothing }: NothingToReport): PublishedVerdict {
  log.info(`Nothing to report: ${nothing}.`);
  return nobody;
}

/** What is to be told of whom. */
interface Report extends ReportedRun {
  pullRequest: number | undefined;
  outcome: Outcome;
}

async function publish(request: PublishRequest, report: Report): Promise<PublishedVerdict> {
  const { client, writeSummary } = request;
  const { pullRequest, outcome } = report;
  const context = reportContext(request, report);
  const failures: unknown[] = [];
  const attempt = async <T>(title: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await asStep(client.log, title, work);
    } catch (error) {
      failures.push(error);
      return undefined;
    }
  };
  if (writeSummary) await attempt("Write the summary", () => writeSummary(summaryOf(outcome, context)));
  const comment =
    request.comment && pullRequest !== undefined
      ? await attempt("Write the comment", () => writeComment(request, report, pullRequest, context))
      : undefined;
  if (comment?.outcome === "superseded") {
    client.log.info("The pull request has gone on, or a newer run has spoken: the rest is left to that.");
    return { ...nobody, pullRequest, failures };
  }
  const checkUrl = request.check
    ? await attempt("Write the check run", () => writeCheck(request, report, context))
    : undefined;
  return { pullRequest, commentUrl: comment?.url, checkUrl, failures };
}

function writeComment(request: PublishRequest, report: Report, pullRequest: number, context: ReportContext) {
  return publishComment(request.client, {
    repository: request.context.repository,
    pullRequest,
    instance: request.instance,
    run: report.run,
    head: report.head,
    body: commentOf(report.outcome, context),
  });
}

function writeCheck(request: PublishRequest, report: Report, context: ReportContext) {
  const { head, run, url: detailsUrl, outcome } = report;
  return publishCheckRun(request.client, {
    ...{ head, run, detailsUrl, repository: request.context.repository },
    name: checkName(request.instance),
    conclusion: hasPassed(report) ? "success" : "failure",
    title: titleOf(outcome),
    summary: commentOf(outcome, context),
    annotations: "verdict" in outcome ? annotationsOf(outcome.verdict) : [],
  });
}

/**
 * The name of the check run. Never that of a job, least of all the gate's: what an untrusted artifact says must
 * not stand in for a check that branch protection requires.
 */
export function checkName(instance: string): string {
  return `Rehearsal report (${instance})`;
}

/** A run that did not end well is not green, whatever it left: the gate may have found the verdict stale. */
function hasPassed({ outcome, finished }: Report): boolean {
  const ended = finished === undefined || finished.conclusion === "success";
  return ended && "verdict" in outcome && outcome.verdict.result === "passed";
}

const titles: Readonly<Record<Verdict["result"], string>> = {
  passed: "The rehearsal passed",
  failed: "The change does not work",
  misused: "Rehearsal is set up wrongly",
  infrastructure: "The rehearsal could not be carried out",
};

function titleOf(outcome: Outcome): string {
  return "missing" in outcome ? "There is no verdict" : titles[outcome.verdict.result];
}

function reportContext({ context, instance }: PublishRequest, run: ReportedRun): ReportContext {
  const { owner, name } = context.repository;
  return {
    serverUrl: context.serverUrl,
    repository: `${owner}/${name}`,
    runUrl: run.url,
    instance,
    head: run.head,
  };
}
