import type { ApplicationSet } from "../argocd/application.ts";
import { classifyComparison, cleanMessage } from "./messages.ts";
import type { Finding } from "./reason.ts";

/** Long enough for two more tries, which are asked for: by itself the controller tries again after 3 minutes. */
const errorMs = 12_000;
const emptyMs = 4_000;

/** What one look at an ApplicationSet says. `mayBeEmpty` allows that it generates nothing. */
export function examineSet(set: ApplicationSet, mayBeEmpty: boolean): Finding {
  const conditions = set.status?.conditions ?? [];
  const error = conditions.find(
    (condition) => condition.type === "ErrorOccurred" && condition.status === "True",
  );
  if (error) {
    const { code, class: reasonClass, finality } = classifyComparison(error.message);
    const message = cleanMessage(error.message);
    if (/AppProject\S* .* not found/.test(message)) {
      return {
        state: "suspect",
        reason: { code: "spec", class: "change", message },
        finality: { when: "quiet" },
      };
    }
    return {
      state: "suspect",
      reason: { code: code === "manifests" ? "generator" : code, class: reasonClass, message },
      finality: finality.when === "lasting" ? finality : { when: "lasting", ms: errorMs },
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
