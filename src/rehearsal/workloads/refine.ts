import { progressing } from "../finding.ts";
import type { Pace } from "../pace.ts";
import type { Finality, Finding, Reason } from "../reason.ts";
import type { Assessment, WorkloadFailure } from "./assess.ts";

type Suspect = Extract<Finding, { state: "suspect" }>;

/**
 * What Argo CD's status says of an Application, with what its Pods say where these know better: Argo CD
 * calls a Deployment whose containers crash Progressing until its deadline of ten minutes.
 */
export function refine(finding: Finding, assessment: Assessment | undefined, pace: Pace): Finding {
  if (finding.state === "needs-sync") return finding;
  if (finding.state === "suspect") return refineSuspect(finding, assessment, pace);
  const failure = assessment?.failure;
  if (finding.state === "passed") {
    // One restart proves nothing, and neither does a probe of what Argo CD does not count.
    return failure && isCrashLoop(failure) ? { state: "suspect", ...failure } : finding;
  }
  if (failure) return { state: "suspect", ...failure };
  return assessment?.detail === undefined ? finding : progressing(`${finding.detail}; ${assessment.detail}`);
}

/** Again and again, and whatever a Deployment counts as available while it runs for a few seconds. */
function isCrashLoop({ reason, finality }: WorkloadFailure): boolean {
  return (
    ["crash", "probe", "container-config"].includes(reason.code) &&
    finality.when === "tried" &&
    finality.beganAt !== undefined
  );
}

function refineSuspect(finding: Suspect, assessment: Assessment | undefined, pace: Pace): Suspect {
  const { reason, finality } = finding;
  if (reason.code === "hook") return { ...finding, reason: explained(reason, assessment) };
  if (reason.code !== "degraded") return finding;
  const failure = assessment?.failure;
  if (!failure)
    return { ...finding, reason: explained(reason, assessment), finality: patient(finality, pace) };
  const known = { ...failure.reason, finality: reason.finality };
  // How often a sync may fail, its own rules say; a container that has failed once, nobody does.
  const undecided = failure.finality.when === "tried" && failure.finality.beganAt === undefined;
  if (finality.when !== "lasting" || undecided)
    return { ...finding, reason: known, finality: patient(finality, pace) };
  return { ...finding, reason: known, finality: failure.finality };
}

function patient(finality: Finality, { degradedMs }: Pace): Finality {
  return finality.when === "lasting" ? { when: "lasting", ms: Math.max(finality.ms, degradedMs) } : finality;
}

/** Argo CD's words, and those of the Pod; whoever the Pod says is at fault, is. */
function explained(reason: Reason, assessment: Assessment | undefined): Reason {
  const cause = assessment?.failure?.reason ?? assessment?.hint;
  if (!cause) return reason;
  return { ...reason, class: cause.class, message: `${reason.message}: ${cause.message}` };
}
