import type { Application, ApplicationSet } from "../argocd/application.ts";
import type { KubeObject } from "../kubernetes/client.ts";
import { examine } from "./examine.ts";
import { examineSet } from "./examine-set.ts";
import { expectationsOf, expectationsOfSet, type UnderTest } from "./expectation.ts";
import { progressing } from "./finding.ts";
import { type Pace, simulatedPace } from "./pace.ts";
import type { Finding } from "./reason.ts";
import { carryOn, finalReason, noteAnswer } from "./suspicion.ts";
import { childrenOf, isHeldByChildren, isOpen, keyFor, type Tracked, track } from "./tracked.ts";
import type { Workloads } from "./workloads/assess.ts";
import { refine } from "./workloads/refine.ts";

export interface BoardOptions {
  underTest: UnderTest;
  /** Names of ApplicationSets that may generate nothing. */
  allowEmpty: readonly string[];
  settleMs: number;
  /** How long to wait for what. By default, that of an engine without containers. */
  pace?: Pace;
  /** What the Pods of each Application say, on an engine where they are real. */
  workloads?: Workloads | undefined;
}

/** What the board says about the rehearsal as a whole. */
export type Standing =
  | { state: "running" }
  /** Every one has passed, and nothing has changed for the settle window. */
  | { state: "passed" }
  /** Something has failed for good, and waiting longer would say no more. */
  | { state: "decided" };

const decidedMs = 1_500;
const emptyMs = 10_000;

/**
 * Everything that is rehearsed, and what it adds up to. Is told of objects and of the time, and asks
 * for nothing itself, so that each of its rules can be tested without a cluster.
 */
export interface Board {
  readonly all: ReadonlyMap<string, Tracked>;
  /** `by` is the key of the parent; undefined for a root. */
  expect(kind: Tracked["kind"], namespace: string, name: string, by: string | undefined, now: number): void;
  observe(kind: Tracked["kind"], object: KubeObject, deleted: boolean, now: number): void;
  /** Draws the conclusions at a moment in time. */
  conclude(now: number): Standing;
}

