import type { Verdict } from "../rehearsal/verdict.ts";

/** Where a report is shown, as the runner says it. */
export interface ReportContext {
  /** Such as `https://github.com`, or an Enterprise Server's. */
  serverUrl: string;
  /** `owner/name` */
  repository: string;
  runUrl: string;
  /** Tells several rehearsals of one pull request apart; shown unless it is `defaultInstance`. */
  instance: string;
  /** The full SHA that paths are linked at; undefined where none is known, and then there is no link. */
  head: string | undefined;
}

/** The instance where there is but one, which nobody has to be told. */
export const defaultInstance = "default";

/** Of a report that is read where it was written: no server has its commit, so nothing is linked. */
export const unlinked: ReportContext = {
  ...{ serverUrl: "", repository: "", runUrl: "" },
  ...{ instance: defaultInstance, head: undefined },
};

/** A verdict, or one sentence that says why there is none. */
export type Outcome = { verdict: Verdict } | { missing: string };
