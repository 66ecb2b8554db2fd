import { type Application, type ApplicationSet, sourcesOf } from "../argocd/application.ts";
import { revisionsOf } from "./expectation.ts";
import type { FidelityCheck } from "./not-proven.ts";
import type { Places } from "./places.ts";
import type { Reason, ReasonCode } from "./reason.ts";
import type { Tracked } from "./tracked.ts";
import type {
  ApplicationSetVerdict,
  ApplicationState,
  ApplicationVerdict,
  Result,
  SourceVerdict,
} from "./verdict.ts";

export interface JudgeOptions {
  fidelity: FidelityCheck;
  /** Whether the mirror handed out the merge result under this URL. */
  servedMerge(repoURL: string): boolean;
  places: Places;
  timedOut: boolean;
}

/** Turns what the wait has found into what the verdict says of each Application. */
export function judgeApplications(
  all: ReadonlyMap<string, Tracked>,
  options: JudgeOptions,
): ApplicationVerdict[] {
  const judged = [...all.values()]
    .filter((tracked) => tracked.kind === "Application")
    .map((tracked) => judgeApplication(tracked, all, options))
    .sort(byName);
  const unproven = judged.filter(({ reason }) => reason?.class === "infrastructure").map(({ name }) => name);
  return unproven.length === 0 ? judged : judged.map((application) => excuse(application, unproven));
}

/** Failures for want of something that an Application may have brought which could not be rehearsed itself. */
const dependent: readonly ReasonCode[] = ["missing-kind", "missing-namespace", "timeout"];

function excuse(application: ApplicationVerdict, unproven: readonly string[]): ApplicationVerdict {
  const { reason } = application;
  if (reason?.class !== "change" || !dependent.includes(reason.code)) return application;
  const message = `${reason.message} (${summarise(unproven)} could not be rehearsed, and may have brought it)`;
  return { ...application, reason: { ...reason, class: "infrastructure", message } };
}

/** Names in a sentence before the rest is counted. */
const named = 5;

function summarise(names: readonly string[]): string {
  if (names.length <= named) return names.join(", ");
  return `${names.slice(0, named).join(", ")} and ${names.length - named} more`;
}

export function judgeSets(all: ReadonlyMap<string, Tracked>, options: JudgeOptions): ApplicationSetVerdict[] {
  return [...all.values()]
    .filter((tracked) => tracked.kind === "ApplicationSet")
    .map((tracked) => {
      const { state, reason } = stateOf(tracked, options);
      const generated = (tracked.object as ApplicationSet | undefined)?.status?.resources?.length ?? 0;
      return { name: tracked.name, namespace: tracked.namespace, state, reason, generated };
    })
    .sort(byName);
}

function judgeApplication(
  tracked: Tracked,
  all: ReadonlyMap<string, Tracked>,
  options: JudgeOptions,
): ApplicationVerdict {
  const application = tracked.object as Application | undefined;
  const sources = application ? sourceVerdicts(application, tracked) : [];
  const unproven = unservedSource(sources, options);
  const judged = stateOf(tracked, options);
  const { state, reason } =
    judged.state === "passed" && unproven ? { state: "failed" as const, reason: unproven } : judged;
  const { passedAt, firstSeenAt } = tracked;
  return {
    name: tracked.name,
    namespace: tracked.namespace,
    state,
    sync: application?.status?.sync?.status,
    health: application?.status?.health?.status,
    sources,
    parent: tracked.expectedBy === undefined ? undefined : all.get(tracked.expectedBy)?.name,
    reason,
    waitsFor: tracked.waitsFor.map((key) => all.get(key)?.name ?? key),
    syncRequested: tracked.syncRequested,
    seconds: passedAt === undefined ? undefined : (passedAt - firstSeenAt) / 1000,
    place: options.places.ofApplication(tracked),
    resources: application?.status?.resources?.length ?? 0,
    notProven: application ? options.fidelity(application) : [],
  };
}

