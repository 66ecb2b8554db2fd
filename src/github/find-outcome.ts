import { readFile, stat } from "node:fs/promises";
import { readVerdict, verdictMaxBytes } from "../rehearsal/read-verdict.ts";
import type { Verdict } from "../rehearsal/verdict.ts";
import type { Outcome } from "../report/outcome.ts";
import { isExpected, messageOf, UsageError } from "../runner/errors.ts";
import { isApiError } from "./api-error.ts";
import type { GitHubClient } from "./client.ts";
import type { FinishedRun, RepositoryName } from "./context.ts";
import type { ReportedRun } from "./reported-run.ts";
import { readRunArtifact } from "./run-artifact.ts";

/** Where the verdict of a run is. */
export type VerdictSource =
  /** In an artifact of the run, by name. */
  | { artifact: string }
  /** In a file, by path. */
  | { file: string };

/** The verdict's name in the artifact. */
const verdictFile = "verdict.json";

/**
 * The verdict that a run left, if it is one about the run's own head; otherwise why there is none. Whatever the
 * run left is untrusted. Throws a UsageError where GitHub refuses to give it, an InfrastructureError where it
 * cannot be reached.
 */
export async function findOutcome(
  client: GitHubClient,
  repository: RepositoryName,
  run: ReportedRun,
  source: VerdictSource,
): Promise<Outcome> {
  try {
    const text =
      "file" in source ? await readBounded(source.file) : await fetchText(client, repository, run, source);
    if (text === undefined) return { missing: describeEnd(run.finished) };
    return checked(readVerdict(text), run);
  } catch (error) {
    // What GitHub refuses says nothing about the verdict.
    if (!(error instanceof UsageError) || isApiError(error.cause)) throw error;
    return { missing: `The rehearsal left a report that cannot be read: ${messageOf(error)}` };
  }
}

async function fetchText(
  client: GitHubClient,
  repository: RepositoryName,
  { run, finished }: ReportedRun,
  { artifact }: { artifact: string },
): Promise<string | undefined> {
  // Re-running failed jobs keeps the artifacts of those that had ended well. That run's verdict still holds if
  // its gate then opened; if not, this attempt may have been killed while it rehearsed anew.
  const notBefore = finished?.conclusion === "success" ? undefined : finished?.startedAt;
  return readRunArtifact(client, {
    repository,
    runId: run.id,
    artifact,
    file: verdictFile,
    maxBytes: verdictMaxBytes,
    notBefore,
  });
}

function checked(verdict: Verdict, { head, finished }: ReportedRun): Outcome {
  const about = verdict.repository?.head;
  // An error that came before anything was known speaks of no commit.
  if (about === undefined ? verdict.result === "passed" : about !== head) {
    return {
      missing: `The rehearsal left a report of another commit than the run's: ${about} and not ${head}.`,
    };
  }
  if (verdict.result !== "passed" || finished === undefined || finished.conclusion === "success")
    return { verdict };
  const note = `The rehearsal passed, and yet its workflow run ended as "${finished.conclusion}": the gate's log says why.`;
  return { verdict: { ...verdict, notes: [note, ...verdict.notes] } };
}

/** https://docs.github.com/en/rest/checks/runs: what a run may conclude with */
const ends: Readonly<Record<string, string>> = {
  success: "The workflow run ended well, but left no report: nothing says that anything was rehearsed.",
  failure: "The workflow run failed before the rehearsal could leave a report; its log says why.",
  cancelled: "The workflow run was cancelled before there was a verdict.",
  timed_out: "The workflow run took longer than it may, and was ended before there was a verdict.",
  skipped: "The workflow run was skipped, so nothing was rehearsed.",
  action_required: "The workflow run waits for a maintainer's approval; nothing has been rehearsed yet.",
  startup_failure: "The workflow could not be started: its file is invalid, or calls what it may not.",
  stale: "GitHub gave the workflow run up before there was a verdict.",
};

function describeEnd(finished: FinishedRun | undefined): string {
  if (finished === undefined) return "The rehearsal ended without leaving a report; the job's log says why.";
  return (
    ends[finished.conclusion] ?? `The workflow run ended as "${finished.conclusion}" and left no report.`
  );
}

/** The text of a file; undefined where there is none. Throws a UsageError where it cannot be read. */
async function readBounded(file: string): Promise<string | undefined> {
  try {
    const { size } = await stat(file);
    if (size > verdictMaxBytes)
      throw new UsageError(`${file} has ${size} bytes, more than ${verdictMaxBytes}`);
    return await readFile(file, "utf8");
  } catch (error) {
    if (isExpected(error)) throw error;
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
