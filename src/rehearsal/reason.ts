import type { ResourceName } from "../argocd/application.ts";
import type { Place } from "../runner/errors.ts";

/** Who has to act: the change's author, whoever runs the rehearsal, or whoever configured it. */
export type ReasonClass = "change" | "infrastructure" | "configuration";

/** Why an Application is not Synced and Healthy. */
export interface Reason {
  code: ReasonCode;
  class: ReasonClass;
  /** In Argo CD's or Kubernetes' words, on one line. */
  message: string;
  resource?: ResourceName | undefined;
  /** Where in Git the cause stands, where that can honestly be said. */
  place?: Place | undefined;
  /** Why waiting longer was held to be pointless. */
  finality?: string | undefined;
}

export type ReasonCode =
  | "manifests" // Argo CD cannot generate or compare the desired manifests
  | "source" // the place where manifests come from refuses
  | "transport" // the place where manifests come from does not answer
  | "machine" // disk, memory or permissions of this machine
  | "unsupported" // this engine cannot do what the Application asks for
  | "spec" // the Application itself is invalid
  | "forbidden" // its project does not allow it
  | "rejected" // the API refuses an object for good
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
  | "image" // a container's image cannot be pulled
  | "crash" // a container starts and ends, again and again
  | "probe" // a container runs, and its probe says that it does not work
  | "unschedulable" // no node takes a Pod
  | "container-config" // a container cannot be made or started as the Pod describes it
  | "volume" // a volume cannot be mounted, or a claim gets none
  | "timeout";

/** Failures that Pods show: Argo CD knows no more of them, however often it is asked. */
export const workloadCodes: readonly ReasonCode[] = [
  "image",
  "crash",
  "probe",
  "unschedulable",
  "container-config",
  "volume",
];

/** When a reason ends the wait for its Application. */
export type Finality =
  /** Nothing that Argo CD does by itself can heal it. */
  | { when: "now" }
  /** When hard refreshes have repeated it: Argo CD caches errors, so one observation proves nothing. */
  | { when: "repeated" }
  /** When nothing else makes progress any more: another Application may bring what is missing. */
  | { when: "quiet" }
  /** When it has failed this often, whatever the retry limit says; or when the retries are spent. */
  | { when: "retried"; times: number }
  /** When it has lasted this long. */
  | { when: "lasting"; ms: number }
  /**
   * When a whole try has failed since nothing else makes progress any more, and all has been quiet for a while. `beganAt` (ms since the epoch) is
   * when the last failed try began; undefined while it has not failed often enough to say anything.
   */
  | { when: "tried"; beganAt: number | undefined };

/** What one look at an Application says. */
export type Finding =
  | { state: "passed" }
  | { state: "progressing"; detail: string }
  /** Its sync is not automated: someone has to ask for it. */
  | { state: "needs-sync" }
  | { state: "suspect"; reason: Reason; finality: Finality };
