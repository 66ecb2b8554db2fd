import type { Reason } from "../rehearsal/reason.ts";
import type { ApplicationVerdict, Verdict } from "../rehearsal/verdict.ts";
import type { Diagnosis } from "../rehearsal/workloads/diagnosis.ts";
import type { Place } from "../runner/errors.ts";

/** An Application or ApplicationSet that did not pass for a reason of its own. */
export interface Failure {
  kind: "Application" | "ApplicationSet";
  name: string;
  state: ApplicationVerdict["state"];
  reason: Reason;
  /** Where it is declared, if in plain YAML. */
  place: Place | undefined;
  diagnosis: Diagnosis | undefined;
}

/** Failures of one cause, the first of which stands for all. */
export interface FailureGroup {
  first: Failure;
  others: readonly Failure[];
}

/** What an engine could not exercise, and whose it is. */
export interface Unproven {
  why: string;
  /** How many there are, of all these Applications. */
  objects: number;
  applications: readonly { name: string; resources: readonly string[] }[];
}

/** Everything that failed, one by one. */
export function failuresOf({ applications, applicationSets }: Verdict): Failure[] {
  const parts = [
    ...applications.map((application) => ({ kind: "Application" as const, ...application })),
    ...applicationSets.map((set) => ({
      ...{ kind: "ApplicationSet" as const, place: undefined, diagnosis: undefined },
      ...set,
    })),
  ];
  return parts.flatMap(({ kind, name, state, reason, place, diagnosis }): Failure[] =>
    state === "passed" || !reason ? [] : [{ kind, name, state, reason, place, diagnosis }],
  );
}

/** The same, with those of one cause together. */
export function failureGroupsOf(verdict: Verdict): FailureGroup[] {
  return [...Map.groupBy(failuresOf(verdict), causeOf).values()].flatMap(([first, ...others]) =>
    first ? [{ first, others }] : [],
  );
}

/** What is the same for Applications that fail for one cause: the message, but for their own names and numbers. */
function causeOf({ name, reason: { code, message, resource } }: Failure): string {
  const own = [name, resource?.name, resource?.namespace].filter((word) => word !== undefined && word !== "");
  const general = own.reduce<string>((text, word) => text.replaceAll(word ?? "", "*"), message);
  return `${code} ${resource?.kind ?? ""} ${general.replace(/\d+/g, "")}`;
}

/** Those whose only fault is another's. */
export function waitingOf({ applications }: Verdict): ApplicationVerdict[] {
  return applications.filter(({ state }) => state === "waiting");
}

/** By reason, because the same few hold for nearly every Application. */
export function unprovenOf({ applications }: Verdict): Unproven[] {
  const entries = applications.flatMap(({ name, notProven }) =>
    notProven.map(({ why, resources }) => ({ name, why, resources })),
  );
  return [...Map.groupBy(entries, ({ why }) => why)].map(([why, group]) => ({
    why,
    objects: group.reduce((sum, { resources }) => sum + resources.length, 0),
    applications: group.map(({ name, resources }) => ({ name, resources })),
  }));
}
