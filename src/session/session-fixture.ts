import type { HostOrder } from "./state-folder.ts";

/** An order to rehearse what lies in a folder, on the simulated engine. */
export function orderFor(path: string, changes: Partial<HostOrder> = {}): HostOrder {
  return {
    request: {
      path,
      fetch: false,
      engine: "simulated",
      defaultEngine: "simulated",
      configFrom: "base",
      overrides: {},
      onlyIfRelevant: false,
      guardHost: false,
    },
    idleMs: 60_000,
    ...changes,
  };
}
