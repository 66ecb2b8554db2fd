import { countOf, someOf } from "../runner/words.ts";
import { refusalPattern } from "./host-guard/refusal.ts";
import { isDependent, type Judged } from "./judge.ts";
import type { Reason } from "./reason.ts";
import type { Result } from "./verdict.ts";

interface Conclusion {
  result: Result;
  summary: string;
}

/**
 * The result that all parts together make, and the sentence that says so. Nothing at all is a failure,
 * and so is what was well when the wait ended, and not for long enough (`settled`).
 */
export function conclude({ applications, applicationSets }: Judged, settled: boolean): Conclusion {
  if (applications.length === 0)
    return { result: "failed", summary: "There was no Application to rehearse, which proves nothing." };
  const parts = [...applications, ...applicationSets];
  if (parts.every(({ state }) => state === "passed")) return allPassed(applications.length, settled);
  const failed = applications.filter(({ state }) => state !== "passed").length;
  const failedSets = applicationSets.filter(({ state }) => state !== "passed").length;
  const count =
    failed > 0
      ? `${failed} of ${countOf(applications.length, "Application")} did not pass`
      : `${countOf(failedSets, "ApplicationSet")} did not pass`;
  const because = (reasonClass: Reason["class"]) =>
    parts.filter(({ reason }) => reason?.class === reasonClass);
  const names = (found: readonly { name: string }[]) => someOf(found.map(({ name }) => name));

  const broken = because("change");
  // Where anything has failed, nobody is at fault who only was not done by then.
  const culprits = broken.filter(({ state }) => state !== "unfinished");
  if (culprits.length > 0) return { result: "failed", summary: `${count}; at fault: ${names(culprits)}.` };
  const itself = ({ reason }: { reason: Reason | undefined }) => reason !== undefined && !isDependent(reason);
  const misconfigured = because("configuration").filter(itself);
  const unwaived = misconfigured.filter(
    ({ reason }) => reason !== undefined && refusalPattern.test(reason.message),
  );
  if (unwaived.length > 0)
    return { result: "misused", summary: `${count}; not allowed on this machine: ${names(unwaived)}.` };
  if (misconfigured.length > 0)
    return { result: "misused", summary: `${count}; sources refuse access: ${names(misconfigured)}.` };
  const unproven = because("infrastructure").filter(itself);
  if (unproven.length > 0)
    return {
      result: "infrastructure",
      summary: `${count}; not for a reason in the change: ${names(unproven)}.`,
    };
  return { result: "failed", summary: `${count}${broken.length > 0 ? `; not done: ${names(broken)}` : ""}.` };
}

function allPassed(count: number, settled: boolean): Conclusion {
  const everyone = count === 1 ? "The only Application" : `All ${count} Applications`;
  const [are, were] = count === 1 ? ["is", "was"] : ["are", "were"];
  if (settled)
    return { result: "passed", summary: `${everyone} ${are} Synced and Healthy at the merge result.` };
  return {
    result: "failed",
    summary: `${everyone} ${were} Synced and Healthy when the time was up, but did not stay so for long enough.`,
  };
}
