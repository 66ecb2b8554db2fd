import type { KubeClient } from "../../kubernetes/client.ts";
import { InfrastructureError, messageOf } from "../../runner/errors.ts";
import { RecordTaken, renew, renewMs } from "./record.ts";

export interface Heartbeat {
  /** Aborts with an InfrastructureError once the API server has not answered for too long. */
  readonly lost: AbortSignal;
  stop(): void;
}

/** A restart of an API server, or a network that hiccups, takes less. */
const silentMs = 45_000;

/** Renews the rehearsal's record every few seconds, which tells also whether the API server still answers. */
export function startHeartbeat(
  client: KubeClient,
  { holder, server, boundMs = silentMs }: { holder: string; server: string; boundMs?: number },
): Heartbeat {
  const lost = new AbortController();
  let answered = Date.now();
  let failure = "";
  let asking = false;
  const beat = async () => {
    if (Date.now() - answered > boundMs)
      lost.abort(
        new InfrastructureError(
          `the API server at ${server} has not answered for ${Math.round((Date.now() - answered) / 1000)} s${failure}`,
        ),
      );
    if (asking) return;
    asking = true;
    try {
      await renew(client, holder);
      answered = Date.now();
      failure = "";
    } catch (error) {
      if (error instanceof RecordTaken) lost.abort(error);
      failure = `: ${messageOf(error)}`;
    } finally {
      asking = false;
    }
  };
  const timer = setInterval(() => void beat(), Math.min(renewMs, boundMs / 4));
  timer.unref();
  return { lost: lost.signal, stop: () => clearInterval(timer) };
}
