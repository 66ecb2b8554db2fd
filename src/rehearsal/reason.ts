import type { ResourceName } from "../argocd/application.ts";
import type { Place } from "../runner/errors.ts";
import type { CauseClass, CauseCode, PodFinality } from "../workloads/failure.ts";

/** Why an Application is not Synced and Healthy. */
export interface Reason {
  code: ReasonCode;
  class: CauseClass;
  /** In Argo CD's or Kubernetes' words, on one line. */
  message: string;
  resource?: ResourceName | undefined;
  /** Where in Git the cause stands, where that can honestly be said. */
  place?: Place | undefined;
  /** Why waiting longer was held to be pointless. */
  finality?: string | undefined;
}

export type ReasonCode =
  | CauseCode
  | "manifests" // Argo CD cannot generate or compare the desired manifests
  | "source" // the place where manifests come from refuses
  | "transport" // the place where manifests come from does not answer
  | "not-cached" // what it needs of another host is not in the cache, and may not be asked for
  | "digest" // a version of something of another host is not what it was
  | "spec" // the Application itself is invalid
  | "forbidden" // its project does not allow it
  | "missing-kind" // no CustomResourceDefinition
  | "missing-namespace"
  | "missing-project"
  | "hook"
  | "sync" // any other failure of a sync
  | "duplicate" // two of the same name, or two owners of one resource
  | "diverges" // synced, and still different
  | "idle" // out of sync, and nothing syncs it
  | "degraded"
  | "suspended"
  | "wrong-revision" // synced at something else than what is under rehearsal
  | "no-evidence" // the mirror did not serve it
  | "generator" // an ApplicationSet fails
  | "generates-nothing"
  | "missing" // expected, and not there
  | "deleted" // being deleted
  | "timeout";

/** When a reason ends the wait for its Application. */
export type Finality =
  | PodFinality
  /** When nothing that Argo CD does by itself can heal it. */
  | { when: "now" }
  /** When hard refreshes have repeated it: Argo CD caches errors, so one observation proves nothing. */
  | { when: "repeated" }
  /** When it has failed this often, whatever the retry limit says; or when the retries are spent. */
  | { when: "retried"; times: number };

/** What one look at an Application says. */
export type Finding =
  | { state: "passed" }
  | { state: "progressing"; detail: string }
  /** Its sync is not automated: someone has to ask for it. */
  | { state: "needs-sync" }
  | { state: "suspect"; reason: Reason; finality: Finality };
