import type { ApplicationSet } from "../argocd/application.ts";
import { classifyComparison, cleanMessage } from "./messages.ts";
import type { Finding } from "./reason.ts";

const emptyMs = 4_000;

/** What one look at an ApplicationSet says. `mayBeEmpty` allows that it generates nothing. */
export function examineSet(set: ApplicationSet, mayBeEmpty: boolean): Finding {
  const conditions = set.status?.conditions ?? [];
  const error = conditions.find(
    (condition) => condition.type === "ErrorOccurred" && condition.status === "True",
  );
  if (error) {
    const { code, class: reasonClass, finality } = classifyComparison(error.message);
    const reason = {
      code: code === "manifests" ? ("generator" as const) : code,
      class: reasonClass,
      message: cleanMessage(error.message),
    };
    return {
      state: "suspect",
      reason,
      finality: finality.when === "lasting" ? finality : { when: "repeated" },
    };
  }
  const upToDate = conditions.some(
    (condition) => condition.type === "ResourcesUpToDate" && condition.status === "True",
  );
  if (!upToDate) return { state: "progressing", detail: "generating Applications" };
  if ((set.status?.resources ?? []).length > 0 || mayBeEmpty) return { state: "passed" };
  const message = "its generators match nothing, so it has no Application";
  return {
    state: "suspect",
    reason: { code: "generates-nothing", class: "change", message },
    finality: { when: "lasting", ms: emptyMs },
  };
}
