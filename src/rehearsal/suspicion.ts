import { refreshAnnotation } from "../argocd/requests.ts";
import type { KubeObject } from "../kubernetes/client.ts";
import { podCodes } from "../workloads/failure.ts";
import type { Finality, Finding, Reason } from "./reason.ts";

/** What Argo CD knows nothing of. */
const workloadCodes: readonly Reason["code"][] = podCodes;

/** A failure that was seen, and what has been done to find out whether it stays. Times in ms since the epoch. */
export interface Suspicion {
  reason: Reason;
  finality: Finality;
  since: number;
  lastSeen: number;
  /** Shared by all looks at the same failure. */
  refreshes: Refreshes;
}

/** Comparisons that were asked for because of a failure. */
export interface Refreshes {
  asked: number;
  lastAskedAt: number;
  /** The object's version that asks, until Argo CD has answered. */
  pending: string | undefined;
  /** Those after which the same failure stood there again. */
  repeated: number;
}

/** A try that starts over hides the failure of the last one for about this long. */
const dormantMs = 12_000;
const firstRefreshMs = 2_000;
const longestRefreshMs = 15_000;

/**
 * Carries a suspicion on to the next look: the same failure goes on, another one replaces it, a
 * success ends it, and mere progress keeps it for a while.
 */
export function carryOn(
  previous: Suspicion | undefined,
  finding: Finding,
  now: number,
): Suspicion | undefined {
  if (finding.state === "passed" || finding.state === "needs-sync") return undefined;
  if (finding.state === "progressing")
    return previous && now - previous.lastSeen < dormantMs ? previous : undefined;
  const { reason, finality } = finding;
  if (previous && signature(previous.reason) === signature(reason))
    return { ...previous, reason, finality, lastSeen: now };
  const refreshes = { asked: 0, lastAskedAt: now, pending: undefined, repeated: 0 };
  return { reason, finality, since: now, lastSeen: now, refreshes };
}

/** Whether a comparison that also forgets what Argo CD has cached would tell more now. */
export function wantsRefresh({ reason, finality, refreshes }: Suspicion, now: number): boolean {
  if (workloadCodes.includes(reason.code)) return false;
  if (finality.when === "now" || finality.when === "retried") return false;
  if (finality.when === "repeated" && refreshes.repeated > 0) return false;
  const pause = Math.min(firstRefreshMs * 2 ** refreshes.asked, longestRefreshMs);
  return now - refreshes.lastAskedAt >= pause;
}

/**
 * Counts the answer to a refresh, which `object` is where it is newer than the request and no longer asks.
 * An older version may arrive after the request was made: it is no answer.
 */
export function noteAnswer({ refreshes }: Suspicion, { metadata }: KubeObject): void {
  if (refreshes.pending === undefined) return;
  if (Number(metadata.resourceVersion) <= Number(refreshes.pending)) return;
  if (metadata.annotations?.[refreshAnnotation] !== undefined) return;
  refreshes.pending = undefined;
  refreshes.repeated += 1;
}

/**
 * The reason, with why it is held final, once it is; undefined while waiting may still help.
 * `quietSince` is the time since which no Application has made progress; undefined while one does. One that
 * another Application may heal is tried again at least once in `quietMs`.
 */
export function finalReason(
  suspicion: Suspicion,
  now: number,
  quietSince: number | undefined,
  quietMs: number,
): Reason | undefined {
  const { reason, finality, since, refreshes } = suspicion;
  const final = (why: string): Reason => ({ ...reason, finality: reason.finality ?? why });
  const isQuiet = (from: number) => quietSince !== undefined && now - from >= quietMs;
  switch (finality.when) {
    case "now":
      return final("nothing that Argo CD does by itself can heal it");
    case "repeated":
      return refreshes.repeated > 0 ? final("a hard refresh repeated it") : undefined;
    case "lasting":
      return now - since >= finality.ms ? final(`it lasted ${Math.round(finality.ms / 1000)} s`) : undefined;
    case "quiet":
      return isQuiet(Math.max(quietSince ?? 0, since))
        ? final("nothing else made progress that could have brought what is missing")
        : undefined;
    case "tried":
      return isQuiet(quietSince ?? 0) &&
        finality.beganAt !== undefined &&
        finality.beganAt >= (quietSince ?? 0)
        ? final("it was tried again when nothing else made progress any more, and failed again")
        : undefined;
    case "retried":
      return undefined; // operation.ts turns it into "now" when it has failed often enough
  }
}

/** What makes two failures the same one: not the numbers in it, such as a temporary path or a time. */
function signature({ code, class: reasonClass, message, resource }: Reason): string {
  if (code === "transport") return code; // the same network fails in many words
  if (workloadCodes.includes(code))
    return `${code} ${reasonClass} ${resource?.kind ?? ""}/${resource?.name ?? ""}`;
  return `${code} ${resource?.kind ?? ""}/${resource?.name ?? ""} ${message.replace(/\d+/g, "").slice(0, 120)}`;
}
