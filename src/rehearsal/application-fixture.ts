import type {
  Application,
  ApplicationSet,
  ApplicationSource,
  ApplicationStatus,
  Condition,
  OperationState,
  ResourceResult,
  ResourceStatus,
} from "../argocd/application.ts";
import { expectationsOf, type SourceExpectation, type UnderTest } from "./expectation.ts";

export const merge = "a".repeat(40);
export const older = "b".repeat(40);
export const repoURL = "https://github.com/home/lab";

export const underTest: UnderTest = {
  merge,
  baseBranch: "main",
  baseIsDefault: true,
  isRepository: (url) => url.replace(/\.git$/, "") === repoURL,
};

export const web: ApplicationSource = { repoURL, path: "web", targetRevision: "main" };

/** Dots lead to what a test changes; undefined takes it away. */
export type Changes = Record<string, unknown>;

/** An Application as Argo CD leaves it when it is Synced and Healthy at the merge result. */
export function passing(name: string, changes: Changes = {}): Application {
  const destination = { server: "https://kubernetes.default.svc", namespace: name };
  const resources: ResourceStatus[] = [
    {
      group: "apps",
      version: "v1",
      kind: "Deployment",
      namespace: name,
      name,
      status: "Synced",
      health: { status: "Healthy" },
    },
  ];
  const status: ApplicationStatus = {
    sync: { status: "Synced", revision: merge, comparedTo: { source: web, destination } },
    health: { status: "Healthy" },
    reconciledAt: "2026-11-23T05:12:09Z",
    operationState: operation(),
    resources,
  };
  const application: Application = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name, namespace: "argocd", resourceVersion: "100" },
    spec: {
      project: "default",
      source: web,
      destination,
      syncPolicy: { automated: {}, retry: { limit: 5 } },
    },
    status,
  };
  return change(application, changes);
}

/** An Application that manages these objects of its own namespace `web`. */
export function managing(resources: readonly Partial<ResourceStatus>[], changes: Changes = {}): Application {
  return passing("web", {
    "status.resources": resources.map((resource) => ({
      group: "apps",
      kind: "Deployment",
      namespace: "web",
      name: "web",
      ...resource,
    })),
    ...changes,
  });
}

/** The same with several sources. */
export function passingMany(
  name: string,
  sources: ApplicationSource[],
  revisions: string[],
  changes: Changes = {},
): Application {
  return passing(name, {
    "spec.source": undefined,
    "spec.sources": sources,
    "status.sync.revision": undefined,
    "status.sync.revisions": revisions,
    "status.sync.comparedTo.source": { repoURL: "" },
    "status.sync.comparedTo.sources": sources,
    "status.operationState.syncResult.revision": undefined,
    "status.operationState.syncResult.revisions": revisions,
    ...changes,
  });
}

/** A sync that has succeeded. */
export function operation(changes: Changes = {}): OperationState {
  const state: OperationState = {
    phase: "Succeeded",
    message: "successfully synced (all tasks run)",
    startedAt: "2026-11-23T05:12:05Z",
    finishedAt: "2026-11-23T05:12:07Z",
    operation: { retry: { limit: 5 } },
    syncResult: { revision: merge, resources: [] },
  };
  return change(state, changes);
}

/** A sync whose `failures` tries have failed because of `results`; `spent` where there is no other. */
export function failedSync(
  results: ResourceResult[],
  { failures = 1, limit = 5, spent = false, message = "one or more objects failed to apply" } = {},
): OperationState {
  return operation({
    phase: spent ? "Failed" : "Running",
    message: spent ? message : `${message}. Retrying attempt #${failures} at 2026-11-23T05:12:12Z.`,
    retryCount: spent ? failures - 1 : failures,
    "operation.retry.limit": limit,
    "syncResult.resources": results,
  });
}

export function result(message: string, changes: Changes = {}): ResourceResult {
  return change<ResourceResult>(
    {
      group: "apps",
      version: "v1",
      kind: "Deployment",
      namespace: "web",
      name: "web",
      status: "SyncFailed",
      message,
    },
    changes,
  );
}

export function condition(type: string, message: string): Condition {
  return { type, message, lastTransitionTime: "2026-11-23T05:12:09Z" };
}

/** A child as its parent's status lists it. */
export function child(name: string, changes: Changes = {}): ResourceStatus {
  return change<ResourceStatus>(
    {
      group: "argoproj.io",
      version: "v1alpha1",
      kind: "Application",
      namespace: "argocd",
      name,
      status: "Synced",
      health: { status: "Healthy" },
    },
    changes,
  );
}

/** An ApplicationSet that has generated the named Applications. */
export function generating(name: string, names: readonly string[], changes: Changes = {}): ApplicationSet {
  return change<ApplicationSet>(
    {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "ApplicationSet",
      metadata: { name, namespace: "argocd", resourceVersion: "100" },
      spec: { generators: [{ git: { repoURL, revision: "main", directories: [{ path: "sites/*" }] } }] },
      status: {
        conditions: [
          { type: "ErrorOccurred", status: "False", message: "Successfully generated parameters" },
          { type: "ResourcesUpToDate", status: "True", message: "All applications have been generated" },
        ],
        resources: names.map((generated) => child(generated)),
      },
    },
    changes,
  );
}

export function expected(application: Application): SourceExpectation[] {
  return expectationsOf(application, underTest);
}

function change<T>(object: T, changes: Changes): T {
  const copy = JSON.parse(JSON.stringify(object)) as T; // structuredClone would keep what two places share
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    let at = copy as Record<string, unknown>;
    for (const key of keys) {
      at[key] ??= {};
      at = at[key] as Record<string, unknown>;
    }
    if (value === undefined) delete at[last];
    else at[last] = value;
  }
  return copy;
}
