import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claimOf } from "../gate/claim.ts";
import { readVerdict } from "../rehearsal/read-verdict.ts";
import { exitCodes, type Verdict } from "../rehearsal/verdict.ts";
import { annotationsOf } from "../report/annotations.ts";
import { paletteFor } from "../report/palette.ts";
import { summaryOf } from "../report/summary.ts";
import { verdictText } from "../report/text.ts";
import { verdictJson, writeReport } from "../report/write-report.ts";
import { messageOf } from "../runner/errors.ts";
import type { Edge } from "./edge.ts";

/** The inputs that say how a verdict is reported. */
export interface StepReportInputs {
  instance: string;
  annotations: boolean;
  summary: boolean;
}

/** The outputs of an action that comes to a verdict. */
export type VerdictOutput = "result" | "verdict" | "report" | "summary";

type StepEdge = Edge<StepReportInputs, VerdictOutput>;

/** An empty folder for the files of the report and `logs/`, which outlives the step. */
export function makeReportFolder(environment: NodeJS.ProcessEnv): Promise<string> {
  return mkdtemp(join(environment.RUNNER_TEMP ?? tmpdir(), "rehearsal-report-"));
}

/**
 * Reports a verdict: the claim for the gate and the other outputs, the log, annotations, the step's summary,
 * the folder for the artifact. Fails the step unless it is `passed`.
 */
export async function concludeStep(edge: StepEdge, verdict: Verdict, folder: string): Promise<void> {
  const { inputs, context } = edge;
  const run = { id: context.runId, attempt: context.runAttempt };
  edge.setOutput("verdict", JSON.stringify(claimOf(verdict, { instance: inputs.instance, run })));
  edge.setOutput("result", verdict.result);
  edge.setOutput("summary", verdict.summary);
  edge.setOutput("report", folder);
  for (const line of ["", ...verdictText(verdict, paletteFor(false))]) edge.print(line);
  await addReports(edge, verdict, folder);
  if (verdict.result !== "passed") edge.fail(verdict.summary, exitCodes[verdict.result]);
}

/** Additions to the verdict: where one of them fails, the log says so, and the verdict stands. */
async function addReports(edge: StepEdge, verdict: Verdict, folder: string): Promise<void> {
  const { inputs, context, log } = edge;
  const { owner, name } = context.repository;
  try {
    const reportContext = {
      serverUrl: context.serverUrl,
      repository: `${owner}/${name}`,
      runUrl: context.runUrl,
      instance: inputs.instance,
      head: verdict.repository?.head,
    };
    await writeReport(folder, verdict, reportContext);
    if (inputs.annotations) edge.annotate(annotationsOf(verdict));
    if (inputs.summary) await edge.writeSummary(summaryOf({ verdict }, reportContext));
    readVerdict(verdictJson(verdict)); // what the report job would refuse is said here, where it can be looked into
  } catch (error) {
    log.warn(`the report is incomplete: ${messageOf(error)}`);
  }
}
