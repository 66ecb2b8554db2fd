import { setTimeout as sleep } from "node:timers/promises";
import { type Application, applicationKind, applicationSetKind, isAutomated } from "../argocd/application.ts";
import { requestRefresh, requestSync } from "../argocd/requests.ts";
import { ApiError, type KubeClient } from "../kubernetes/client.ts";
import { watchKind } from "../kubernetes/watch.ts";
import type { Log } from "../runner/log.ts";
import type { Board, Standing } from "./board.ts";
import { wantsRefresh } from "./suspicion.ts";
import type { Tracked } from "./tracked.ts";

export interface WaitOptions {
  client: KubeClient;
  board: Board;
  /** Ends the wait; ms since the epoch. */
  deadline: number;
  signal: AbortSignal;
  log: Log;
  /** Called whenever something may have changed, at most ten times a second. */
  onChange(board: Board): void;
}

const tickMs = 100;
/** Argo CD may miss a change of health (its `ignoreResourceUpdates` drop events); comparing again finds it. */
const nudgeMs = 8_000;

/**
 * Follows every Application and ApplicationSet until the board has come to a conclusion or the deadline
 * is reached, asking Argo CD again where only that can tell whether a failure is final. Throws the
 * signal's reason where it aborts.
 */
export async function waitForVerdict(options: WaitOptions): Promise<Standing["state"] | "timeout"> {
  const { client, board, deadline, signal, onChange } = options;
  const watching = new AbortController();
  const ended = AbortSignal.any([signal, watching.signal]);
  const follow = (kind: Tracked["kind"], watched: typeof applicationKind | typeof applicationSetKind) =>
    watchKind(client, watched, (object, deleted) => board.observe(kind, object, deleted, Date.now()), ended);
  follow("Application", applicationKind);
  follow("ApplicationSet", applicationSetKind);
  try {
    while (Date.now() < deadline) {
      await sleep(tickMs, undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
      const standing = board.conclude(Date.now());
      onChange(board);
      if (standing.state !== "running") return standing.state;
      await Promise.all([...board.all.values()].map((tracked) => ask(tracked, options)));
    }
    return "timeout";
  } finally {
    watching.abort();
  }
}

/** Asks Argo CD for what this Application needs next, if anything. */
async function ask(tracked: Tracked, { client, log }: WaitOptions): Promise<void> {
  if (tracked.kind !== "Application" || tracked.object === undefined || tracked.final) return;
  const application = tracked.object as Application;
  const now = Date.now();
  try {
    if (tracked.finding.state === "needs-sync" && !tracked.syncRequested) {
      tracked.syncRequested = true;
      log.debug(`${tracked.name}: no automated sync; asking for one`);
      await requestSync(client, application);
    } else if (tracked.suspicion && wantsRefresh(tracked.suspicion, now)) {
      tracked.suspicion.refreshesAsked += 1;
      tracked.suspicion.lastRefresh = now;
      tracked.pendingRefresh = await requestRefresh(client, application, "hard");
    } else if (
      tracked.finding.state === "progressing" &&
      now - tracked.lastNudge > nudgeMs &&
      mayBeStale(application)
    ) {
      tracked.lastNudge = now;
      await requestRefresh(client, application, "normal");
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.debug(`${tracked.name}: ${error.message}`); // it may have been deleted meanwhile; what matters shows in its status
  }
}

function mayBeStale(application: Application): boolean {
  const { operationState } = application.status ?? {};
  return operationState?.phase === "Succeeded" || (operationState === undefined && isAutomated(application));
}
