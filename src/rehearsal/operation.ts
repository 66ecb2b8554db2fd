import { nameResource, type OperationState, type ResourceResult } from "../argocd/application.ts";
import { suspect } from "./finding.ts";
import { classifyComparison, classifySync, cleanMessage } from "./messages.ts";
import type { Finality, Finding, Reason } from "./reason.ts";

/** Enough for a hook that needs another Application's Service; the verdict says that more retries were left. */
const hookFailures = 2;
const syncFailures = 3;

interface Failure {
  reason: Reason;
  finality: Finality;
}

/** What the failure of a sync says; undefined where it has not failed, or is being tried again. */
export function examineOperation(operation: OperationState): Finding | undefined {
  const spent = operation.phase === "Failed" || operation.phase === "Error";
  const betweenTries = operation.phase === "Running" && operation.finishedAt !== undefined;
  if (!spent && !betweenTries) return undefined;
  const { reason, finality } = failureOf(operation);
  const failures = (operation.retryCount ?? 0) + (spent ? 1 : 0);
  // What passes by itself says nothing about the change, however often it was tried.
  if (spent && finality.when !== "lasting") {
    const why = failures > 1 ? `${times(failures)}, and its retries are spent` : undefined;
    return suspect({ ...reason, finality: why }, { when: "now" });
  }
  if (finality.when === "retried" && failures >= finality.times) {
    return suspect({ ...reason, finality: `${times(failures)} (${limitOf(operation)})` }, { when: "now" });
  }
  // One and the same sync may bring what it lacked, such as a definition, and find it at the next try.
  if (finality.when === "quiet" && failures < 2) return suspect(reason, { when: "retried", times: 2 });
  return suspect(reason, finality);
}

function times(failures: number): string {
  return `it failed ${failures} ${failures === 1 ? "time" : "times"}`;
}

function limitOf({ operation }: OperationState): string {
  const limit = operation?.retry?.limit ?? 0;
  return limit < 0 ? "its retries have no limit" : `its retry limit is ${limit}`;
}

/** The failure that decides: one that nothing heals before one that may pass, a resource before a hook. */
function failureOf(operation: OperationState): Failure {
  const results = (operation.syncResult?.resources ?? []).filter(hasFailed);
  const failures = [
    ...results.filter((result) => !result.hookType),
    ...results.filter((result) => result.hookType),
  ].map((result) => failureOfResource(result, operation));
  const decisive = failures.find(({ finality }) => finality.when === "now") ?? failures[0];
  return decisive ?? failureAsWhole(operation, cleanMessage(operation.message || "the sync failed"));
}

function hasFailed(result: ResourceResult): boolean {
  return result.status === "SyncFailed" || result.hookPhase === "Failed" || result.hookPhase === "Error";
}

function failureOfResource(result: ResourceResult, operation: OperationState): Failure {
  const message = cleanMessage(result.message || operation.message || "the sync failed");
  if (result.status === "SyncFailed") {
    const { reason, finality } = classified(message) ?? failureAsWhole(operation, message);
    return { reason: { ...reason, resource: result }, finality };
  }
  // It was applied, and has failed since: a hook, or a resource that its wave waits for.
  const [code, what, most] = result.hookType
    ? (["hook", `${result.hookType} hook`, hookFailures] as const)
    : (["degraded", nameResource(result), syncFailures] as const);
  return {
    reason: { code, class: "change", message: `${what} failed: ${message}`, resource: result },
    finality: { when: "retried", times: most },
  };
}

/** By the message of the operation, which repeats those of its resources, or names the error of a comparison. */
function failureAsWhole({ message: whole = "" }: OperationState, message: string): Failure {
  const retried: Finality = { when: "retried", times: syncFailures };
  const compared = /(?:Comparison|InvalidSpec|Unknown)Error: (.*)/s.exec(whole)?.[1];
  if (compared !== undefined) {
    const { finality, ...kind } = classifyComparison(compared);
    return { reason: { ...kind, message }, finality: finality.when === "repeated" ? retried : finality };
  }
  return (
    classified(whole, message) ?? { reason: { code: "sync", class: "change", message }, finality: retried }
  );
}

function classified(text: string, message = text): Failure | undefined {
  const known = classifySync(text);
  if (!known) return undefined;
  const { finality, ...kind } = known;
  return { reason: { ...kind, message }, finality };
}
