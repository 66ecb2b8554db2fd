import { type Application, type ApplicationSet, sourcesOf } from "../argocd/application.ts";
import { someOf } from "../runner/words.ts";
import type { VendorEvidence } from "../vendor/evidence.ts";
import { revisionsOf } from "./expectation.ts";
import type { FidelityCheck } from "./not-proven.ts";
import type { Places } from "./places.ts";
import type { Reason, ReasonCode } from "./reason.ts";
import type { Tracked } from "./tracked.ts";
import { explainByVendor } from "./vendor-reason.ts";
import type {
  ApplicationSetVerdict,
  ApplicationState,
  ApplicationVerdict,
  SourceVerdict,
} from "./verdict.ts";
import type { Diagnosis } from "./workloads/diagnosis.ts";

export interface JudgeOptions {
  fidelity: FidelityCheck;
  /** Whether the mirror handed out the merge result under this URL. */
  servedMerge(repoURL: string): boolean;
  /** Why manifests may have come from elsewhere than the mirror; undefined where they cannot. */
  misled: string | undefined;
  places: Places;
  /** What the mirror did about other hosts. Without it, nothing is said of them. */
  vendor?: VendorEvidence | undefined;
  timedOut: boolean;
  /** By `namespace/name`. Without it, there is none. */
  diagnoses?: ReadonlyMap<string, Diagnosis> | undefined;
}

export interface Judged {
  applications: ApplicationVerdict[];
  applicationSets: ApplicationSetVerdict[];
}

/** Turns what the wait has found into what the verdict says of each Application and ApplicationSet. */
export function judge(all: ReadonlyMap<string, Tracked>, options: JudgeOptions): Judged {
  const everyone = [...all.values()];
  const applications = everyone
    .filter(({ kind }) => kind === "Application")
    .map((tracked) => judgeApplication(tracked, all, options))
    .sort(byName);
  const applicationSets = everyone
    .filter(({ kind }) => kind === "ApplicationSet")
    .map((tracked) => judgeSet(tracked, all, options))
    .sort(byName);
  const unproven = [...applications, ...applicationSets].filter(
    ({ reason }) => reason?.class === "infrastructure" || reason?.class === "configuration",
  );
  return {
    applications: applications.map((application) => excuse(application, unproven)),
    applicationSets: applicationSets.map((set) => excuse(set, unproven)),
  };
}

/** Failures for want of something that an Application may have brought which could not be rehearsed itself. */
const dependent: readonly ReasonCode[] = [
  "missing-kind",
  "missing-namespace",
  "missing-project",
  "missing",
  "timeout",
  // A program that gives up without its database, a Secret that an operator makes, a class of storage.
  "crash",
  "probe",
  "container-config",
  "volume",
];

/** Whether a failure may be the consequence of another one. */
export function isDependent({ code }: Reason): boolean {
  return dependent.includes(code);
}

interface Part {
  name: string;
  reason: Reason | undefined;
}

function excuse<T extends Part>(part: T, unproven: readonly Part[]): T {
  const { reason } = part;
  const cause = unproven[0]?.reason?.class;
  if (cause === undefined || reason?.class !== "change" || !isDependent(reason)) return part;
  const names = someOf(unproven.map(({ name }) => name));
  const message = `${reason.message} (${names} could not be rehearsed, and may have brought it)`;
  return { ...part, reason: { ...reason, class: cause, message } };
}

function judgeApplication(
  tracked: Tracked,
  all: ReadonlyMap<string, Tracked>,
  options: JudgeOptions,
): ApplicationVerdict {
  const application = tracked.object as Application | undefined;
  const { passedAt, firstSeenAt } = tracked;
  return {
    name: tracked.name,
    namespace: tracked.namespace,
    ...stateOf(tracked, options),
    sync: application?.status?.sync?.status,
    health: application?.status?.health?.status,
    sources: application ? sourceVerdicts(application, tracked) : [],
    parent: parentOf(tracked, all),
    waitsFor: tracked.waitsFor.map((key) => all.get(key)?.name ?? key),
    syncRequested: tracked.syncRequested,
    seconds: passedAt === undefined ? undefined : (passedAt - firstSeenAt) / 1000,
    place: options.places.ofApplication(tracked),
    resources: application?.status?.resources?.length ?? 0,
    notProven: application ? options.fidelity(application) : [],
    diagnosis: options.diagnoses?.get(`${tracked.namespace}/${tracked.name}`),
  };
}

function judgeSet(
  tracked: Tracked,
  all: ReadonlyMap<string, Tracked>,
  options: JudgeOptions,
): ApplicationSetVerdict {
  const generated = (tracked.object as ApplicationSet | undefined)?.status?.resources?.length ?? 0;
  const { name, namespace } = tracked;
  return { name, namespace, ...stateOf(tracked, options), parent: parentOf(tracked, all), generated };
}

function parentOf({ expectedBy }: Tracked, all: ReadonlyMap<string, Tracked>): string | undefined {
  return expectedBy === undefined ? undefined : all.get(expectedBy)?.name;
}

function stateOf(
  tracked: Tracked,
  options: JudgeOptions,
): { state: ApplicationState; reason: Reason | undefined } {
  const { finding, final, waitsFor, suspicion, object } = tracked;
  if (finding.state === "passed") {
    const reason = unserved(tracked, options);
    return { state: reason ? "failed" : "passed", reason };
  }
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

function placed(reason: Reason, tracked: Tracked, { places, vendor }: JudgeOptions): Reason {
  const application =
    tracked.kind === "Application" ? (tracked.object as Application | undefined) : undefined;
  const explained = vendor ? explainByVendor(reason, application, vendor) : reason;
  const place = explained.place ?? places.ofReason(explained, tracked);
  return place ? { ...explained, place } : explained;
}

function sourceVerdicts(application: Application, tracked: Tracked): SourceVerdict[] {
  const revisions = revisionsOf(application.status?.sync);
  return sourcesOf(application).map((source, index) => ({
    repoURL: source.repoURL,
    what: source.chart || source.path || (source.ref ? `$${source.ref}` : "."),
    targetRevision: source.targetRevision || "HEAD",
    kind: tracked.expectations[index]?.kind ?? "elsewhere",
    revision: revisions[index],
  }));
}

/** What got its manifests past the mirror has not been rehearsed, however healthy it is. */
function unserved({ expectations }: Tracked, { servedMerge, misled }: JudgeOptions): Reason | undefined {
  const ours = expectations.filter(({ kind }) => kind === "merge");
  const source = ours.find(({ source }) => !servedMerge(source.repoURL));
  if (source) {
    const message = `the mirror has no record of serving ${source.source.repoURL} at the merge result`;
    return { code: "no-evidence", class: "infrastructure", message };
  }
  if (misled === undefined || ours.length === 0) return undefined;
  return { code: "no-evidence", class: "infrastructure", message: misled };
}

function byName(
  left: { name: string; namespace: string },
  right: { name: string; namespace: string },
): number {
  return left.namespace.localeCompare(right.namespace) || left.name.localeCompare(right.name);
}
