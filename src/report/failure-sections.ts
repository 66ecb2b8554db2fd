import { nameResource } from "../argocd/application.ts";
import type { Verdict } from "../rehearsal/verdict.ts";
import { countOf } from "../runner/words.ts";
import type { CauseClass } from "../workloads/failure.ts";
import type { Item, Section } from "./budget.ts";
import { diagnosisLines } from "./diagnosis.ts";
import { type Failure, type FailureGroup, failureGroupsOf, waitingOf } from "./grouping.ts";
import { htmlCode } from "./markdown.ts";
import { foldedBlock, ranks } from "./sections.ts";
import { clip } from "./tree.ts";
import { named, placed, said, someNamed, type View } from "./view.ts";

/** Whose fault it is. */
const classes = {
  change: { mark: "❌", note: "" },
  infrastructure: { mark: "⚠️", note: " · infrastructure, not the change" },
  configuration: { mark: "⚙️", note: " · configuration, not the change" },
} as const satisfies Record<CauseClass, unknown>;

/** What failed and why, what its Pods told, and who waits for it. */
export function failureSections(verdict: Verdict, view: View): Section[] {
  const failures = failureGroupsOf(verdict).flatMap((group) => failureItems(group, view));
  const waiting = waitingOf(verdict).map(
    ({ name, waitsFor }): Item => ({
      text: `- ${named(name)} waits for ${someNamed(waitsFor, view)}`,
      rank: ranks.waiting,
      unit: "waiting Application",
    }),
  );
  return [
    ...(failures.length > 0 ? [plain("", failures)] : []),
    ...(waiting.length > 0 ? [plain("**Waiting for another**\n", waiting)] : []),
    ...weakenedSections(verdict, view),
  ];
}

/** Settings that guard the cluster, and that the merge weakens. */
function weakenedSections({ weakened }: Verdict, view: View): Section[] {
  if (weakened.length === 0) return [];
  const items = weakened.map(({ setting, message, where, allowed }): Item => {
    const verb = allowed ? "allowed" : "**not allowed**";
    return {
      text: `- ${named(setting)}, ${verb}: ${said(message, view)} (${placed(where, view)})`,
      rank: ranks.weakened,
      unit: "setting",
    };
  });
  return [plain("**Settings of Argo CD that the merge weakens**\n", items)];
}

function plain(opening: string, items: readonly Item[]): Section {
  return { opening, items, closing: "", ending: "" };
}

function failureItems({ first, others }: FailureGroup, view: View): Item[] {
  const { reason, name } = first;
  const resource = reason.resource ? ` → ${named(nameResource(reason.resource))}` : "";
  const { mark, note } = classes[reason.class];
  const about = [...placeOf(first, view), ...finalityOf(first, view)].join(" · ");
  const same = others.map((other) => other.name);
  const text = [
    `#### ${first.state === "unfinished" ? "⏳" : mark} ${named(name)}${resource}${note}`,
    said(reason.message, view),
    ...(about ? [about] : []),
    ...(same.length > 0 ? [`The same reason: ${someNamed(same, view)}`] : []),
  ].join("\n\n");
  const lines = diagnosisLines(first.diagnosis, view.scale);
  const pods = first.diagnosis?.pods.length ?? 0;
  const summary = `What ${pods > 0 ? countOf(pods, "Pod") : "the cluster"} of ${htmlCode(clip(name, 80))} told`;
  return [
    { text: `${text}\n`, rank: ranks.failure, unit: "failure" },
    ...(lines.length > 0
      ? [
          {
            text: `${foldedBlock(summary, lines, view.scale.width)}\n`,
            rank: ranks.diagnosis,
            unit: "Pod listing",
          },
        ]
      : []),
  ];
}

function placeOf({ reason, place }: Failure, view: View): string[] {
  if (reason.place) return [placed(reason.place, view)];
  return place ? [`declared in ${placed(place, view)}`] : [];
}

function finalityOf({ reason: { finality } }: Failure, view: View): string[] {
  return finality ? [`held final because ${said(finality, view)}`] : [];
}
