import type { Application, ApplicationSet } from "../argocd/application.ts";
import { refreshAnnotation } from "../argocd/requests.ts";
import type { KubeObject } from "../kubernetes/client.ts";
import { examine } from "./examine.ts";
import { examineSet } from "./examine-set.ts";
import { expectationsOf, type UnderTest } from "./expectation.ts";
import type { Finding } from "./reason.ts";
import { carryOn, finalReason } from "./suspicion.ts";
import { childrenOf, isOpen, keyFor, type Tracked, track } from "./tracked.ts";

export interface BoardOptions {
  underTest: UnderTest;
  /** Names of ApplicationSets that may generate nothing. */
  allowEmpty: readonly string[];
  settleMs: number;
}

/** What the board says about the rehearsal as a whole. */
export type Standing =
  | { state: "running" }
  /** Every one has passed, and nothing has changed for the settle window. */
  | { state: "passed" }
  /** Something has failed for good, and waiting longer would say no more. */
  | { state: "decided" };

/** An Application that is expected and not there has failed when its parent has been done for this long. */
const missingMs = 6_000;
/** Nobody counts as making progress who has not changed for this long. */
const stuckMs = 20_000;
/** After the first failure the others get until nothing has changed for this long. */
const patienceMs = 15_000;
const decidedMs = 1_500;

/**
 * Everything that is rehearsed, and what it adds up to. Is told of objects and of the time, and asks
 * for nothing itself, so that each of its rules can be tested without a cluster.
 */
export interface Board {
  readonly all: ReadonlyMap<string, Tracked>;
  expect(kind: Tracked["kind"], namespace: string, name: string, by: string | undefined, now: number): void;
  observe(kind: Tracked["kind"], object: KubeObject, deleted: boolean, now: number): void;
  /** Draws the conclusions at a moment in time. */
  conclude(now: number): Standing;
}

export function createBoard(options: BoardOptions): Board {
  const all = new Map<string, Tracked>();
  let lastChange = 0;
  let quietSince: number | undefined;

  function get(kind: Tracked["kind"], namespace: string, name: string, now: number): Tracked {
    const key = keyFor(kind, namespace, name);
    const known = all.get(key);
    if (known) return known;
    const tracked = track(kind, namespace, name, now);
    all.set(key, tracked);
    lastChange = now;
    return tracked;
  }

  function expect(
    kind: Tracked["kind"],
    namespace: string,
    name: string,
    by: string | undefined,
    now: number,
  ): void {
    get(kind, namespace, name, now).expectedBy ??= by;
  }

  function conclude(now: number): Standing {
    for (const tracked of [...all.values()]) {
      for (const child of childrenOf(tracked))
        expect(child.kind, child.namespace, child.name, tracked.key, now);
    }
    for (const tracked of all.values()) look(tracked, now);
    for (const tracked of all.values()) tracked.waitsFor = blockers(tracked);
    const open = [...all.values()].filter(isOpen);
    const moving = open.some(
      (tracked) => tracked.finding.state !== "suspect" && now - tracked.changedAt < stuckMs,
    );
    quietSince = moving ? undefined : (quietSince ?? now);
    for (const tracked of open) judge(tracked, now);
    return standing(now);
  }

  function look(tracked: Tracked, now: number): void {
    tracked.finding = findingOf(tracked, options);
    tracked.suspicion = carryOn(tracked.suspicion, tracked.finding, now);
    if (tracked.finding.state === "passed") {
      tracked.final = undefined;
      tracked.passedAt ??= now;
    } else {
      tracked.passedAt = undefined;
    }
    const fingerprint = fingerprintOf(tracked);
    if (fingerprint === tracked.fingerprint) return;
    tracked.fingerprint = fingerprint;
    tracked.changedAt = now;
    lastChange = now;
  }

  /** Children that have not passed, where they alone explain why their parent has not. */
  function blockers(tracked: Tracked): string[] {
    const children = childrenOf(tracked).filter((child) => all.get(child.key)?.finding.state !== "passed");
    if (children.length === 0 || tracked.finding.state === "passed") return [];
    const { finding } = tracked;
    const explained =
      finding.state === "progressing"
        ? /argoproj\.io\/Application|^argoproj\.io\/|health is|Application/.test(finding.detail)
        : finding.state === "suspect" &&
          ["degraded", "suspended"].includes(finding.reason.code) &&
          onlyChildrenAreUnwell(tracked);
    return explained ? children.map((child) => child.key) : [];
  }

  function judge(tracked: Tracked, now: number): void {
    if (tracked.object === undefined) {
      const parent = tracked.expectedBy === undefined ? undefined : all.get(tracked.expectedBy);
      const since = parent?.passedAt ?? (parent === undefined ? tracked.firstSeenAt : undefined);
      if (since === undefined || now - Math.max(since, tracked.changedAt) < missingMs) return;
      tracked.final = { code: "missing", class: "change", message: "is expected, and was never created" };
    } else if (tracked.suspicion) {
      tracked.final = finalReason(tracked.suspicion, now, quietSince);
    }
  }

  function standing(now: number): Standing {
    const everyone = [...all.values()];
    if (everyone.length > 0 && everyone.every((tracked) => tracked.finding.state === "passed")) {
      return now - lastChange >= options.settleMs ? { state: "passed" } : { state: "running" };
    }
    if (!everyone.some((tracked) => tracked.final !== undefined)) return { state: "running" };
    const patience = everyone.some(isOpen) ? patienceMs : decidedMs;
    return now - lastChange >= patience ? { state: "decided" } : { state: "running" };
  }

  return {
    all,
    expect,
    conclude,
    observe(kind, object, deleted, now) {
      const tracked = get(kind, object.metadata.namespace ?? "", object.metadata.name, now);
      tracked.object = deleted ? undefined : (object as Application | ApplicationSet);
      if (kind === "Application" && !deleted)
        tracked.expectations = expectationsOf(object as Application, options.underTest);
      if (deleted) tracked.changedAt = now;
      if (!deleted && refreshAnswered(tracked, object)) {
        tracked.pendingRefresh = undefined;
        if (tracked.suspicion) tracked.suspicion.refreshesRepeated += 1;
      }
    },
  };
}

function findingOf(tracked: Tracked, { allowEmpty }: BoardOptions): Finding {
  if (tracked.object === undefined) return { state: "progressing", detail: "not there yet" };
  if (tracked.kind === "Application") return examine(tracked.object as Application, tracked.expectations);
  return examineSet(tracked.object as ApplicationSet, allowEmpty.includes(tracked.name));
}

/** Argo CD takes the annotation away when it has compared again. */
function refreshAnswered({ pendingRefresh }: Tracked, { metadata }: KubeObject): boolean {
  if (pendingRefresh === undefined || metadata.resourceVersion === pendingRefresh) return false;
  return metadata.annotations?.[refreshAnnotation] === undefined;
}

function onlyChildrenAreUnwell({ object }: Tracked): boolean {
  const unwell = (object?.status?.resources ?? []).filter(
    (resource) => resource.health?.status !== undefined && resource.health.status !== "Healthy",
  );
  return unwell.length > 0 && unwell.every(({ kind }) => kind === "Application" || kind === "ApplicationSet");
}

function fingerprintOf({ object, finding, final }: Tracked): string {
  const status = object?.status as Application["status"];
  const seen = [
    finding.state,
    final?.code,
    status?.sync,
    status?.health?.status,
    status?.operationState?.phase,
    status?.operationState?.message,
  ];
  return JSON.stringify([
    ...seen,
    (status?.resources ?? []).map(({ name, status: sync, health }) => [name, sync, health?.status]),
  ]);
}
