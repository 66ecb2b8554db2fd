import type { Application } from "../../argocd/application.ts";
import type { KubeClient } from "../../kubernetes/client.ts";
import type { Log } from "../../runner/log.ts";
import type { Tracked } from "../tracked.ts";
import { type Workloads, workloadsOf } from "./assess.ts";
import { diagnose, diagnosisMs } from "./diagnose.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { createInventory } from "./inventory.ts";
import { watchWorkloads } from "./watch.ts";

/** Pods are followed until this is disposed. */
export interface FollowedWorkloads extends Disposable {
  /** For the board. */
  workloads: Workloads;
  /**
   * Explains each Application that did not pass, by its `namespace/name`, in half a minute at most; with a
   * folder, also in a text file each. Throws only the signal's reason, and errors of writing the files.
   */
  diagnose(all: ReadonlyMap<string, Tracked>, folder: string | undefined): Promise<Map<string, Diagnosis>>;
}

/** Begins to follow what runs in a cluster whose containers are real. */
export function followWorkloads({
  client,
  log,
  signal,
}: {
  client: KubeClient;
  log: Log;
  signal: AbortSignal;
}): FollowedWorkloads {
  const inventory = createInventory();
  const following = new AbortController();
  watchWorkloads({ client, inventory, log, signal: AbortSignal.any([signal, following.signal]) });
  return {
    workloads: workloadsOf(inventory),
    diagnose(all, folder) {
      const applications = [...all.values()]
        .filter(({ kind, object, finding }) => kind === "Application" && object && finding.state !== "passed")
        .map(({ object }) => object as Application);
      return diagnose({ client, inventory, applications, folder, signal });
    },
    [Symbol.dispose]: () => following.abort(),
  };
}

/** How long the wait may take of a rehearsal's time, in ms, so that there is some left to explain a failure. */
export function waitWithin(timeoutMs: number): number {
  return Math.max(timeoutMs - diagnosisMs, timeoutMs / 2);
}
