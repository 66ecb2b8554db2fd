import {
  type Application,
  type ApplicationSource,
  isAutomated,
  nameResource,
  type OperationState,
  type ResourceStatus,
  sourcesOf,
} from "../argocd/application.ts";
import { examineConditions } from "./conditions.ts";
import { areAsExpected, revisionsOf, type SourceExpectation } from "./expectation.ts";
import { fault, progressing, suspect } from "./finding.ts";
import { cleanMessage } from "./messages.ts";
import { examineOperation } from "./operation.ts";
import type { Finding, Reason } from "./reason.ts";

const degradedMs = 20_000;
const suspendedMs = 15_000;
const idleMs = 30_000;
/**
 * Argo CD looks at one change of a CustomResourceDefinition at a time, and reads the whole API anew for each: up to
 * seconds. What it compares with is as old as what still waits, however often it heals or is asked to refresh.
 */
const definitionsMs = 120_000;
const wrongRevisionMs = 20_000;
const deletedMs = 15_000;
/** Self-heal tries that changed nothing. */
const healAttempts = 2;

/**
 * What one look at an Application's status says about it at the revision under rehearsal. Depends on
 * nothing but its arguments: when a failure is final, suspicion.ts tells.
 */
export function examine(application: Application, expectations: readonly SourceExpectation[]): Finding {
  const { status, spec, metadata } = application;
  if (metadata.deletionTimestamp)
    return fault("deleted", "is being deleted", { when: "lasting", ms: deletedMs });
  if (expectations.length === 0 || spec.sourceHydrator) {
    const message = "has no source that can be followed (a sourceHydrator is not supported)";
    return suspect({ code: "unsupported", class: "infrastructure", message }, { when: "now" });
  }
  if (!status?.reconciledAt && !status?.conditions?.length)
    return progressing("waiting for the first comparison");
  const operation = status.operationState;
  const current = operation && concerns(operation, expectations) ? operation : undefined;
  return (
    examineConditions(application) ??
    (current && examineOperation(current)) ??
    underWay(application) ??
    comparison(application, expectations, current) ??
    health(application)
  );
}

/** An operation of an earlier revision says nothing about this one. */
function concerns(operation: OperationState, expectations: readonly SourceExpectation[]): boolean {
  const revisions = revisionsOf(operation.syncResult);
  return revisions.length === 0 || areAsExpected(revisions, expectations);
}

/** A sync that runs, ends or is about to start, of whatever revision, will change what the status says. */
function underWay({ operation, status }: Application): Finding | undefined {
  const { phase, message } = status?.operationState ?? {};
  if (phase === "Running" && message?.startsWith("Sync operation blocked by sync window"))
    return fault("idle", message, { when: "lasting", ms: idleMs });
  if (phase === "Running") return progressing(cleanMessage(message || "syncing"));
  if (phase === "Terminating") return progressing("ending a sync");
  return operation ? progressing("a sync is about to start") : undefined;
}

function comparison(
  application: Application,
  expectations: readonly SourceExpectation[],
  operation: OperationState | undefined,
): Finding | undefined {
  const { sync } = application.status ?? {};
  if (sync?.status !== "Synced" && sync?.status !== "OutOfSync") return progressing("comparing");
  const revisions = revisionsOf(sync);
  if (!areAsExpected(revisions, expectations)) return wrongRevision(revisions, expectations);
  if (!comparedAsItIs(application)) return progressing("comparing again, since it has changed");
  if (!comparedSinceSync(application)) return progressing("comparing again after the sync");
  if (sync.status === "Synced") return undefined;
  return outOfSync(application, operation);
}

function wrongRevision(revisions: readonly string[], expectations: readonly SourceExpectation[]): Finding {
  const wanted = expectations.map((expected) => (expected.kind === "merge" ? expected.revision : "any"));
  const message = `compared at ${revisions.join(", ") || "no revision"} instead of ${wanted.join(", ")}`;
  return suspect(
    { code: "wrong-revision", class: "infrastructure", message },
    { when: "lasting", ms: wrongRevisionMs },
  );
}

/** Whether the comparison was of the sources and the destination that the spec names now. */
function comparedAsItIs(application: Application): boolean {
  const { comparedTo } = application.status?.sync ?? {};
  if (comparedTo === undefined) return true;
  const compared = sourcesOf({ spec: comparedTo });
  const { destination } = application.spec;
  return (
    same(compared.map(sourceKey), sourcesOf(application).map(sourceKey)) &&
    same(destinationKey(comparedTo.destination), destinationKey(destination))
  );
}

function sourceKey({ repoURL, path, chart, targetRevision, ref }: ApplicationSource): string[] {
  return [repoURL, path || "", chart || "", targetRevision || "", ref || ""];
}

function destinationKey({
  server,
  name,
  namespace,
}: {
  server?: string;
  name?: string;
  namespace?: string;
} = {}) {
  return [server || "", name || "", namespace || ""];
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Argo CD compares again when a sync ends; until then, the status is from before. Both times are whole seconds. */
function comparedSinceSync({ status }: Application): boolean {
  const { reconciledAt, operationState } = status ?? {};
  const finishedAt = operationState?.finishedAt;
  return reconciledAt === undefined || finishedAt === undefined || reconciledAt >= finishedAt;
}

function outOfSync(application: Application, operation: OperationState | undefined): Finding {
  const unequal = (application.status?.resources ?? []).filter(({ status }) => status === "OutOfSync");
  const telling = unequal.filter(({ kind }) => kind !== "Application");
  const resource = telling.find((each) => !isDefinition(each)) ?? telling[0] ?? unequal[0];
  if (operation?.phase === "Succeeded") {
    const message = `was synced, and is out of sync again${resource ? `: ${nameResource(resource)}` : ""}`;
    const reason: Reason = { code: "diverges", class: "change", message, resource };
    if (resource && isDefinition(resource)) return suspect(reason, { when: "lasting", ms: definitionsMs });
    const healed = (operation.operation?.sync?.autoHealAttemptsCount ?? 0) >= healAttempts;
    return suspect(reason, healed ? { when: "now" } : { when: "lasting", ms: idleMs });
  }
  if (!isAutomated(application)) return { state: "needs-sync" };
  const message =
    "out of sync, and Argo CD does not sync it (a sync window, or a policy of its own, may forbid it)";
  return suspect({ code: "idle", class: "change", message, resource }, { when: "lasting", ms: idleMs });
}

function isDefinition({ group, kind }: ResourceStatus): boolean {
  return group === "apiextensions.k8s.io" && kind === "CustomResourceDefinition";
}

function health(application: Application): Finding {
  const { health, resources } = application.status ?? {};
  if (health?.status === "Healthy") return { state: "passed" };
  const resource = (resources ?? []).find((candidate) => candidate.health?.status === health?.status);
  const message = resource
    ? describe(resource)
    : cleanMessage(health?.message || `health is ${health?.status ?? "not known yet"}`);
  if (health?.status === "Degraded")
    return suspect(
      { code: "degraded", class: "change", message, resource },
      { when: "lasting", ms: degradedMs },
    );
  if (health?.status === "Suspended")
    return suspect(
      { code: "suspended", class: "change", message, resource },
      { when: "lasting", ms: suspendedMs },
    );
  return progressing(message);
}

function describe(resource: ResourceStatus): string {
  const { status, message } = resource.health ?? {};
  return `${nameResource(resource)} is ${status}${message ? `: ${cleanMessage(message)}` : ""}`;
}
