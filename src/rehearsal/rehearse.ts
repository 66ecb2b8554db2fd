import { cp } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster, Engine, EngineName } from "../engine/engine.ts";
import { connect } from "../kubernetes/client.ts";
import { openMirror } from "../mirror/mirror.ts";
import type { Checkout } from "../repository/checkout.ts";
import type { Config } from "../repository/config.ts";
import { sameRepository } from "../repository/repository-url.ts";
import type { Log } from "../runner/log.ts";
import { reasonOfFailure } from "../runner/loss.ts";
import { type OwnedProcesses, ownProcesses } from "../runner/owned-processes.ts";
import { resolveToolchain } from "../toolchain/resolve.ts";
import type { Toolchain } from "../toolchain/toolchain.ts";
import { verdictOfError } from "./error-verdict.ts";
import { judge } from "./judge.ts";
import { fidelityCheck } from "./not-proven.ts";
import { findPlaces } from "./places.ts";
import type { Prepared } from "./prepare.ts";
import { reconcile } from "./reconcile.ts";
import { conclude } from "./result.ts";
import { runArgoCd } from "./run-argocd.ts";
import type { ProgressNode } from "./snapshot.ts";
import { startAndPrepare } from "./start.ts";
import { stopwatch } from "./stopwatch.ts";
import { type ApplicationVerdict, type Verdict, verdictSchema } from "./verdict.ts";

export interface RehearsalRequest {
  /** Opened at the folder whose Applications are rehearsed. */
  checkout: Checkout;
  base?: string | undefined;
  head?: string | undefined;
  /** Rehearse what lies in the checkout, committed or not. */
  worktree: boolean;
  /** Whether the remote may be asked for its branches and tags. */
  fetch: boolean;
  /** The one that the user asked for; undefined leaves it to the configuration. */
  engine: Engine | undefined;
  /** The engine of that name, or the one where no configuration names any. */
  engineFor(name: EngineName | undefined): Engine;
  config: Config;
  /** Whether the user named the configuration file, and so vouches for what it says of engines. */
  configVouched: boolean;
  /** Where logs of all processes are copied to before they are removed. */
  logsTo?: string | undefined;
  log: Log;
  signal: AbortSignal;
  /** Called as the Applications make progress. */
  onProgress(tree: readonly ProgressNode[]): void;
}

const loopback = { bind: "127.0.0.1", host: "127.0.0.1" };

/**
 * Rehearses one change from its two revisions to a verdict. Never throws: whatever goes wrong is a
 * verdict too, and none of those is `passed`. When it returns, nothing it started is left.
 */
export async function rehearse(request: RehearsalRequest): Promise<Verdict> {
  const clock = stopwatch();
  try {
    await using processes = ownProcesses();
    try {
      return await rehearseWith(processes, request, clock);
    } finally {
      if (request.logsTo) await cp(join(processes.folder, "logs"), request.logsTo, { recursive: true });
    }
  } catch (error) {
    return verdictOfError(error, clock.timings());
  }
}

async function rehearseWith(
  processes: OwnedProcesses,
  request: RehearsalRequest,
  clock: ReturnType<typeof stopwatch>,
): Promise<Verdict> {
  const { config, log } = request;
  const begun = AbortSignal.any([request.signal, processes.lost]);
  const toolchain = await resolveToolchain({
    directory: config.toolchain.directory,
    archive: config.toolchain.archive,
    archiveSha256: config.toolchain.archiveSha256,
    log,
    signal: begun,
  });
  const { cluster, prepared } = await startAndPrepare(request, { processes, toolchain, signal: begun });
  await using _ = cluster;
  clock.mark("clusterReady");
  const signal = AbortSignal.any([begun, cluster.lost]);
  try {
    return await rehearseOn(cluster, prepared, { request, processes, toolchain, clock, signal });
  } catch (error) {
    throw request.signal.aborted ? error : await reasonOfFailure(error, cluster.lost);
  }
}

interface Surroundings {
  request: RehearsalRequest;
  processes: OwnedProcesses;
  toolchain: Toolchain;
  clock: ReturnType<typeof stopwatch>;
  signal: AbortSignal;
}

async function rehearseOn(
  cluster: Cluster,
  prepared: Prepared,
  { request, processes, toolchain, clock, signal }: Surroundings,
): Promise<Verdict> {
  const { config, log } = request;
  const { world, content } = prepared;
  const client = connect(cluster.kubeconfig);
  const { bind, host } = cluster.containers.kind === "real" ? cluster.containers.mirror : loopback;
  await using mirror = await openMirror({
    world,
    bind,
    host,
    folder: join(processes.folder, "mirror"),
    egress: config.egress ?? "open",
  });
  await using argocd = await runArgoCd({
    cluster,
    client,
    prepared,
    mirror,
    processes,
    toolchain,
    log,
    signal,
  });
  const { installation } = argocd;
  clock.mark("argocdReady");
  const { roots, all, ended, diagnoses } = await reconcile({
    cluster,
    client,
    prepared,
    namespace: installation.namespace,
    request,
    toolchain,
    folder: processes.folder,
    clock,
    signal,
  });
  const evidence = mirror.evidence();
  const options = {
    fidelity: await fidelityCheck(client, cluster.unexercised),
    servedMerge: (url: string) =>
      evidence.fetches.some((fetch) => sameRepository(fetch.url, url) && fetch.commits.includes(world.merge)),
    places: await findPlaces(content, all),
    misled: await argocd.misled(),
    timedOut: ended === "timeout",
    diagnoses,
  };
  const judged = judge(all, options);
  signal.throwIfAborted(); // nothing that was lost meanwhile may end in a verdict
  return {
    schema: verdictSchema,
    ...conclude(judged, ended === "passed"),
    error: undefined,
    repository: {
      url: world.urls[0] ?? "",
      baseBranch: world.baseBranch,
      base: world.base,
      head: world.head,
      merge: world.merge,
      roots: roots.map(({ kind, name, place }) => ({ kind, name, file: place.file, line: place.line })),
    },
    engine: { name: cluster.engine, kubernetes: cluster.kubernetesVersion },
    argocd: { running: installation.running, pinned: installation.pinned, source: installation.source },
    ...judged,
    notes: [...notesOf(prepared), ...installation.notes, ...emptyNotes(judged.applications)],
    evidence: {
      mergeServed: evidence.fetches.filter((fetch) => fetch.commits.includes(world.merge)).length,
      otherHosts: evidence.tunnels.map(({ host, outcome, count }) => ({ host, outcome, count })),
    },
    timings: clock.timings(),
    usage: processes.usage(),
  };
}

/** Argo CD calls an Application without any object Synced and Healthy; it is seldom meant. */
function emptyNotes(applications: readonly ApplicationVerdict[]): string[] {
  const empty = applications.filter(({ state, resources }) => state === "passed" && resources === 0);
  return empty.length === 0
    ? []
    : [`These passed, and deploy nothing at all: ${empty.map(({ name }) => name).join(", ")}.`];
}

function notesOf({ notes, roots }: Prepared): string[] {
  const names = roots.leftOut.map(({ name, place }) => `${name} (${place.file})`);
  if (names.length === 0) return [...notes];
  return [
    ...notes,
    `No root brings these into the cluster, so they were not rehearsed: ${names.join(", ")}.`,
  ];
}
