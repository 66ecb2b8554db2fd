import { type Application, type Condition, sourcesOf } from "../argocd/application.ts";
import { fault, suspect } from "./finding.ts";
import { classifyComparison, cleanMessage } from "./messages.ts";
import type { Finding } from "./reason.ts";

const sharedMs = 5_000;

/** What the conditions of an Application say against it; undefined where they say nothing. */
export function examineConditions(application: Application): Finding | undefined {
  const conditions = application.status?.conditions ?? [];
  return duplicates(conditions, application) ?? invalid(conditions) ?? errors(conditions);
}

/** Shown by the parent that declares one Application twice, and by both owners of one resource. */
function duplicates(conditions: readonly Condition[], application: Application): Finding | undefined {
  const repeated = conditions
    .filter(({ type }) => type === "RepeatedResourceWarning")
    .find(({ message }) => !mayRepeat(message, application));
  if (repeated) return fault("duplicate", cleanMessage(repeated.message), { when: "now" });
  const shared = conditions.find(({ type }) => type === "SharedResourceWarning");
  return shared && fault("duplicate", cleanMessage(shared.message), { when: "lasting", ms: sharedMs });
}

/**
 * With several sources, the last one wins, which Argo CD documents as a feature. Applications are
 * excepted: two of one name are two deployments, of which one is lost.
 */
function mayRepeat(message: string, application: Application): boolean {
  return sourcesOf(application).length > 1 && !/^Resource argoproj\.io\//.test(message);
}

function invalid(conditions: readonly Condition[]): Finding | undefined {
  const condition = conditions.find(({ type }) => type === "InvalidSpecError");
  if (!condition) return undefined;
  const message = cleanMessage(condition.message);
  if (/referencing project .* which does not exist/i.test(message))
    return fault("missing-project", message, { when: "quiet" });
  const forbidden = /not permitted in project|not allowed to use project|do not match any of the allowed/i;
  return fault(forbidden.test(message) ? "forbidden" : "spec", message, { when: "repeated" });
}

function errors(conditions: readonly Condition[]): Finding | undefined {
  const error = conditions.find(({ type }) =>
    ["ComparisonError", "UnknownError", "DeletionError"].includes(type),
  );
  if (error) {
    const { finality, ...reason } = classifyComparison(error.message);
    return suspect({ ...reason, message: cleanMessage(error.message) }, finality);
  }
  const wiped = conditions.find(
    ({ type, message }) => type === "SyncError" && /wipe out all resources/.test(message),
  );
  return wiped && fault("manifests", cleanMessage(wiped.message), { when: "repeated" });
}
