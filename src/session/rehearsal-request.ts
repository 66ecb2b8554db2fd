import { engines } from "../engine/engines.ts";
import type { RehearsalRequest } from "../rehearsal/request.ts";
import { openCheckout } from "../repository/checkout.ts";
import { loadConfig } from "../repository/config.ts";
import type { SessionRequest } from "./request.ts";

type Live = Pick<RehearsalRequest, "log" | "signal" | "onProgress">;

/** The request, come alive. Throws UsageError where there is no checkout, or no valid configuration. */
export async function rehearsalRequest(request: SessionRequest, live: Live): Promise<RehearsalRequest> {
  const { path, defaultBranch, engine, defaultEngine, ...same } = request;
  const checkout = await openCheckout(path, live.signal);
  return {
    ...same,
    ...live,
    checkout: { ...checkout, defaultBranch: defaultBranch ?? checkout.defaultBranch },
    worktree: false,
    engine: engine && engines[engine],
    engineFor: (name) => engines[name ?? defaultEngine],
    config: await loadConfig(path),
  };
}
