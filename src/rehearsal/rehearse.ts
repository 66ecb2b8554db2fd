import { join } from "node:path";
import { openTree } from "../repository/tree.ts";
import { ownProcesses } from "../runner/owned-processes.ts";
import { verdictOfError } from "./error-verdict.ts";
import { examineChange } from "./examine-change.ts";
import { createRedaction, type Redaction } from "./redaction.ts";
import type { RehearsalRequest } from "./request.ts";
import { bootstrapArgoCd, startRehearsal, syncApplications } from "./stages.ts";
import { type Stopwatch, stopwatch } from "./stopwatch.ts";
import { guardedSecrets } from "./vendoring.ts";
import type { Verdict } from "./verdict.ts";

/**
 * Rehearses one change from its two revisions to a verdict. Never throws: whatever goes wrong is a
 * verdict too, and none of those is `passed`. When it returns, nothing it started is left. No value of a
 * Secret is in what it returns, logs or copies.
 */
export async function rehearse(request: RehearsalRequest): Promise<Verdict> {
  const clock = stopwatch();
  const redaction = createRedaction();
  try {
    return redaction.verdict(await rehearseOpenly(redaction.request(request), redaction, clock));
  } catch (error) {
    return redaction.verdict(verdictOfError(error, clock));
  }
}

async function rehearseOpenly(
  request: RehearsalRequest,
  redaction: Redaction,
  clock: Stopwatch,
): Promise<Verdict> {
  await using processes = ownProcesses();
  try {
    const examined = await examineChange(request, processes, clock);
    const { gitDir, base, merge } = examined.world;
    await redaction.learnFrom(await openTree(gitDir, base), await openTree(gitDir, merge));
    redaction.hide(guardedSecrets(examined.request.config));
    if (examined.verdict) return examined.verdict;
    await using started = await startRehearsal(examined, processes, clock);
    await using _secrets = redaction.follow(started.client);
    await using bootstrapped = await bootstrapArgoCd(started);
    return await syncApplications(bootstrapped);
  } finally {
    if (request.logsTo) await redaction.copy(join(processes.folder, "logs"), request.logsTo);
  }
}
