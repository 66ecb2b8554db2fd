import type { ApplicationSet } from "../argocd/application.ts";
import { fault, progressing, suspect } from "./finding.ts";
import { classifyComparison, cleanMessage } from "./messages.ts";
import type { Finality, Finding } from "./reason.ts";

/** Long enough for two more tries, which are asked for: by itself the controller tries again after 3 minutes. */
const errorMs = 12_000;
const emptyMs = 4_000;
const deletedMs = 15_000;

/** What one look at an ApplicationSet says. `mayBeEmpty` allows that it generates nothing. */
export function examineSet({ metadata, status }: ApplicationSet, mayBeEmpty: boolean): Finding {
  if (metadata.deletionTimestamp)
    return fault("deleted", "is being deleted", { when: "lasting", ms: deletedMs });
  const holds = (type: string) =>
    status?.conditions?.find((condition) => condition.type === type && condition.status === "True");
  const error = holds("ErrorOccurred");
  if (error) return failed(error.message);
  if (!holds("ResourcesUpToDate")) return progressing("generating Applications");
  if ((status?.resources ?? []).length > 0 || mayBeEmpty) return { state: "passed" };
  const message = "its generators match nothing, so it has no Application";
  return fault("generates-nothing", message, { when: "lasting", ms: emptyMs });
}

/** Whether a refresh repeated it does not show: the status of a failure is not written twice. */
function failed(message: string): Finding {
  const { code, class: reasonClass, finality } = classifyComparison(message);
  const heals = finality.when === "lasting" || finality.when === "quiet";
  const eventually: Finality = heals ? finality : { when: "lasting", ms: errorMs };
  const kind = code === "manifests" ? "generator" : code;
  return suspect({ code: kind, class: reasonClass, message: cleanMessage(message) }, eventually);
}
