import { join } from "node:path";
import type { Cluster } from "../engine/engine.ts";
import { connect, type KubeClient } from "../kubernetes/client.ts";
import { type Mirror, openMirror } from "../mirror/mirror.ts";
import { sameRepository } from "../repository/repository-url.ts";
import { reasonOfFailure } from "../runner/loss.ts";
import type { OwnedProcesses } from "../runner/owned-processes.ts";
import { someOf } from "../runner/words.ts";
import { resolveToolchain } from "../toolchain/resolve.ts";
import type { Toolchain } from "../toolchain/toolchain.ts";
import type { Vendor } from "../vendor/vendor.ts";
import { type ExaminedChange, repositoryOf } from "./examine-change.ts";
import { guardCluster, guardNote, underGuard } from "./host-guard/guard-cluster.ts";
import type { HostGuard } from "./host-guard/host-guard.ts";
import { judge } from "./judge.ts";
import { fidelityCheck } from "./not-proven.ts";
import { findPlaces } from "./places.ts";
import type { Prepared } from "./prepare.ts";
import { reconcile } from "./reconcile.ts";
import type { RehearsalRequest } from "./request.ts";
import { conclude } from "./result.ts";
import { type RunningArgoCd, runArgoCd } from "./run-argocd.ts";
import { startAndPrepare } from "./start.ts";
import type { Stopwatch } from "./stopwatch.ts";
import { describeChanges, watchedSources } from "./touched.ts";
import { vendorNotes } from "./vendor-notes.ts";
import { openVendoring } from "./vendoring.ts";
import { type ApplicationVerdict, type Verdict, verdictSchema } from "./verdict.ts";

/** A cluster, and everything that is known before Argo CD runs on it. Disposing releases the cluster. */
export interface Started extends AsyncDisposable {
  request: RehearsalRequest;
  processes: OwnedProcesses;
  clock: Stopwatch;
  toolchain: Toolchain;
  cluster: Cluster;
  prepared: Prepared;
  client: KubeClient;
  /** Aborts when the user interrupts, and when the cluster or a process of ours is lost. */
  signal: AbortSignal;
}

/** An Argo CD that reconciles on that cluster. Disposing releases it and the mirror, not the cluster. */
export interface Bootstrapped extends AsyncDisposable {
  started: Started;
  mirror: Mirror;
  vendor: Vendor;
  argocd: RunningArgoCd;
  /** Undefined where the machine is thrown away after the rehearsal, or no container runs. */
  guard: HostGuard | undefined;
}

const loopback = { bind: "127.0.0.1", host: "127.0.0.1" };

