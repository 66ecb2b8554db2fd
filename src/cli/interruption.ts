import { exitCodes } from "../rehearsal/verdict.ts";
import { InfrastructureError } from "../runner/errors.ts";

/** Aborts on Ctrl-C and on SIGTERM; a second Ctrl-C does not wait for the clean-up. */
export function interruption(): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(exitCodes.infrastructure);
    controller.abort(new InfrastructureError(`interrupted by ${name}`));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    release() {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
