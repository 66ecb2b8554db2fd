import { exitCodes } from "../rehearsal/verdict.ts";
import { annotationsOf } from "../report/annotations.ts";
import { paletteFor } from "../report/palette.ts";
import { verdictText } from "../report/text.ts";
import { identityOf } from "../runner/process-identity.ts";
import { sendCommand, startHost } from "../session/client.ts";
import { createState, readSettled } from "../session/state-folder.ts";
import type { Edge } from "./edge.ts";
import { type RequestInputs, requestOfEvent } from "./event-request.ts";

type SetupOutput = "state" | "relevant" | "kubeconfig" | "engine" | "kubernetes-version";

/** Longer than a step between two of ours takes. */
const idleMs = 60 * 60_000;

/**
 * Begins the session of a rehearsal: a process that outlives this step, and a cluster. A change that is not
 * rehearsed settles it at once; one that nobody may merge fails the step.
 */
export async function setUpCluster(edge: Edge<RequestInputs, SetupOutput>): Promise<void> {
  const { environment, log, signal } = edge;
  const request = await requestOfEvent(edge);
  // An action is a child of the runner's worker, which lives as long as the job.
  const runner = await identityOf(process.ppid);
  const state = await createState(environment.RUNNER_TEMP, { request, runner, idleMs });
  edge.saveState("state", state.path);
  edge.setOutput("state", state.path);
  await startHost(state, signal);
  const result = await sendCommand(state, { command: "start" }, { log, signal });
  if (result.kind === "cluster") {
    edge.setOutput("relevant", "true");
    edge.setOutput("kubeconfig", result.kubeconfig);
    edge.setOutput("engine", result.engine);
    edge.setOutput("kubernetes-version", result.kubernetes);
    log.info(`Kubernetes ${result.kubernetes} is ready; its kubeconfig is ${result.kubeconfig}`);
    return;
  }
  const verdict = await readSettled(state);
  edge.setOutput("relevant", String(verdict.irrelevant === undefined));
  for (const line of verdictText(verdict, paletteFor(false))) edge.print(line);
  if (verdict.result === "passed") return;
  edge.annotate(annotationsOf(verdict));
  edge.fail(verdict.summary, exitCodes[verdict.result]);
}