/** The first stage, of a change that `examineChange` leaves open: a cluster, and meanwhile what to rehearse on it. */
export async function startRehearsal(
  examined: ExaminedChange,
  processes: OwnedProcesses,
  clock: Stopwatch,
): Promise<Started> {
  const { request } = examined;
  const { config, log } = request;
  const begun = AbortSignal.any([request.signal, processes.lost]);
  const toolchain = await resolveToolchain({
    directory: config.toolchain.directory,
    archive: config.toolchain.archive,
    archiveSha256: config.toolchain.archiveSha256,
    log,
    signal: begun,
  });
  const { cluster, prepared } = await startAndPrepare(examined, { processes, toolchain, signal: begun });
  clock.mark("clusterReady");
  return {
    ...{ request, processes, clock, toolchain, cluster, prepared },
    client: connect(cluster.kubeconfig),
    signal: AbortSignal.any([begun, cluster.lost]),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

/** The second stage: Argo CD as the repository wants it, which sees the repository through the mirror alone. */
export async function bootstrapArgoCd(begun: Started): Promise<Bootstrapped> {
  await using stack = new AsyncDisposableStack();
  const guard = await explained(begun, () => guardHost(begun));
  if (guard) stack.use(guard);
  const cluster = underGuard(begun.cluster, guard);
  const started = { ...begun, cluster, signal: AbortSignal.any([begun.signal, cluster.lost]) };
  const { request, prepared, processes, clock } = started;
  // Without await, the stack would be disposed before this is done.
  return await explained(started, async () => {
    const { bind, host } = cluster.containers.kind === "real" ? cluster.containers.mirror : loopback;
    const here = cluster.containers.kind === "none";
    const vendor = stack.use(await openVendoring(prepared.vendoring, { loopback: here }));
    const mirror = stack.use(
      await openMirror({
        world: prepared.world,
        vendor,
        bind,
        host,
        folder: join(processes.folder, "mirror"),
        egress: request.config.egress ?? "open",
      }),
    );
    const argocd = stack.use(await runArgoCd({ ...started, mirror, log: request.log }));
    clock.mark("argocdReady");
    const held = stack.move();
    return { started, mirror, vendor, argocd, guard, [Symbol.asyncDispose]: () => held.disposeAsync() };
  });
}

/** Before anything of the change runs: Argo CD is installed with its values. */
async function guardHost({
  request,
  cluster,
  client,
  prepared,
  signal,
}: Started): Promise<HostGuard | undefined> {
  if (!request.guardHost) return undefined;
  const { log, config } = request;
  const argocdNamespace = prepared.settings.namespace;
  return guardCluster({ cluster, client, waivers: config.hostAccess, argocdNamespace, log, signal });
}

/** The last stage: applies the roots and waits until every Application is decided. */
export async function syncApplications({
  started,
  mirror,
  vendor,
  argocd,
  guard,
}: Bootstrapped): Promise<Verdict> {
  const { cluster, prepared, processes, clock, signal } = started;
  const { world, content } = prepared;
  const { installation } = argocd;
  return explained(started, async () => {
    const { roots, all, ended, diagnoses } = await reconcile({
      ...started,
      namespace: installation.namespace,
      folder: processes.folder,
    });
    const evidence = mirror.evidence();
    const others = vendor.evidence();
    const artefacts = [...(prepared.bootstrap.evidence?.served ?? []), ...others.served];
    const options = {
      fidelity: await fidelityCheck(started.client, cluster.unexercised),
      servedMerge: (url: string) =>
        evidence.fetches.some(
          (fetch) => sameRepository(fetch.url, url) && fetch.commits.includes(world.merge),
        ),
      places: await findPlaces(content, all),
      misled: await argocd.misled(),
      vendor: others,
      timedOut: ended === "timeout",
      diagnoses,
    };
    const judged = judge(all, options);
    await guard?.verify();
    signal.throwIfAborted(); // nothing that was lost meanwhile may end in a verdict
    return {
      schema: verdictSchema,
      ...conclude(judged, ended === "passed"),
      error: undefined,
      repository: {
        ...repositoryOf(world),
        roots: roots.map(({ kind, name, place }) => ({ kind, name, file: place.file, line: place.line })),
      },
      irrelevant: undefined,
      ...describeChanges(prepared.changed, watchedSources(all), content, world),
      weakened: prepared.weakened,
      engine: { name: cluster.engine, kubernetes: cluster.kubernetesVersion },
      argocd: { running: installation.running, pinned: installation.pinned, source: installation.source },
      ...judged,
      notes: [
        ...notesOf(prepared),
        ...installation.notes,
        ...vendorNotes(artefacts, prepared.vendoring),
        ...(guard ? [guardNote(started.request.config.hostAccess)] : []),
        ...emptyNotes(judged.applications),
      ],
      evidence: {
        mergeServed: evidence.fetches.filter((fetch) => fetch.commits.includes(world.merge)).length,
        otherHosts: evidence.tunnels.map(({ host, outcome, count }) => ({ host, outcome, count })),
        artefacts,
        refused: others.refused.map(({ message }) => message),
      },
      startedAt: clock.startedAt,
      timings: clock.timings(),
      usage: processes.usage(),
    };
  });
}

/** Runs a stage; where it fails because the cluster did, that is what it throws. */
async function explained<T>({ request, cluster }: Started, stage: () => Promise<T>): Promise<T> {
  try {
    return await stage();
  } catch (error) {
    throw request.signal.aborted ? error : await reasonOfFailure(error, cluster.lost);
  }
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
  return [...notes, `No root brings these into the cluster, so they were not rehearsed: ${someOf(names)}.`];
}