export function createBoard(options: BoardOptions): Board {
  const { pace = simulatedPace, workloads } = options;
  const { missingMs, stuckMs, patienceMs, newsMs, quietMs } = pace;
  const all = new Map<string, Tracked>();
  let startedAt: number | undefined;
  let lastChange = 0;
  /** When one was last seen, or passed, or (news) failed for good, for the first time. */
  let lastProgress = 0;
  let lastNews = 0;
  let quietSince: number | undefined;

  function get(kind: Tracked["kind"], namespace: string, name: string, now: number): Tracked {
    const key = keyFor(kind, namespace, name);
    const known = all.get(key);
    if (known) return known;
    const tracked = track(kind, namespace, name, now);
    all.set(key, tracked);
    lastChange = lastProgress = lastNews = now;
    return tracked;
  }

  function expect(
    kind: Tracked["kind"],
    namespace: string,
    name: string,
    by: string | undefined,
    now: number,
  ): void {
    const tracked = get(kind, namespace, name, now);
    if (by === undefined) tracked.root = true;
    if (!tracked.root && by !== tracked.key) tracked.expectedBy ??= by;
  }

  function conclude(now: number): Standing {
    startedAt ??= now;
    // Children that this finds are looked at in the same loop: a Map's iterator goes on to what is added.
    for (const tracked of all.values()) look(tracked, now);
    for (const tracked of all.values()) tracked.waitsFor = blockers(tracked);
    const everyone = [...all.values()];
    const open = everyone.filter(isOpen);
    const moving =
      now - lastProgress < newsMs && open.some((tracked) => makesProgress(tracked, now, stuckMs));
    quietSince = moving ? undefined : (quietSince ?? now);
    for (const tracked of everyone) judge(tracked, now);
    return { state: standing(everyone, now) };
  }

  function look(tracked: Tracked, now: number): void {
    const { unread } = tracked;
    const before = tracked.finding.state;
    if (unread) read(tracked, now);
    refineByWorkloads(tracked, now);
    const { finding } = tracked;
    if (unread || finding.state !== before) noteChange(tracked, now);
    tracked.suspicion = carryOn(tracked.suspicion, finding, now);
    tracked.passedAt = finding.state === "passed" ? (tracked.passedAt ?? now) : undefined;
    if (finding.state === "passed") {
      tracked.final = undefined;
      if (!tracked.everPassed) lastProgress = lastNews = now;
      tracked.everPassed = true;
    } else if (tracked.final?.code === "missing" && tracked.object !== undefined) {
      tracked.final = undefined;
    }
  }

  function read(tracked: Tracked, now: number): void {
    tracked.unread = false;
    tracked.seen = findingOf(tracked, options);
    tracked.children = childrenOf(tracked);
    for (const { kind, namespace, name } of tracked.children) expect(kind, namespace, name, tracked.key, now);
  }

  function refineByWorkloads(tracked: Tracked, now: number): void {
    const { kind, object } = tracked;
    tracked.workloads =
      kind === "Application" && object ? workloads?.assess(object as Application, now) : undefined;
    tracked.finding = refine(tracked.seen, tracked.workloads, pace);
    const { changedAt = 0, unsettledUntil = 0 } = tracked.workloads ?? {};
    // It has changed, but whether it has settled only its restarts tell.
    tracked.changedAt = Math.max(tracked.changedAt, changedAt);
    lastChange = Math.max(lastChange, unsettledUntil);
  }

  function noteChange(tracked: Tracked, now: number): void {
    const fingerprint = fingerprintOf(tracked);
    if (fingerprint === tracked.fingerprint) return;
    tracked.fingerprint = fingerprint;
    tracked.changedAt = lastChange = now;
  }

  function blockers(tracked: Tracked): string[] {
    if (tracked.finding.state === "passed") return [];
    if (tracked.object === undefined) return blockersOfAbsent(tracked);
    if (!isHeldByChildren(tracked)) return [];
    const above = ancestors(tracked);
    return tracked.children
      .map(({ key }) => key)
      .filter((key) => all.get(key)?.finding.state !== "passed" && !above.has(key));
  }

  /** A parent that has failed creates no more, and one of whose earlier wave has failed does not get to it. */
  function blockersOfAbsent({ key, expectedBy }: Tracked): string[] {
    const parent = all.get(expectedBy ?? "");
    if (parent?.final) return [parent.key];
    if (!parent || !isHeldByChildren(parent)) return [];
    return parent.children.map((child) => child.key).filter((other) => other !== key && isHeldUp(other));
  }

  /** Whether it has failed, or is held up by one that has, however deep that is. */
  function isHeldUp(key: string, seen = new Set<string>()): boolean {
    const tracked = all.get(key);
    if (!tracked || tracked.finding.state === "passed" || seen.has(key)) return false;
    seen.add(key);
    if (tracked.final) return true;
    return isHeldByChildren(tracked) && tracked.children.some((child) => isHeldUp(child.key, seen));
  }

  /** Keys of itself and of those that brought it. */
  function ancestors(tracked: Tracked): Set<string> {
    const keys = new Set<string>();
    for (let at: Tracked | undefined = tracked; at && !keys.has(at.key); at = all.get(at.expectedBy ?? ""))
      keys.add(at.key);
    return keys;
  }

  function judge(tracked: Tracked, now: number): void {
    const { object, suspicion, finding } = tracked;
    if (object === undefined) {
      if (isOpen(tracked) && isMissing(tracked, now)) fail(tracked, missing(tracked), now);
    } else if (suspicion && finding.state === "suspect" && (isOpen(tracked) || mayStillHeal(tracked))) {
      fail(tracked, finalReason(suspicion, now, quietSince, quietMs), now);
    }
  }

  function fail(tracked: Tracked, reason: Tracked["final"], now: number): void {
    if ((reason === undefined) !== (tracked.final === undefined)) tracked.changedAt = lastChange = now;
    tracked.final = reason;
    if (reason === undefined || tracked.everFailed) return;
    tracked.everFailed = true;
    lastNews = now;
  }

  function isMissing(tracked: Tracked, now: number): boolean {
    const parent = all.get(tracked.expectedBy ?? "");
    const since = parent === undefined ? tracked.firstSeenAt : parent.passedAt;
    return since !== undefined && now - Math.max(since, tracked.changedAt) >= missingMs;
  }

  function standing(everyone: readonly Tracked[], now: number): Standing["state"] {
    if (everyone.length === 0) return now - (startedAt ?? now) >= emptyMs ? "decided" : "running";
    if (everyone.every((tracked) => tracked.finding.state === "passed"))
      return now - lastChange >= options.settleMs ? "passed" : "running";
    if (everyone.every((tracked) => tracked.final === undefined)) return "running";
    if (now - lastNews >= newsMs) return "decided";
    const open = everyone.filter(isOpen);
    if (open.length === 0) return now - lastNews >= decidedMs ? "decided" : "running";
    if (open.some((tracked) => tracked.workloads?.working)) return "running";
    const lastMove = Math.max(lastNews, ...open.map(({ changedAt }) => changedAt));
    return now - lastMove >= patienceMs ? "decided" : "running";
  }

  return {
    all,
    expect,
    conclude,
    observe(kind, object, deleted, now) {
      const tracked = get(kind, object.metadata.namespace ?? "", object.metadata.name, now);
      tracked.unread = true;
      tracked.gone = deleted;
      tracked.object = deleted ? undefined : (object as Application | ApplicationSet);
      if (deleted) return;
      tracked.expectations =
        kind === "Application"
          ? expectationsOf(object as Application, options.underTest)
          : expectationsOfSet(object as ApplicationSet, options.underTest);
      if (tracked.suspicion) noteAnswer(tracked.suspicion, object);
    },
  };
}

function findingOf(tracked: Tracked, { allowEmpty }: BoardOptions): Finding {
  if (tracked.object === undefined) return progressing(tracked.gone ? "was deleted" : "not there yet");
  if (tracked.kind === "Application") return examine(tracked.object as Application, tracked.expectations);
  return examineSet(tracked.object as ApplicationSet, allowEmpty.includes(tracked.name));
}

/** One that fails again and again changes, and makes none. */
function makesProgress(tracked: Tracked, now: number, stuckMs: number): boolean {
  const { finding, suspicion, changedAt, workloads } = tracked;
  if (workloads?.working) return true; // another of its Pods, for which one that fails may be waiting
  return finding.state !== "suspect" && suspicion === undefined && now - changedAt < stuckMs;
}

/** Whether it was held final only because nothing else moved. */
function mayStillHeal({ final, suspicion }: Tracked): boolean {
  const when = suspicion?.finality.when;
  return final !== undefined && (when === "quiet" || when === "tried");
}

function missing({ gone }: Tracked): Tracked["final"] {
  const message = gone ? "was deleted, and did not come back" : "is expected, and was never created";
  return { code: "missing", class: "change", message };
}

function fingerprintOf({ object, finding }: Tracked): string {
  const status = object?.status as Application["status"];
  return JSON.stringify([
    object !== undefined,
    finding.state,
    status?.sync?.status,
    status?.sync?.revision,
    status?.sync?.revisions,
    status?.health?.status,
    status?.operationState?.phase,
    status?.operationState?.message,
    (status?.resources ?? []).map(({ kind, name, status: sync, health }) => [
      kind,
      name,
      sync,
      health?.status,
    ]),
  ]);
}
