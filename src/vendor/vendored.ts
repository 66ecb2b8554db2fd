import type { RemoteSource } from "../repository/remote-source.ts";
import type { VendorAnswer } from "./answer.ts";
import type { LockEntry } from "./lock.ts";
import { refusalStatus } from "./refusal.ts";

/** What became of one source that a repository declares. */
export type Vendored = { source: RemoteSource } & Outcome;

export type Outcome =
  /** It is in the cache, where it came from, and what the lock is to say of it. */
  { entry: LockEntry; from: "cache" | "seed" | "upstream" } | { problem: Problem };

export interface Problem {
  /**
   * `missing`: whoever publishes it says that there is none. `changed`: its digest or commit is not what was known.
   * `denied`: for want of credentials. `unavailable`: nobody could be asked. `incomplete`: the lock or the cache
   * lacks it, where nothing was to be fetched.
   */
  kind: "missing" | "changed" | "denied" | "unavailable" | "incomplete";
  /** One line. */
  message: string;
}

/**
 * Why an answer is none; `what` is what was asked for, for people. `forbidden` is why upstream was not asked, where
 * it was not.
 */
export function problemOf(
  { status, reason }: VendorAnswer,
  what: string,
  forbidden: string | undefined,
): Problem {
  const message = `${what}: ${reason ?? `it answers ${status}`}`;
  if (status === refusalStatus.changed) return { kind: "changed", message: reason ?? message };
  if (status === 401 || status === 403) return { kind: "denied", message };
  if (status === refusalStatus.absent) return absentHere(what, forbidden);
  if (status >= 500 || status === 408 || status === 429) return { kind: "unavailable", message };
  return { kind: "missing", message: `${what} does not exist: it answers ${status}` };
}

export function absentHere(what: string, forbidden: string | undefined): Problem {
  return {
    kind: "unavailable",
    message: `${what} is not in the cache, and ${forbidden ?? "upstream does not answer"}`,
  };
}
