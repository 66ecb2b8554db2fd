import type { EngineName } from "../engine/engine.ts";
import type { Place } from "../runner/errors.ts";
import type { Usage } from "../runner/usage.ts";
import type { Reason } from "./reason.ts";
import type { Diagnosis } from "./workloads/diagnosis.ts";

/** Raised with every change that a reader of the JSON has to know about. */
export const verdictSchema = 3;

/**
 * What a rehearsal found. Everything that is shown or written derives from this object, and so does
 * the exit code.
 */
export interface Verdict {
  schema: typeof verdictSchema;
  result: Result;
  /** One sentence: why it is not `passed`, or that it is. */
  summary: string;
  /** What ended the rehearsal before there was anything to say about an Application. */
  error: VerdictError | undefined;
  repository: RepositoryVerdict | undefined;
  /** Why a change that no Argo CD could notice passes without a rehearsal; undefined where one was due. */
  irrelevant: string | undefined;
  /** What the merge changes, from the base to the merge result; at most `shownChanges` of them. */
  changes: readonly Change[];
  /** How many there are. */
  changed: number;
  /** Security-relevant settings of Argo CD that the change weakens or adds, each red unless allowed. */
  weakened: readonly WeakenedSetting[];
  engine: { name: EngineName; kubernetes: string } | undefined;
  argocd: { running: string; pinned: string | undefined; source: string } | undefined;
  applications: readonly ApplicationVerdict[];
  applicationSets: readonly ApplicationSetVerdict[];
  /** What held for this run and a reader has to know: substitutions, differences of version, rewritten files. */
  notes: readonly string[];
  evidence: EvidenceVerdict | undefined;
  /** ISO 8601, in UTC. */
  startedAt: string;
  /** Seconds from the start to each moment. */
  timings: Timings;
  usage: Usage | undefined;
}

/**
 * `failed`: the change is broken. `misused`: wrong use or configuration. `infrastructure`: the rehearsal
 * itself could not be carried out. Only `passed` lets a merge through.
 */
export type Result = "passed" | "failed" | "misused" | "infrastructure";

/** 0 passed, 1 the change is broken, 2 wrong use or configuration, 3 infrastructure. */
export const exitCodes = { passed: 0, failed: 1, misused: 2, infrastructure: 3 } as const satisfies Record<
  Result,
  number
>;

/** The most files that a verdict names as changed. */
export const shownChanges = 500;

/** A file that the merge changes. */
export interface Change {
  /** From the top of the repository. */
  path: string;
  kind: "added" | "modified" | "deleted";
  /** Names of the Applications whose source it is, or lies in. */
  applications: readonly string[];
}

/** A security-relevant setting of Argo CD that the merge weakens or adds. */
export interface WeakenedSetting {
  /** The name by which `allow` in the base's configuration lets it in, such as `argocd-plugins`. */
  setting: string;
  /** What the merge does, as a sentence without its full stop. */
  message: string;
  where: Place;
  /** Whether the base's configuration lets it in, or nobody asked (on the command line). */
  allowed: boolean;
}

export interface VerdictError {
  message: string;
  where: Place | undefined;
  fix: string | undefined;
}

export interface RepositoryVerdict {
  /** The URL under which the mirror answered. */
  url: string;
  baseBranch: string;
  /** Full SHAs. */
  base: string;
  head: string;
  merge: string;
  roots: readonly { kind: string; name: string; file: string; line: number | undefined }[];
}

export interface ApplicationVerdict {
  name: string;
  namespace: string;
  state: ApplicationState;
  sync: string | undefined;
  health: string | undefined;
  sources: readonly SourceVerdict[];
  /** The name of the Application or ApplicationSet that brought it; undefined for a root. */
  parent: string | undefined;
  reason: Reason | undefined;
  /** Names of the Applications that keep this one from passing. */
  waitsFor: readonly string[];
  /** Whether this run asked for its sync, because nothing else does. */
  syncRequested: boolean;
  /** Seconds from when it was first seen to when it passed. */
  seconds: number | undefined;
  /** Where it is declared, if in plain YAML. */
  place: Place | undefined;
  /** How many objects it manages. */
  resources: number;
  notProven: readonly NotProven[];
  /** What its Pods told when it did not pass; undefined where it passed or no container runs. */
  diagnosis: Diagnosis | undefined;
}

/** `waiting` is not a failure of its own: another Application's is. `unfinished` ran out of time. */
export type ApplicationState = "passed" | "failed" | "waiting" | "unfinished" | "missing";

export interface SourceVerdict {
  repoURL: string;
  /** A path in the repository, or a chart. */
  what: string;
  targetRevision: string;
  /** `merge`: the merge result, served by the mirror. `pinned`: this repository elsewhere. `elsewhere`: another. */
  kind: "merge" | "pinned" | "elsewhere";
  /** What it was compared at; undefined where it never was. */
  revision: string | undefined;
}

export interface ApplicationSetVerdict {
  name: string;
  namespace: string;
  state: ApplicationState;
  /** The name of the Application that brought it; undefined for a root. */
  parent: string | undefined;
  reason: Reason | undefined;
  generated: number;
}

/** Something of an Application that this engine could not exercise. */
export interface NotProven {
  why: string;
  /** `Deployment shop/web`. */
  resources: readonly string[];
}

export interface EvidenceVerdict {
  /** How often the mirror handed out the merge result. */
  mergeServed: number;
  /** Hosts that were reached past the mirror, and how that went. */
  otherHosts: readonly { host: string; outcome: string; count: number }[];
  /** What came from other hosts through the mirror: charts, images, files, repositories. */
  artefacts?: readonly ArtefactVerdict[] | undefined;
  /** What of other hosts was refused, each with why. */
  refused?: readonly string[] | undefined;
}

export interface ArtefactVerdict {
  /** `podinfo 6.14.1 of https://charts.example.org`. */
  what: string;
  from: "cache" | "upstream";
  /** Why the cache had to do, where upstream was to be asked. */
  why?: string | undefined;
  count: number;
}

export interface Timings {
  clusterReady: number | undefined;
  argocdReady: number | undefined;
  applied: number | undefined;
  decided: number | undefined;
  total: number;
}
