import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { firstOf, verdictOfError } from "../rehearsal/error-verdict.ts";
import { examineChange } from "../rehearsal/examine-change.ts";
import { createRedaction, type FollowedSecrets } from "../rehearsal/redaction.ts";
import {
  type Bootstrapped,
  bootstrapArgoCd,
  type Started,
  startRehearsal,
  syncApplications,
} from "../rehearsal/stages.ts";
import { stopwatch } from "../rehearsal/stopwatch.ts";
import { guardedSecrets } from "../rehearsal/vendoring.ts";
import type { Verdict } from "../rehearsal/verdict.ts";
import { openTree } from "../repository/tree.ts";
import { UsageError } from "../runner/errors.ts";
import { type OwnedProcesses, ownProcesses } from "../runner/owned-processes.ts";
import type { Command, CommandResult, ResultOf } from "./protocol.ts";
import { rehearsalRequest } from "./rehearsal-request.ts";
import type { Relay } from "./relay.ts";
import type { SessionRequest } from "./request.ts";

/** A rehearsal that is carried out stage by stage, as commands come. */
export interface Session {
  /**
   * Carries out one command. Throws UsageError where it is not its turn, and what the stage throws. `sync`
   * makes a verdict of that instead, also of what an earlier stage threw.
   */
  run(command: Exclude<Command, { command: "stop" }>): Promise<CommandResult>;
  /** Aborts what runs with that reason, and releases everything. Throws where that fails; once is enough. */
  end(reason: Error): Promise<void>;
}

export interface SessionOptions {
  request: SessionRequest;
  /** Takes the verdict. */
  verdictFile: string;
  log: Relay;
}

type Stage =
  | { at: "new" }
  | { at: "cluster"; started: Started }
  | { at: "argocd"; bootstrapped: Bootstrapped }
  /** Before a cluster was needed. */
  | { at: "settled"; verdict: Verdict }
  | { at: "failed"; error: unknown }
  | { at: "synced" };

type SessionCommand = Parameters<Session["run"]>[0];
type SyncCommand = Extract<SessionCommand, { command: "sync" }>;

/** Opens one at its beginning; nothing is held before the first command. */
export function openSession({ request, verdictFile, log }: SessionOptions): Session {
  const clock = stopwatch();
  const controller = new AbortController();
  const { signal } = controller;
  const held = new AsyncDisposableStack();
  const redaction = createRedaction();
  let secrets: FollowedSecrets | undefined;
  let processes: OwnedProcesses | undefined;
  let stage: Stage = { at: "new" };
  let running: { name: string; settled: Promise<unknown> } | undefined;
  let ended: Promise<void> | undefined;

  async function start(): Promise<ResultOf<"start">> {
    processes = held.use(ownProcesses());
    const live = await rehearsalRequest(request, { log, signal, onProgress: (tree) => log.showTree(tree) });
    const examined = await examineChange(redaction.request(live), processes, clock);
    const { gitDir, base, merge } = examined.world;
    await redaction.learnFrom(await openTree(gitDir, base), await openTree(gitDir, merge));
    redaction.hide(guardedSecrets(examined.request.config));
    if (examined.verdict) return settle({ at: "settled", verdict: examined.verdict }, examined.verdict);
    const started = held.use(await startRehearsal(examined, processes, clock));
    secrets = held.use(redaction.follow(started.client));
    stage = { at: "cluster", started };
    const { kubeconfig, engine, kubernetesVersion: kubernetes } = started.cluster;
    return { kind: "cluster", kubeconfig, engine, kubernetes };
  }

  async function bootstrap(): Promise<ResultOf<"bootstrap">> {
    if (stage.at === "settled") return { kind: "settled" };
    if (stage.at === "failed") throw stage.error;
    if (stage.at !== "cluster") throw new Error(`bootstrap at ${stage.at}`);
    const { started } = stage;
    const bootstrapped = held.use(await bootstrapArgoCd(started));
    stage = { at: "argocd", bootstrapped };
    const { namespace, running: version } = bootstrapped.argocd.installation;
    return { kind: "argocd", kubeconfig: started.cluster.kubeconfig, namespace, version };
  }

  async function sync({ timeoutMs, logsTo }: SyncCommand): Promise<ResultOf<"sync">> {
    const verdict = await verdictNow(timeoutMs);
    await secrets?.look();
    if (logsTo !== undefined && processes && stage.at !== "settled") {
      await redaction.copy(join(processes.folder, "logs"), logsTo);
    }
    return settle({ at: "synced" }, verdict);
  }

  async function verdictNow(timeoutMs: number | undefined): Promise<Verdict> {
    if (stage.at === "settled") return stage.verdict;
    if (stage.at === "failed") return verdictOfError(stage.error, clock);
    if (stage.at !== "argocd") throw new Error(`sync at ${stage.at}`);
    try {
      return await syncApplications(withTimeout(stage.bootstrapped, timeoutMs));
    } catch (error) {
      if (signal.aborted) throw error;
      return verdictOfError(error, clock);
    }
  }

  async function settle(next: Stage, verdict: Verdict): Promise<{ kind: "settled" }> {
    await writeFile(verdictFile, JSON.stringify(redaction.verdict(verdict)), { mode: 0o600 });
    stage = next;
    return { kind: "settled" };
  }

  async function carryOut(command: SessionCommand): Promise<CommandResult> {
    try {
      if (command.command === "start") return await start();
      return await (command.command === "bootstrap" ? bootstrap() : sync(command));
    } catch (thrown) {
      await secrets?.look();
      const error = redaction.error(signal.aborted ? signal.reason : firstOf(thrown));
      stage = { at: "failed", error };
      throw error;
    }
  }

  return {
    async run(command) {
      signal.throwIfAborted();
      if (running) throw new UsageError(`the session is busy with ${running.name}`);
      refuseOutOfTurn(stage, command.command);
      const work = carryOut(command);
      running = { name: command.command, settled: work.catch(() => undefined) };
      try {
        return await work;
      } finally {
        running = undefined;
      }
    },
    end(reason) {
      ended ??= (async () => {
        controller.abort(reason);
        await running?.settled;
        await held.disposeAsync();
      })();
      return ended;
    },
  };
}

/** What comes out of turn leaves the session as it is. */
function refuseOutOfTurn({ at }: Stage, command: SessionCommand["command"]): void {
  const refuse = (message: string, fix: string) => {
    throw new UsageError(message, { fix });
  };
  const another = "Begin another session with setup-cluster.";
  if (command === "start") {
    if (at !== "new") refuse("the cluster of this session was started already", another);
    return;
  }
  if (at === "new") refuse("this session has no cluster yet", "Run setup-cluster first.");
  if (at === "synced") refuse("the Applications of this session were synced already", another);
  if (command === "bootstrap" && at === "argocd") {
    refuse("Argo CD is installed in this session already", "Remove the second bootstrap-argocd.");
  }
  if (command === "sync" && at === "cluster") {
    refuse("Argo CD is not installed in this session yet", "Run bootstrap-argocd before sync-applications.");
  }
}

function withTimeout(bootstrapped: Bootstrapped, timeoutMs: number | undefined): Bootstrapped {
  if (timeoutMs === undefined) return bootstrapped;
  const { started } = bootstrapped;
  const { request } = started;
  const config = { ...request.config, timeoutMs };
  return { ...bootstrapped, started: { ...started, request: { ...request, config } } };
}
