import type { Application, ApplicationSet, ResourceStatus } from "../argocd/application.ts";
import type { SourceExpectation } from "./expectation.ts";
import type { Finding, Reason } from "./reason.ts";
import type { Suspicion } from "./suspicion.ts";

/** Everything known about one Application or ApplicationSet of the rehearsal. Times in ms since the epoch. */
export interface Tracked {
  /** `Application/namespace/name`. */
  key: string;
  kind: "Application" | "ApplicationSet";
  name: string;
  namespace: string;
  /** Undefined while it is expected and has not been seen. */
  object: Application | ApplicationSet | undefined;
  expectedBy: string | undefined;
  expectations: readonly SourceExpectation[];
  finding: Finding;
  suspicion: Suspicion | undefined;
  final: Reason | undefined;
  /** Keys of children that have not passed, where nothing else keeps it from passing. */
  waitsFor: readonly string[];
  firstSeenAt: number;
  passedAt: number | undefined;
  /** When what a reader would see of it last changed. */
  changedAt: number;
  fingerprint: string;
  syncRequested: boolean;
  /** The refresh that Argo CD has not answered yet: the object's version when it was asked for. */
  pendingRefresh: string | undefined;
  lastNudge: number;
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
    object: undefined,
    expectedBy: undefined,
    expectations: [],
    finding: { state: "progressing", detail: "not there yet" },
    suspicion: undefined,
    final: undefined,
    waitsFor: [],
    firstSeenAt: now,
    passedAt: undefined,
    changedAt: now,
    fingerprint: "",
    syncRequested: false,
    pendingRefresh: undefined,
    lastNudge: now,
  };
}

/** The Applications and ApplicationSets that Argo CD says belong to it. */
export function childrenOf(
  tracked: Tracked,
): { key: string; kind: Tracked["kind"]; namespace: string; name: string }[] {
  const resources: ResourceStatus[] = tracked.object?.status?.resources ?? [];
  return resources
    .filter((resource) => resource.kind === "ApplicationSet" || resource.kind === "Application")
    .filter((resource) => !resource.requiresPruning && (resource.group ?? "argoproj.io") === "argoproj.io")
    .map((resource) => {
      const kind = resource.kind as Tracked["kind"];
      const namespace = resource.namespace ?? tracked.namespace;
      return { key: keyFor(kind, namespace, resource.name), kind, namespace, name: resource.name };
    });
}

/** Whether it still may change by itself: neither passed nor failed for good nor merely waiting for another. */
export function isOpen(tracked: Tracked): boolean {
  return tracked.final === undefined && tracked.finding.state !== "passed" && tracked.waitsFor.length === 0;
}
