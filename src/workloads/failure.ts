import type { Finality, Reason } from "../reason.ts";

/** Why something of a Pod fails, and when that is final. */
export interface Failure {
  reason: Reason;
  finality: Finality;
}

/** What one look at a Pod (or a claim) says. */
export type Look =
  /** Runs and is ready, or has done its work. */
  | { state: "well" }
  /** Is on its way. `hint` explains what has gone wrong so far, should Argo CD give up on it. */
  | { state: "working"; detail: string; hint?: Reason }
  /** Runs again after a failure, and has not outlived it yet: nobody waits for it as for one on its way. */
  | { state: "trying"; detail: string; hint: Reason }
  /** Nothing has happened for longer than it takes, and nothing says why. */
  | { state: "stuck"; detail: string }
  | ({ state: "failing" } & Failure);

export function failing(failure: Failure): Look {
  return { state: "failing", ...failure };
}

export function working(detail: string, hint?: Reason): Look {
  return { state: "working", detail, ...(hint ? { hint } : {}) };
}

/** The change is at fault. */
export function change(code: Reason["code"], message: string, finality: Finality): Failure {
  return { reason: { code, class: "change", message: tidy(message) }, finality };
}

/** The cluster or what it depends on is. */
export function infrastructure(code: Reason["code"], message: string, finality: Finality): Failure {
  return { reason: { code, class: "infrastructure", message: tidy(message) }, finality };
}

const longest = 600;

/** One line, without the wrapping of gRPC. */
export function tidy(message: string): string {
  const line = message
    .replace(/rpc error: code = \w+ desc = /g, "")
    .replace(/\s+/g, " ")
    .trim();
  return line.length > longest ? `${line.slice(0, longest)} …` : line;
}
