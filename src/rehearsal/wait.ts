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
import { noteAnswer, wantsRefresh } from "./suspicion.ts";
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
const nudgeMs = 5_000;
const syncAgainMs = 2_000;

/**
 * Follows every Application and ApplicationSet until the board has come to a conclusion or the deadline
 * is reached, asking Argo CD again where only that can tell whether a failure is final. Throws the
 * signal's reason where it aborts.
 */
export async function waitForVerdict(
  options: WaitOptions,
): Promise<Exclude<Standing["state"], "running"> | "timeout"> {
  const { client, board, deadline, signal, onChange } = options;
  const watching = new AbortController();
  const ended = AbortSignal.any([signal, watching.signal]);
  const follow = (kind: Tracked["kind"], watched: typeof applicationKind | typeof applicationSetKind) =>
    watchKind(client, watched, (object, deleted) => board.observe(kind, object, deleted, Date.now()), ended);
  follow("Application", applicationKind);
  follow("ApplicationSet", applicationSetKind);
  const questions = createQuestions(options);
  try {
    while (Date.now() < deadline) {
      await sleep(tickMs, undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
      const standing = board.conclude(Date.now());
      onChange(board);
      if (standing.state !== "running") return standing.state;
      questions.ask();
    }
    return "timeout";
  } finally {
    watching.abort();
  }
}

/** Asks Argo CD what each one needs next. Nothing waits for the answers: an API that hangs must not hold the wait. */
function createQuestions({ client, board, log }: WaitOptions): { ask(): void } {
  const asking = new Set<Tracked>();
  let defect: unknown;

  async function ask(tracked: Tracked, question: () => Promise<void>): Promise<void> {
    asking.add(tracked);
    try {
      await question();
    } catch (error) {
      // It may have been deleted meanwhile; what matters shows in its status.
      if (error instanceof ApiError) log.debug(`${tracked.name}: ${error.message}`);
      else defect ??= error;
    } finally {
      asking.delete(tracked);
    }
  }

  return {
    ask() {
      if (defect !== undefined) throw defect;
      for (const tracked of board.all.values()) {
        if (asking.has(tracked)) continue;
        const question = nextQuestion(tracked, client, Date.now());
        if (question) void ask(tracked, question);
      }
    },
  };
}

/** What this Application or ApplicationSet has to be asked now, if anything. */
function nextQuestion(tracked: Tracked, client: KubeClient, now: number): (() => Promise<void>) | undefined {
  const { object, final, suspicion, finding } = tracked;
  if (object === undefined || final) return undefined;
  if (finding.state === "needs-sync") {
    if (tracked.syncRequested || now - tracked.syncAskedAt < syncAgainMs) return undefined;
    tracked.syncAskedAt = now;
    return async () => {
      await requestSync(client, object as Application);
      tracked.syncRequested = true;
    };
  }
  if (suspicion && wantsRefresh(suspicion, now)) {
    suspicion.refreshes.asked += 1;
    suspicion.refreshes.lastAskedAt = now;
    if (tracked.kind === "ApplicationSet") return () => requestGeneration(client, object as ApplicationSet);
    return async () => {
      suspicion.refreshes.pending = await requestRefresh(client, object as Application, "hard");
      if (tracked.object) noteAnswer(suspicion, tracked.object); // which may have been faster than ours
    };
  }
  if (
    finding.state !== "progressing" ||
    now - Math.max(tracked.lastNudge, tracked.changedAt) <= nudgeMs ||
    !mayBeStale(tracked)
  )
    return undefined;
  tracked.lastNudge = now;
  return async () => {
    await requestRefresh(client, object as Application, "normal");
  };
}

/**
 * Whether comparing again may tell more than waiting does. Not while it stands in Argo CD's own queue:
 * asking then makes the queue longer, and took a third of the time of 50 Applications.
 */
function mayBeStale({ kind, object, waitsFor }: Tracked): boolean {
  if (kind === "ApplicationSet" || waitsFor.length > 0) return false;
  const application = object as Application;
  if (application.metadata.annotations?.["argocd.argoproj.io/refresh"] !== undefined) return false;
  const { operationState, reconciledAt } = application.status ?? {};
  if (operationState !== undefined) return operationState.phase === "Succeeded";
  return reconciledAt !== undefined && application.operation === undefined && isAutomated(application);
}
