import { setTimeout as sleep } from "node:timers/promises";
import { UsageError } from "./errors.ts";

/** An API that dies closes its connections first; the end of its process is told moments later. */
const graceMs = 1_000;

/**
 * The reason for a failure: what failed while something that it stood on was gone (a process, a
 * cluster) failed for that reason, whatever it says itself.
 */
export async function reasonOfFailure(error: unknown, lost: AbortSignal): Promise<unknown> {
  if (!lost.aborted && !(error instanceof UsageError)) {
    await sleep(graceMs, undefined, { signal: lost }).catch(() => undefined);
  }
  return lost.aborted ? lost.reason : error;
}
