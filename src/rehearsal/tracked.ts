import type { Application, ApplicationSet, ResourceStatus } from "../argocd/application.ts";
import type { SourceExpectation } from "./expectation.ts";
import type { Finding, Reason } from "./reason.ts";
import type { Suspicion } from "./suspicion.ts";
import type { Assessment } from "./workloads/assess.ts";

/** Everything known about one Application or ApplicationSet of the rehearsal. Times in ms since the epoch. */
export interface Tracked {
  /** `Application/namespace/name`. */
  key: string;
  kind: "Application" | "ApplicationSet";
  name: string;
  namespace: string;
  /** Applied by us, and so nobody's child, whoever else lists it. */
  root: boolean;
  /** Undefined while it is expected and has not been seen, and after it was deleted. */
  object: Application | ApplicationSet | undefined;
  /** Whether it was there, and is no longer. */
  gone: boolean;
  /** Whether the object has changed since it was last looked at. */
  unread: boolean;
  expectedBy: string | undefined;
  children: readonly Child[];
  expectations: readonly SourceExpectation[];
  /** What its status says by itself. */
  seen: Finding;
  /** What its Pods say, where there are any. */
  workloads: Assessment | undefined;
  /** What both say together. */
  finding: Finding;
  suspicion: Suspicion | undefined;
  final: Reason | undefined;
  /** Keys of those that it waits for, where nothing else keeps it from passing. */
  waitsFor: readonly string[];
  firstSeenAt: number;
  passedAt: number | undefined;
  /** Whether it has ever passed, and whether it has ever failed for good. */
  everPassed: boolean;
  everFailed: boolean;
  /** When what a reader would see of it last changed. */
  changedAt: number;
  fingerprint: string;
  syncRequested: boolean;
  syncAskedAt: number;
  lastNudge: number;
}

export interface Child {
  key: string;
  kind: Tracked["kind"];
  namespace: string;
  name: string;
}

export function keyFor(kind: Tracked["kind"], namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

export function track(kind: Tracked["kind"], namespace: string, name: string, now: number): Tracked {
  return {
    key: keyFor(kind, namespace, name),
    kind,
    name,
    namespace,
    root: false,
    object: undefined,
    gone: false,
    unread: true,
    expectedBy: undefined,
    children: [],
    expectations: [],
    seen: { state: "progressing", detail: "not there yet" },
    workloads: undefined,
    finding: { state: "progressing", detail: "not there yet" },
    suspicion: undefined,
    final: undefined,
    waitsFor: [],
    firstSeenAt: now,
    passedAt: undefined,
    everPassed: false,
    everFailed: false,
    changedAt: now,
    fingerprint: "",
    syncRequested: false,
    syncAskedAt: 0,
    lastNudge: now,
  };
}

/** The Applications and ApplicationSets that Argo CD says belong to it. */
export function childrenOf({ object, namespace: own }: Tracked): Child[] {
  const resources: ResourceStatus[] = object?.status?.resources ?? [];
  return resources.filter(isChild).map(({ kind, namespace = own, name }) => {
    return {
      key: keyFor(kind as Tracked["kind"], namespace, name),
      kind: kind as Tracked["kind"],
      namespace,
      name,
    };
  });
}

function isChild({ kind, group = "argoproj.io", requiresPruning }: ResourceStatus): boolean {
  return (kind === "Application" || kind === "ApplicationSet") && group === "argoproj.io" && !requiresPruning;
}

/** Whether it still may change by itself: neither passed nor failed for good nor merely waiting for another. */
export function isOpen(tracked: Tracked): boolean {
  return tracked.final === undefined && tracked.finding.state !== "passed" && tracked.waitsFor.length === 0;
}

/** Whether, as far as its status tells, nothing but its own children keeps it from passing. */
export function isHeldByChildren({ object, finding }: Tracked): boolean {
  const status = object?.status as Application["status"];
  if (finding.state === "progressing" && status?.operationState?.phase === "Running") {
    return /^waiting for .*? argoproj\.io\/Application/.test(status.operationState.message ?? "");
  }
  const unhealthy =
    finding.state === "suspect"
      ? ["degraded", "suspended"].includes(finding.reason.code)
      : finding.state === "progressing" && status?.sync?.status === "Synced";
  const unwell = (status?.resources ?? []).filter(
    ({ health }) => health?.status !== undefined && health.status !== "Healthy",
  );
  return unhealthy && unwell.length > 0 && unwell.every(isChild);
}
