import { join } from "node:path";
import type { Cluster } from "../engine/engine.ts";
import type { KubeClient } from "../kubernetes/client.ts";
import type { Toolchain } from "../toolchain/toolchain.ts";
import { type AppliedRoot, applyRoots } from "./apply-roots.ts";
import { createBoard } from "./board.ts";
import { containerPace, simulatedPace } from "./pace.ts";
import type { Prepared } from "./prepare.ts";
import type { RehearsalRequest } from "./request.ts";
import { snapshot } from "./snapshot.ts";
import type { Stopwatch } from "./stopwatch.ts";
import type { Tracked } from "./tracked.ts";
import { waitForVerdict } from "./wait.ts";
import type { Diagnosis } from "./workloads/diagnosis.ts";
import { followWorkloads, waitWithin } from "./workloads/follow.ts";

export interface ReconcileRequest {
  cluster: Cluster;
  client: KubeClient;
  prepared: Prepared;
  /** Of Argo CD. */
  namespace: string;
  request: RehearsalRequest;
  toolchain: Toolchain;
  /** A private folder; its `logs` take what is found out about failures. */
  folder: string;
  clock: Stopwatch;
  signal: AbortSignal;
}

export interface Reconciled {
  roots: readonly AppliedRoot[];
  all: ReadonlyMap<string, Tracked>;
  ended: "passed" | "decided" | "timeout";
  /** By `namespace/name`; undefined where nothing had failed, or nothing ran that could be asked. */
  diagnoses: ReadonlyMap<string, Diagnosis> | undefined;
}

const defaultTimeoutMs = 10 * 60_000;

/** Applies the roots and follows what becomes of them, until that is decided or the time is up. */
export async function reconcile(what: ReconcileRequest): Promise<Reconciled> {
  const { client, prepared, namespace, request, toolchain, folder, clock, signal } = what;
  const { config, log } = request;
  const { world } = prepared;
  const isReal = what.cluster.containers.kind === "real";
  const roots = await applyRoots({
    client,
    roots: prepared.roots,
    world,
    toolchain,
    namespace,
    folder,
    signal,
  });
  clock.mark("applied");
  const pace = isReal ? containerPace : simulatedPace;
  using followed = isReal ? followWorkloads({ client, log, signal }) : undefined;
  const board = createBoard({
    underTest: { ...world, isRepository: prepared.isRepository },
    allowEmpty: config.allowEmpty,
    settleMs: config.settleMs ?? pace.settleMs,
    pace,
    workloads: followed?.workloads,
  });
  for (const { kind, namespace, name } of roots) {
    board.expect(kind as "Application" | "ApplicationSet", namespace, name, undefined, Date.now());
  }
  const timeoutMs = config.timeoutMs ?? defaultTimeoutMs;
  const ended = await waitForVerdict({
    client,
    board,
    deadline: Date.now() + (isReal ? waitWithin(timeoutMs) : timeoutMs),
    signal,
    log,
    onChange: ({ all }) => request.onProgress(snapshot(all, Date.now())),
  });
  clock.mark("decided");
  const diagnoses =
    ended === "passed" ? undefined : await followed?.diagnose(board.all, join(folder, "logs", "diagnosis"));
  return { roots, all: board.all, ended, diagnoses };
}
