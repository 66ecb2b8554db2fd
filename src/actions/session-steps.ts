import { join } from "node:path";
import { verdictOfError } from "../rehearsal/error-verdict.ts";
import { stopwatch } from "../rehearsal/stopwatch.ts";
import type { Verdict } from "../rehearsal/verdict.ts";
import { UsageError } from "../runner/errors.ts";
import { sendCommand, stopSession } from "../session/client.ts";
import { openState, readSettled, type StateFolder } from "../session/state-folder.ts";
import {
  concludeStep,
  makeReportFolder,
  type StepReportInputs,
  type VerdictOutput,
} from "./conclude-step.ts";
import type { Edge, PostEdge } from "./edge.ts";

type BootstrapOutput = "namespace" | "version" | "kubeconfig";

export interface SyncInputs extends StepReportInputs {
  state: string;
  /** Milliseconds. */
  timeout: number | undefined;
  logs: boolean;
}

/** Ends the session of `setUpCluster` with the job, where nothing else did. */
export async function endSession({ state, log, signal }: PostEdge): Promise<void> {
  await release(state("state"), { log, signal });
}

/** Installs Argo CD in the session's cluster, where there is one. */
export async function bootstrapInSession(edge: Edge<{ state: string }, BootstrapOutput>): Promise<void> {
  const { inputs, log, signal } = edge;
  const state = await sessionAt(inputs.state);
  const result = await sendCommand(state, { command: "bootstrap" }, { log, signal });
  if (result.kind === "settled") {
    log.info("nothing to bootstrap: the verdict stands already");
    return;
  }
  edge.setOutput("namespace", result.namespace);
  edge.setOutput("version", result.version);
  edge.setOutput("kubeconfig", result.kubeconfig);
}

/** Syncs the session's Applications and reports the verdict. Fails the step unless it is `passed`. */
export async function syncInSession(edge: Edge<SyncInputs, VerdictOutput>): Promise<void> {
  const folder = await makeReportFolder(edge.environment);
  await concludeStep(edge, await verdictOfSession(edge, join(folder, "logs")), folder);
}

/** Never throws: whatever goes wrong is a verdict too. */
async function verdictOfSession(
  { inputs, log, signal }: Edge<SyncInputs, VerdictOutput>,
  logs: string,
): Promise<Verdict> {
  try {
    const state = await sessionAt(inputs.state);
    const logsTo = inputs.logs ? logs : undefined;
    await sendCommand(state, { command: "sync", timeoutMs: inputs.timeout, logsTo }, { log, signal });
    return await readSettled(state);
  } catch (error) {
    return verdictOfError(signal.aborted ? signal.reason : error, stopwatch());
  }
}

/** Ends a session before its job does. One that has ended, or never began, is fine. */
export async function cleanUpSession(edge: Edge<{ state: string | undefined }, never>): Promise<void> {
  await release(edge.inputs.state, edge);
}

async function release(
  path: string | undefined,
  { log, signal }: Pick<PostEdge, "log" | "signal">,
): Promise<void> {
  const state = path === undefined ? undefined : await openState(path);
  if (state) await stopSession(state, { log, signal });
  else log.info(path === undefined ? "no session was begun" : "the session has been cleaned up already");
}

async function sessionAt(path: string): Promise<StateFolder> {
  const state = await openState(path);
  if (state) return state;
  throw new UsageError("the session has been cleaned up already", {
    fix: "Run clean-up after all other steps, or not at all: the job's end cleans up too.",
  });
}
