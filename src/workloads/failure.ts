/** What only Pods show: whoever made them knows no more of it, however often it is asked. */
export const podCodes = [
  "image", // a container's image cannot be pulled
  "crash", // a container starts and ends, again and again
  "probe", // a container runs, and its probe says that it does not work
  "unschedulable", // no node takes a Pod
  "container-config", // a container cannot be made or started as the Pod describes it
  "volume", // a volume cannot be mounted, or a claim gets none
] as const;

export type CauseCode =
  | (typeof podCodes)[number]
  | "machine" // disk, memory or permissions of a node
  | "unsupported" // this cluster cannot do what a Pod asks for
  | "rejected"; // the API refuses a Pod

/** Who has to act: the change's author, whoever runs the rehearsal, or whoever configured it. */
export type CauseClass = "change" | "infrastructure" | "configuration";

/** Why something does not run. */
export interface Cause {
  code: CauseCode;
  class: CauseClass;
  /** In Kubernetes' words, on one line. Not redacted. */
  message: string;
}

/** When a failure ends the wait for what fails. */
export type PodFinality =
  /** When it has lasted this long. */
  | { when: "lasting"; ms: number }
  /** When nothing else makes progress any more: something else may bring what is missing. */
  | { when: "quiet" }
  /**
   * When a whole try has failed since nothing else makes progress any more, and all has been quiet for a while. `beganAt` (ms since the epoch) is
   * when the last failed try began; undefined while it has not failed often enough to say anything.
   */
  | { when: "tried"; beganAt: number | undefined };

/** Why something of a Pod fails, and when that is final. */
export interface Failure {
  reason: Cause;
  finality: PodFinality;
}

/** What one look at a Pod (or a claim) says. */
export type Look =
  /** Runs and is ready, or has done its work. */
  | { state: "well" }
  /** Is on its way. `hint` explains what has gone wrong so far, should nobody wait for it any longer. */
  | { state: "working"; detail: string; hint?: Cause }
  /** Runs again after a failure, and has not outlived it yet: nobody waits for it as for one on its way. */
  | { state: "trying"; detail: string; hint: Cause }
  /** Nothing has happened for longer than it takes, and nothing says why. */
  | { state: "stuck"; detail: string }
  | ({ state: "failing" } & Failure);

export function failing(failure: Failure): Look {
  return { state: "failing", ...failure };
}

export function working(detail: string, hint?: Cause): Look {
  return { state: "working", detail, ...(hint ? { hint } : {}) };
}

/** The change is at fault. */
export function change(code: CauseCode, message: string, finality: PodFinality): Failure {
  return { reason: { code, class: "change", message: tidy(message) }, finality };
}

/** The cluster or what it depends on is. */
export function infrastructure(code: CauseCode, message: string, finality: PodFinality): Failure {
  return { reason: { code, class: "infrastructure", message: tidy(message) }, finality };
}

/**
 * The place of a failure among others, the cause first: what keeps a container from starting comes before
 * what crashes, or is found unready, for want of it.
 */
export function rankOf({ reason, finality }: Failure): number {
  const open = isUndecided(finality) ? 10 : 0;
  return open + 2 * depthOf(reason) + (reason.class === "change" ? 0 : 1);
}

/** 0 for what keeps a container from starting, 1 for a crash, 2 for a probe: each may follow from those before. */
export function depthOf({ code }: Pick<Cause, "code">): number {
  return code === "probe" ? 2 : code === "crash" ? 1 : 0;
}

/** Whether it has not failed often enough to say anything. */
export function isUndecided(finality: PodFinality): boolean {
  return finality.when === "tried" && finality.beganAt === undefined;
}

/** One line, without the wrapping of gRPC. As long as it is: half of a Secret's value could not be redacted. */
export function tidy(message: string): string {
  return message
    .replace(/rpc error: code = \w+ desc = /g, "")
    .replace(/\s+/g, " ")
    .trim();
}