function stateOf(
  tracked: Tracked,
  options: JudgeOptions,
): { state: ApplicationState; reason: Reason | undefined } {
  const { finding, final, waitsFor, suspicion, object } = tracked;
  if (finding.state === "passed") return { state: "passed", reason: undefined };
  if (final)
    return {
      state: final.code === "missing" ? "missing" : "failed",
      reason: placed(final, tracked, options),
    };
  if (waitsFor.length > 0) return { state: "waiting", reason: undefined };
  if (object === undefined) {
    return {
      state: "missing",
      reason: { code: "missing", class: "change", message: "was not there when the wait ended" },
    };
  }
  const detail = finding.state === "progressing" ? finding.detail : "it has not been synced";
  const timeout: Reason = {
    code: "timeout",
    class: "change",
    message: options.timedOut
      ? `not done in time: ${detail}`
      : `not done when the verdict was clear: ${detail}`,
  };
  return {
    state: "unfinished",
    reason: placed(suspicion?.reason ?? timeout, tracked, options),
  };
}

function placed(reason: Reason, tracked: Tracked, { places }: JudgeOptions): Reason {
  const place = reason.place ?? places.ofReason(reason, tracked);
  return place ? { ...reason, place } : reason;
}

function sourceVerdicts(application: Application, tracked: Tracked): SourceVerdict[] {
  const revisions = revisionsOf(application.status?.sync);
  return sourcesOf(application).map((source, index) => ({
    repoURL: source.repoURL,
    what: source.chart ?? source.path ?? (source.ref ? `$${source.ref}` : "."),
    targetRevision: source.targetRevision ?? "HEAD",
    kind: tracked.expectations[index]?.kind ?? "elsewhere",
    revision: revisions[index],
  }));
}

/** An Application that got its manifests past the mirror has not been rehearsed, however healthy it is. */
function unservedSource(
  sources: readonly SourceVerdict[],
  { servedMerge }: JudgeOptions,
): Reason | undefined {
  const unserved = sources.find((source) => source.kind === "merge" && !servedMerge(source.repoURL));
  if (!unserved) return undefined;
  const message = `the mirror has no record of serving ${unserved.repoURL} at the merge result`;
  return { code: "no-evidence", class: "infrastructure", message };
}

/** The result that all parts together make, and the sentence that says so. Nothing at all is a failure. */
export function conclude(
  applications: readonly ApplicationVerdict[],
  sets: readonly ApplicationSetVerdict[],
): { result: Result; summary: string } {
  const parts = [...applications, ...sets];
  if (applications.length === 0) {
    return { result: "failed", summary: "There was no Application to rehearse, which proves nothing." };
  }
  const passed = applications.filter((application) => application.state === "passed").length;
  if (parts.every((part) => part.state === "passed")) {
    return {
      result: "passed",
      summary: `All ${passed} Applications are Synced and Healthy at the merge result.`,
    };
  }
  const at = (reasonClass: Reason["class"]) => parts.filter((part) => part.reason?.class === reasonClass);
  const count = `${applications.length - passed} of ${applications.length} Applications did not pass`;
  const names = (found: readonly { name: string }[]) => summarise(found.map((part) => part.name));
  const broken = at("change");
  if (broken.length > 0) return { result: "failed", summary: `${count}; at fault: ${names(broken)}.` };
  const misconfigured = at("configuration");
  if (misconfigured.length > 0)
    return { result: "misused", summary: `${count}; sources refuse access: ${names(misconfigured)}.` };
  const unproven = at("infrastructure");
  if (unproven.length > 0) {
    return {
      result: "infrastructure",
      summary: `${count}; not for a reason in the change: ${names(unproven)}.`,
    };
  }
  return { result: "failed", summary: `${count}.` };
}

function byName(
  left: { name: string; namespace: string },
  right: { name: string; namespace: string },
): number {
  return left.namespace.localeCompare(right.namespace) || left.name.localeCompare(right.name);
}
