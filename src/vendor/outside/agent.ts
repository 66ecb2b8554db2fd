import { Agent } from "undici";
import { messageOf } from "../../runner/errors.ts";
import type { Upstream } from "./upstream.ts";

/** HTTP/1.1 over connections of `upstream`, until `signal` aborts. `silenceMs` is how long a host may say nothing. */
export function agentOver(upstream: Upstream, signal: AbortSignal, silenceMs = 300_000): Agent {
  return new Agent({
    allowH2: false,
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
    connect: ({ hostname, protocol, port }, done) => {
      const host = hostname.replace(/^\[|\]$/g, "");
      const socket =
        protocol === "https:"
          ? upstream.connectTls(host, Number(port || 443), signal)
          : upstream.connect(host, Number(port || 80), { tls: false, signal });
      socket.then((ready) => done(null, ready)).catch((error: Error) => done(error, null));
    },
  });
}

/** One line. Where every address of a host failed, the first one's reason. */
export function reasonOf(error: unknown): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return messageOf(first).split("\n")[0] ?? "";
}
