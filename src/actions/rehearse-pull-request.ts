import { join } from "node:path";
import { verdictOfError } from "../rehearsal/error-verdict.ts";
import { rehearse } from "../rehearsal/rehearse.ts";
import { stopwatch } from "../rehearsal/stopwatch.ts";
import type { Verdict } from "../rehearsal/verdict.ts";
import { rehearsalRequest } from "../session/rehearsal-request.ts";
import {
  concludeStep,
  makeReportFolder,
  type StepReportInputs,
  type VerdictOutput,
} from "./conclude-step.ts";
import type { Edge } from "./edge.ts";
import { type RequestInputs, requestOfEvent } from "./event-request.ts";

/** The inputs of the action `rehearse`. */
export interface RehearseInputs extends RequestInputs, StepReportInputs {
  /** Milliseconds. */
  timeout: number | undefined;
  logs: boolean;
}

type RehearseEdge = Edge<RehearseInputs, VerdictOutput>;

/**
 * Rehearses the change that the event is about, and reports it. Fails the step unless the verdict is
 * `passed`.
 */
export async function rehearsePullRequest(edge: RehearseEdge): Promise<void> {
  const folder = await makeReportFolder(edge.environment);
  await concludeStep(edge, await rehearseEvent(edge, join(folder, "logs")), folder);
}

/** Never throws: whatever goes wrong is a verdict too. */
async function rehearseEvent(edge: RehearseEdge, logs: string): Promise<Verdict> {
  const { inputs, log, signal } = edge;
  try {
    const asked = await requestOfEvent(edge, inputs.timeout);
    const live = { log, signal, onProgress: log.showTree };
    return await rehearse({
      ...(await rehearsalRequest(asked, live)),
      logsTo: inputs.logs ? logs : undefined,
    });
  } catch (error) {
    return verdictOfError(signal.aborted ? signal.reason : error, stopwatch());
  }
}
