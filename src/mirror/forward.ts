import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Dispatcher } from "undici";
import { agentOver, reasonOf } from "../vendor/outside/agent.ts";
import type { Upstream } from "../vendor/outside/upstream.ts";
import type { EvidenceLog } from "./evidence.ts";

/** Passes requests on to the host that they are meant for. */
export interface Forwarder extends AsyncDisposable {
  /**
   * Never throws: what fails upstream is answered with 502 and the reason. `body` stands for that of a
   * request that has been read already.
   */
  forward(request: IncomingMessage, response: ServerResponse, url: URL, body?: Buffer): Promise<void>;
}

// RFC 9110, 7.6.1: for one connection only. `host` follows from the URL, `expect` has been answered.
const notForwarded = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
  "expect",
]);

const redirects = new Set([301, 302, 303, 307, 308]);
const mostRedirects = 10;

/** `isOurs` tells URLs that the mirror itself answers: a redirect to one is left to the client to follow. */
export function createForwarder(options: {
  upstream: Upstream;
  evidence: EvidenceLog;
  isOurs: (url: URL) => boolean;
}): Forwarder {
  const { upstream, evidence, isOurs } = options;
  const stopped = new AbortController();
  const agent = agentOver(upstream, stopped.signal);

  async function send(request: IncomingMessage, first: URL, signal: AbortSignal, body?: Buffer) {
    const method = request.method ?? "GET";
    const safe = method === "GET" || method === "HEAD";
    // Git takes the repository's new address from this redirect, for the requests that follow.
    const follow = safe && !/\/info\/refs$/.test(first.pathname);
    let url = first;
    for (let count = 0; ; count++) {
      const answer = await agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: method as Dispatcher.HttpMethod,
        headers: forwardedHeaders(request, url.origin === first.origin),
        ...(safe ? {} : { body: body ?? request }),
        signal,
      });
      const location = headerText(answer.headers.location);
      const next = follow && redirects.has(answer.statusCode) ? parseUrl(location, url) : undefined;
      if (!next || isOurs(next) || count === mostRedirects) return answer;
      await answer.body.dump();
      url = next;
    }
  }

  return {
    async forward(request, response, url, body) {
      const name = `${url.origin}${url.pathname}`;
      const gone = new AbortController();
      response.once("close", () => gone.abort());
      try {
        const answer = await send(request, url, AbortSignal.any([gone.signal, stopped.signal]), body);
        evidence.forwarded(name, answer.statusCode);
        response.writeHead(answer.statusCode, answeredHeaders(answer.headers));
        await pipeline(answer.body, response);
      } catch (error) {
        if (response.headersSent || gone.signal.aborted) {
          response.destroy();
          return;
        }
        const reason = reasonOf(error);
        evidence.forwarded(name, reason);
        response.writeHead(502, { "content-type": "text/plain", connection: "close" });
        response.end(`${url.host} cannot be reached: ${reason}\n`);
      }
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await agent.destroy();
    },
  };
}

function forwardedHeaders(request: IncomingMessage, sameOrigin: boolean): string[] {
  const named = (request.headers.connection ?? "").toLowerCase().split(/\s*,\s*/);
  const headers: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const [name = "", value = ""] = request.rawHeaders.slice(index, index + 2);
    const key = name.toLowerCase();
    const secret = key === "authorization" || key === "cookie";
    if (notForwarded.has(key) || named.includes(key) || (secret && !sameOrigin)) continue;
    headers.push(name, value);
  }
  return headers;
}

function answeredHeaders(
  headers: Record<string, string | string[] | undefined>,
): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string | string[]] => entry[1] !== undefined && !notForwarded.has(entry[0]),
    ),
  );
}

function parseUrl(text: string, base: URL): URL | undefined {
  if (text === "" || !URL.canParse(text, base.href)) return undefined;
  const url = new URL(text, base);
  return url.protocol === "https:" || url.protocol === "http:" ? url : undefined;
}

function headerText(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? "";
}
