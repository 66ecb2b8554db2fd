import { cp } from "node:fs/promises";
import { join } from "node:path";
import { startComponents } from "../argocd/components.ts";
import { installArgoCd } from "../argocd/install.ts";
import type { ArgoCdInstallation } from "../argocd/settings.ts";
import type { Cluster, Engine } from "../engine/engine.ts";
import { connect } from "../kubernetes/client.ts";
import { openMirror } from "../mirror/mirror.ts";
import type { Checkout } from "../repository/checkout.ts";
import type { Config } from "../repository/config.ts";
import { sameRepository } from "../repository/repository-url.ts";
import { InfrastructureError } from "../runner/errors.ts";
import { asStep, type Log } from "../runner/log.ts";
import { reasonOfFailure } from "../runner/loss.ts";
import { type OwnedProcesses, ownProcesses } from "../runner/owned-processes.ts";
import { resolveToolchain } from "../toolchain/resolve.ts";
import { applyRoots } from "./apply-roots.ts";
import { createBoard } from "./board.ts";
import { verdictOfError } from "./error-verdict.ts";
import { judge } from "./judge.ts";
import { fidelityCheck } from "./not-proven.ts";
import { findPlaces } from "./places.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { conclude } from "./result.ts";
import { type ProgressNode, snapshot } from "./snapshot.ts";
import { stopwatch } from "./stopwatch.ts";
import { type ApplicationVerdict, type Verdict, verdictSchema } from "./verdict.ts";
import { waitForVerdict } from "./wait.ts";

export interface RehearsalRequest {
  /** Opened at the folder whose Applications are rehearsed. */
  checkout: Checkout;
  base?: string | undefined;
  head?: string | undefined;
  /** Rehearse what lies in the checkout, committed or not. */
  worktree: boolean;
  /** Whether the remote may be asked for its branches and tags. */
  fetch: boolean;
  engine: Engine;
  config: Config;
  /** Where logs of all processes are copied to before they are removed. */
  logsTo?: string | undefined;
  log: Log;
  signal: AbortSignal;
  /** Called as the Applications make progress. */
  onProgress(tree: readonly ProgressNode[]): void;
}

const defaultTimeoutMs = 10 * 60_000;
const defaultSettleMs = 3_000;

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
    } catch (error) {
      throw request.signal.aborted ? error : await reasonOfFailure(error, processes.lost);
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
  const signal = AbortSignal.any([request.signal, processes.lost]);
  const toolchain = await resolveToolchain({
    directory: config.toolchain.directory,
    archive: config.toolchain.archive,
    archiveSha256: config.toolchain.archiveSha256,
    log,
    signal,
  });
  const [cluster, prepared] = await bothOrNeither(
    signal,
    (either) =>
      asStep(log, `Starting a cluster (${request.engine.name})`, () =>
        request.engine.start({ toolchain, processes, log, signal: either }),
      ),
    (either) => prepare(request, { folder: processes.folder, toolchain, signal: either }),
  );
  await using _ = cluster;
  clock.mark("clusterReady");
  const { world, content } = prepared;
  const client = connect(cluster.kubeconfig);
  await using mirror = await openMirror({
    world,
    bind: cluster.containers.kind === "real" ? cluster.containers.mirror.bind : "127.0.0.1",
    host: cluster.containers.kind === "real" ? cluster.containers.mirror.host : "127.0.0.1",
    folder: join(processes.folder, "mirror"),
    egress: config.egress ?? "open",
  });
  const argocd = await asStep(log, "Installing Argo CD", async () => {
    const installation = await installArgoCd({
      client,
      kubeconfig: cluster.kubeconfig,
      toolchain,
      settings: prepared.settings,
      chart: prepared.chart,
      folder: processes.folder,
      signal,
    });
    await runArgoCd(cluster, installation, { client, processes, toolchain, mirror, world, signal });
    return installation;
  });
  clock.mark("argocdReady");
  const roots = await applyRoots({
    client,
    roots: prepared.roots,
    world,
    toolchain,
    namespace: argocd.namespace,
    folder: processes.folder,
    signal,
  });
  clock.mark("applied");
  const underTest = { ...world, isRepository: prepared.isRepository };
  const board = createBoard({
    underTest,
    allowEmpty: config.allowEmpty,
    settleMs: config.settleMs ?? defaultSettleMs,
  });
  for (const { kind, namespace, name } of roots) {
    board.expect(kind as "Application" | "ApplicationSet", namespace, name, undefined, Date.now());
  }
  const ended = await waitForVerdict({
    client,
    board,
    deadline: Date.now() + (config.timeoutMs ?? defaultTimeoutMs),
    signal,
    log,
    onChange: ({ all }) => request.onProgress(snapshot(all, Date.now())),
  });
  clock.mark("decided");
  const evidence = mirror.evidence();
  const options = {
    fidelity: await fidelityCheck(client, cluster.unexercised),
    servedMerge: (url: string) =>
      evidence.fetches.some((fetch) => sameRepository(fetch.url, url) && fetch.commits.includes(world.merge)),
    places: await findPlaces(content, board.all),
    timedOut: ended === "timeout",
  };
  const judged = judge(board.all, options);
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
    argocd: { running: argocd.running, pinned: argocd.pinned, source: argocd.source },
    ...judged,
    notes: [...notesOf(prepared), ...argocd.notes, ...emptyNotes(judged.applications)],
    evidence: {
      mergeServed: evidence.fetches.filter((fetch) => fetch.commits.includes(world.merge)).length,
      otherHosts: evidence.tunnels.map(({ host, outcome, count }) => ({ host, outcome, count })),
    },
    timings: clock.timings(),
    usage: processes.usage(),
  };
}

async function runArgoCd(
  cluster: Cluster,
  { namespace }: ArgoCdInstallation,
  rest: Omit<Parameters<typeof startComponents>[0], "namespace" | "mirror"> & {
    mirror: { proxyUrl: string; caBundle: string };
    world: { urls: readonly string[] };
  },
): Promise<void> {
  if (cluster.containers.kind === "real")
    throw new InfrastructureError(`engine ${cluster.engine} cannot run Argo CD yet`);
  const hosts = rest.world.urls.map((url) => new URL(url).host);
  await startComponents({ ...rest, namespace, mirror: { ...rest.mirror, hosts } });
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

/** Where one fails, the other is cancelled, waited for and released. The first failure is the reason. */
async function bothOrNeither<T extends AsyncDisposable, U>(
  signal: AbortSignal,
  start: (signal: AbortSignal) => Promise<T>,
  prepareIt: (signal: AbortSignal) => Promise<U>,
): Promise<[T, U]> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const cancelling = <V>(work: Promise<V>): Promise<V> =>
    work.catch((error) => {
      failed.abort(error);
      throw error;
    });
  const [first, second] = await Promise.allSettled([
    cancelling(start(either)),
    cancelling(prepareIt(either)),
  ]);
  if (first.status === "fulfilled" && second.status === "fulfilled") return [first.value, second.value];
  if (first.status === "fulfilled") await first.value[Symbol.asyncDispose]();
  throw failed.signal.reason;
}
