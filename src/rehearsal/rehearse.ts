import { cp } from "node:fs/promises";
import { join } from "node:path";
import { ownProcesses } from "../runner/owned-processes.ts";
import { verdictOfError } from "./error-verdict.ts";
import type { RehearsalRequest } from "./request.ts";
import { bootstrapArgoCd, startRehearsal, syncApplications } from "./stages.ts";
import { stopwatch } from "./stopwatch.ts";
import type { Verdict } from "./verdict.ts";

/**
 * Rehearses one change from its two revisions to a verdict. Never throws: whatever goes wrong is a
 * verdict too, and none of those is `passed`. When it returns, nothing it started is left.
 */
export async function rehearse(request: RehearsalRequest): Promise<Verdict> {
  const clock = stopwatch();
  try {
    await using processes = ownProcesses();
    try {
      await using started = await startRehearsal(request, processes, clock);
      await using bootstrapped = await bootstrapArgoCd(started);
      return await syncApplications(bootstrapped);
    } finally {
      if (request.logsTo) await cp(join(processes.folder, "logs"), request.logsTo, { recursive: true });
    }
  } catch (error) {
    return verdictOfError(error, clock);
  }
}
