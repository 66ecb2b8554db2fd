import type { Engine, EngineName } from "../engine/engine.ts";
import type { Checkout } from "../repository/checkout.ts";
import type { Config } from "../repository/config.ts";
import type { ConfigOverrides } from "../repository/config-overrides.ts";
import type { Log } from "../runner/log.ts";
import type { ProgressNode } from "./snapshot.ts";

/**
 * Whose word the configuration is. `base`: all of it is read from the base, as the change is somebody else's
 * (on GitHub). `checkout`: what amounts to running code comes from the base, the rest from `config` (on the
 * command line). `named`: the user named the file and vouches for it.
 */
export type ConfigFrom = "base" | "checkout" | "named";

/** What one rehearsal is asked to do. */
export interface RehearsalRequest {
  /** Opened at the folder whose Applications are rehearsed. */
  checkout: Checkout;
  /** A branch or commit; the default branch where undefined. */
  base?: string | undefined;
  /** The branch that `base` stands for, where it is a commit; the configuration's where undefined. */
  baseBranch?: string | undefined;
  head?: string | undefined;
  /** The pull request's number, for its `refs/pull/…`. */
  pullRequest?: number | undefined;
  /** Rehearse what lies in the checkout, committed or not. */
  worktree: boolean;
  /** Whether the remote may be asked for its branches and tags. */
  fetch: boolean;
  /** The one that the user asked for; undefined leaves it to the configuration. */
  engine: Engine | undefined;
  /** The engine of that name, or the one where no configuration names any. */
  engineFor(name: EngineName | undefined): Engine;
  /** As it lies in the checkout, or in the file that the user named. */
  config: Config;
  configFrom: ConfigFrom;
  /** What was asked for beside any file: it comes from the maintainer, and wins. */
  overrides?: ConfigOverrides | undefined;
  /** Whether a change that no Argo CD could notice passes without a rehearsal. */
  onlyIfRelevant?: boolean | undefined;
  /** Whether the machine outlives the rehearsal, so that workloads that reach it need a waiver in the base. */
  guardHost: boolean;
  /** Where logs of all processes are copied to before they are removed. */
  logsTo?: string | undefined;
  log: Log;
  signal: AbortSignal;
  /** Called as the Applications make progress. */
  onProgress(tree: readonly ProgressNode[]): void;
}
