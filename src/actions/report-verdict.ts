import { connectGitHub } from "../github/client.ts";
import { publishVerdict } from "../github/publish-verdict.ts";
import { isExpected, messageOf } from "../runner/errors.ts";
import type { Edge } from "./edge.ts";

/** The inputs of the action `report-verdict`. */
export interface ReportInputs {
  token: string;
  instance: string;
  artifact: string;
  /** The path of a verdict.json, in the job that rehearsed; undefined in one of its own. */
  verdict: string | undefined;
  comment: boolean;
  check: boolean;
}

export type ReportOutput = "comment-url" | "check-url" | "pull-request";

/**
 * Publishes a verdict. A job of its own fails where something could not be published, or nobody would learn of
 * a permission that is missing; in the job that rehearsed, that would change the verdict, and is a warning.
 */
export async function reportVerdict(edge: Edge<ReportInputs, ReportOutput>): Promise<void> {
  const { inputs, context, log, signal } = edge;
  const { token, verdict, artifact, ...wanted } = inputs;
  const { pullRequest, commentUrl, checkUrl, failures } = await publishVerdict({
    ...wanted,
    client: connectGitHub({ apiUrl: context.apiUrl, token, log, signal }),
    context,
    source: verdict === undefined ? { artifact } : { file: verdict },
    // The job that rehearsed has written one itself.
    writeSummary: verdict === undefined ? edge.writeSummary : undefined,
  });
  edge.setOutput("pull-request", pullRequest === undefined ? "" : String(pullRequest));
  edge.setOutput("comment-url", commentUrl ?? "");
  edge.setOutput("check-url", checkUrl ?? "");
  const tell = verdict === undefined ? edge.fail : log.warn;
  for (const failure of failures) tell(`Not everything could be reported: ${describe(failure)}`);
}

function describe(failure: unknown): string {
  if (isExpected(failure)) return [failure.message, failure.fix].filter(Boolean).join(" ");
  return failure instanceof Error ? (failure.stack ?? failure.message) : messageOf(failure);
}
