import {
  type Application,
  type Condition,
  isAutomated,
  nameResource,
  type OperationState,
  type ResourceResult,
  type ResourceStatus,
} from "../argocd/application.ts";
import { areAsExpected, revisionsOf, type SourceExpectation } from "./expectation.ts";
import { classifyComparison, classifySync, cleanMessage } from "./messages.ts";
import type { Finality, Finding, Reason } from "./reason.ts";

const degradedMs = 20_000;
const suspendedMs = 15_000;
const idleMs = 30_000;
const wrongRevisionMs = 20_000;
/** Enough for a hook that needs another Application's Service; the verdict says that more retries were left. */
const hookFailures = 2;
const syncFailures = 3;
/** Self-heal tries that changed nothing. */
const healAttempts = 2;

/**
 * What one look at an Application's status says about it at the revision under rehearsal. Depends on
 * nothing but its arguments: whether a suspicion is final is `Suspicions`' to tell.
 */
export function examine(application: Application, expectations: readonly SourceExpectation[]): Finding {
  const { status } = application;
  if (expectations.length === 0) {
    const message = "has no source that can be followed (a sourceHydrator is not supported)";
    return suspect({ code: "unsupported", class: "infrastructure", message }, { when: "now" });
  }
  if (!status?.reconciledAt && !status?.conditions?.length)
    return { state: "progressing", detail: "waiting for the first comparison" };
  const operation = status.operationState;
  const current = operation && concerns(operation, expectations) ? operation : undefined;
  return (
    duplicates(status.conditions ?? []) ??
    errors(status.conditions ?? []) ??
    (current && failedOperation(current)) ??
    (current?.phase === "Running"
      ? { state: "progressing", detail: cleanMessage(current.message ?? "syncing") }
      : undefined) ??
    comparison(application, expectations, current) ??
    health(application)
  );
}

/** An operation of an earlier revision says nothing about this one. */
function concerns(operation: OperationState, expectations: readonly SourceExpectation[]): boolean {
  const revisions = revisionsOf(operation.syncResult);
  return revisions.length === 0 || areAsExpected(revisions, expectations);
}

/** Shown by the parent that declares one Application twice, and by both owners of one resource. */
function duplicates(conditions: readonly Condition[]): Finding | undefined {
  const repeated = conditions.find((condition) => condition.type === "RepeatedResourceWarning");
  if (repeated)
    return suspect(
      { code: "duplicate", class: "change", message: cleanMessage(repeated.message) },
      { when: "now" },
    );
  const shared = conditions.find((condition) => condition.type === "SharedResourceWarning");
  if (!shared) return undefined;
  return suspect(
    { code: "duplicate", class: "change", message: cleanMessage(shared.message) },
    { when: "lasting", ms: 5_000 },
  );
}

function errors(conditions: readonly Condition[]): Finding | undefined {
  const invalid = conditions.find((condition) => condition.type === "InvalidSpecError");
  if (invalid) {
    const message = cleanMessage(invalid.message);
    if (/project .* (does not exist|not found)/i.test(message)) {
      return suspect({ code: "spec", class: "change", message }, { when: "quiet" });
    }
    const code = /not permitted in project|not allowed to use project|do not match any of the allowed/i.test(
      message,
    )
      ? "forbidden"
      : "spec";
    return suspect({ code, class: "change", message }, { when: "repeated" });
  }
  const error = conditions.find((condition) =>
    ["ComparisonError", "UnknownError", "DeletionError"].includes(condition.type),
  );
  if (error) {
    const { finality, ...reason } = classifyComparison(error.message);
    return suspect({ ...reason, message: cleanMessage(error.message) }, finality);
  }
  const sync = conditions.find(
    (condition) => condition.type === "SyncError" && /wipe out all resources/.test(condition.message),
  );
  if (sync)
    return suspect(
      { code: "manifests", class: "change", message: cleanMessage(sync.message) },
      { when: "repeated" },
    );
  return undefined;
}

