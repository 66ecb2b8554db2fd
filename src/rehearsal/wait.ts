import { setTimeout as sleep } from "node:timers/promises";
import {
  type Application,
  type ApplicationSet,
  applicationKind,
  applicationSetKind,
  isAutomated,
} from "../argocd/application.ts";
import { requestGeneration, requestRefresh, requestSync } from "../argocd/requests.ts";
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

/** Asks Argo CD for what this Application or ApplicationSet needs next, if anything. */
async function ask(tracked: Tracked, { client, log }: WaitOptions): Promise<void> {
  const { object, final, suspicion, finding } = tracked;
  if (object === undefined || final) return;
  const now = Date.now();
  try {
    if (finding.state === "needs-sync" && !tracked.syncRequested) {
      tracked.syncRequested = true;
      log.debug(`${tracked.name}: no automated sync; asking for one`);
      await requestSync(client, object as Application);
    } else if (suspicion && wantsRefresh(suspicion, now)) {
      suspicion.refreshesAsked += 1;
      suspicion.lastRefresh = now;
      if (tracked.kind === "ApplicationSet") await requestGeneration(client, object as ApplicationSet);
      else tracked.pendingRefresh = await requestRefresh(client, object as Application, "hard");
    } else if (finding.state === "progressing" && now - tracked.lastNudge > nudgeMs && mayBeStale(tracked)) {
      tracked.lastNudge = now;
      await requestRefresh(client, object as Application, "normal");
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.debug(`${tracked.name}: ${error.message}`); // it may have been deleted meanwhile; what matters shows in its status
  }
}

function mayBeStale({ kind, object }: Tracked): boolean {
  if (kind === "ApplicationSet") return false;
  const application = object as Application;
  const { operationState } = application.status ?? {};
  return operationState?.phase === "Succeeded" || (operationState === undefined && isAutomated(application));
}
