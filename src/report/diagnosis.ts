import type { Diagnosis } from "../rehearsal/workloads/diagnosis.ts";
import { countOf } from "../runner/words.ts";

export interface DiagnosisLimits {
  pods: number;
  /** Of a Pod. */
  lines: number;
  /** Events of other objects, the latest. */
  others: number;
}

/** What Pods told, as lines that are still to be sanitised. */
export function diagnosisLines(diagnosis: Diagnosis | undefined, limits: DiagnosisLimits): string[] {
  if (!diagnosis) return [];
  const { pods, others, nodes, incomplete } = diagnosis;
  const shown = pods
    .slice(0, limits.pods)
    .flatMap(({ pod, state, lines }) => [
      `Pod ${pod} (${state})`,
      ...lines.slice(0, limits.lines).map((line) => `  ${line}`),
    ]);
  const more = pods.length > limits.pods ? [`and ${countOf(pods.length - limits.pods, "Pod")} more`] : [];
  return [
    ...shown,
    ...more,
    ...others.slice(-limits.others),
    ...nodes,
    ...incomplete.map((what) => `not known: ${what}`),
  ];
}