function failedOperation(operation: OperationState): Finding | undefined {
  const failures = (operation.retryCount ?? 0) + (operation.phase === "Running" ? 0 : 1);
  const spent = operation.phase === "Failed" || operation.phase === "Error";
  const betweenTries = operation.phase === "Running" && operation.finishedAt !== undefined;
  if (!spent && !betweenTries) return undefined;
  const failed = (operation.syncResult?.resources ?? []).filter(hasFailed);
  const resource = failed.find((candidate) => !candidate.hookType) ?? failed[0];
  const message = cleanMessage(resource?.message ?? operation.message ?? "the sync failed");
  if (resource?.hookType && resource.hookPhase !== "Succeeded") {
    const reason: Reason = {
      code: "hook",
      class: "change",
      message: `${resource.hookType} hook failed: ${message}`,
      resource,
    };
    return suspect(reason, spent ? { when: "now" } : { when: "retried", times: hookFailures }, failures);
  }
  const classified = classifySync(message) ?? classifySync(operation.message ?? "");
  const { finality, ...known } = classified ?? {
    code: "sync" as const,
    class: "change" as const,
    finality: { when: "retried" as const, times: syncFailures },
  };
  const healable = finality.when === "quiet" || finality.when === "lasting";
  return suspect({ ...known, message, resource }, spent && !healable ? { when: "now" } : finality, failures);
}

function hasFailed(result: ResourceResult): boolean {
  return result.status === "SyncFailed" || result.hookPhase === "Failed" || result.hookPhase === "Error";
}

function comparison(
  application: Application,
  expectations: readonly SourceExpectation[],
  operation: OperationState | undefined,
): Finding | undefined {
  const { sync, resources } = application.status ?? {};
  const revisions = revisionsOf(sync);
  if (revisions.length > 0 && !areAsExpected(revisions, expectations)) {
    const wanted = expectations
      .map((expected) => (expected.kind === "merge" ? expected.revision : "any"))
      .join(", ");
    const message = `compared at ${revisions.join(", ")} instead of ${wanted}`;
    return suspect(
      { code: "wrong-revision", class: "infrastructure", message },
      { when: "lasting", ms: wrongRevisionMs },
    );
  }
  if (revisions.length === 0 || sync === undefined) return { state: "progressing", detail: "comparing" };
  if (sync.status === "Synced") return undefined;
  if (sync.status !== "OutOfSync") return { state: "progressing", detail: "comparing" };
  const different = (resources ?? []).find(
    (resource) => resource.status === "OutOfSync" && resource.kind !== "Application",
  );
  if (operation?.phase === "Succeeded") {
    const message = `was synced, and is out of sync again${different ? `: ${nameResource(different)}` : ""}`;
    const reason: Reason = { code: "diverges", class: "change", message, resource: different };
    const healed = healAttemptsOf(operation) >= healAttempts;
    return suspect(reason, healed ? { when: "now" } : { when: "lasting", ms: idleMs });
  }
  if (operation) return { state: "progressing", detail: cleanMessage(operation.message ?? "syncing") };
  if (!isAutomated(application)) return { state: "needs-sync" };
  const message =
    "out of sync, and Argo CD does not sync it (a sync window, or a policy of its own, may forbid it)";
  return suspect(
    { code: "idle", class: "change", message, resource: different },
    { when: "lasting", ms: idleMs },
  );
}

function healAttemptsOf({ operation }: OperationState): number {
  return operation?.sync?.autoHealAttemptsCount ?? 0;
}

function health(application: Application): Finding {
  const { health, resources } = application.status ?? {};
  if (health?.status === "Healthy") return { state: "passed" };
  const resource = (resources ?? []).find((candidate) => candidate.health?.status === health?.status);
  const message = resource
    ? describe(resource)
    : (health?.message ?? `health is ${health?.status ?? "not known yet"}`);
  if (health?.status === "Degraded") {
    return suspect(
      { code: "degraded", class: "change", message, resource },
      { when: "lasting", ms: degradedMs },
    );
  }
  if (health?.status === "Suspended") {
    return suspect(
      { code: "suspended", class: "change", message, resource },
      { when: "lasting", ms: suspendedMs },
    );
  }
  return { state: "progressing", detail: message };
}

function describe(resource: ResourceStatus): string {
  const { status, message } = resource.health ?? {};
  return `${nameResource(resource)} is ${status}${message ? `: ${cleanMessage(message)}` : ""}`;
}

function suspect(reason: Reason, finality: Finality, failures = 0): Finding {
  if (finality.when !== "retried" || failures < finality.times) return { state: "suspect", reason, finality };
  return {
    state: "suspect",
    reason: { ...reason, finality: `failed ${failures} times` },
    finality: { when: "now" },
  };
}
