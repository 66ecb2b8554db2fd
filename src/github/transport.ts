import { setTimeout } from "node:timers/promises";
import { EnvHttpProxyAgent, fetch, type RequestInit } from "undici";
import { InfrastructureError, messageOf } from "../runner/errors.ts";
import type { Log } from "../runner/log.ts";

/** HTTP beneath Octokit: proxies of the environment, and bounds for time and size. */
export interface Transport {
  /** For Octokit: reads the answer to its end, so that a broken one is an error and not an empty body. */
  fetch(url: string, init?: FetchInit): Promise<globalThis.Response>;
  /**
   * Gets at most `maxBytes`; undefined where there are more. Sends nothing but the request. Throws an
   * InfrastructureError.
   */
  download(url: URL, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  sleep(ms: number): Promise<void>;
}

export interface TransportOptions {
  log: Log;
  signal: AbortSignal | undefined;
  /** For one request of the API; a download gets four times that. */
  timeoutMs: number;
  /** Whether addresses without TLS may be downloaded from, as in tests. */
  insecure: boolean;
}

/** The part of `RequestInit` that Octokit uses. */
type FetchInit = Pick<RequestInit, "method" | "body" | "redirect" | "headers" | "signal" | "duplex">;

/** A page of 100 comments of the greatest length, and some. */
const maxAnswerBytes = 64 * 1024 * 1024;

export function createTransport({ log, signal, timeoutMs, insecure }: TransportOptions): Transport {
  // Sockets that wait for another request would keep the process alive.
  const dispatcher = new EnvHttpProxyAgent({ keepAliveTimeout: 100, keepAliveMaxTimeout: 100 });

  async function fetchAnswer(url: string, init: FetchInit = {}): Promise<globalThis.Response> {
    const { pathname } = new URL(url);
    const what = `${init.method ?? "GET"} ${pathname}`;
    try {
      const response = await fetch(url, {
        ...init,
        dispatcher,
        signal: bounded(timeoutMs, signal, init.signal),
      });
      const body = await readAll(response.body, maxAnswerBytes);
      if (body === undefined) throw new Error("the answer is too long");
      if (response.ok && response.status !== 204) JSON.parse(Buffer.from(body).toString());
      if (response.status >= 400) log.debug(`GitHub answered ${response.status} to ${what}`);
      // An answer without content may not have a body, not even an empty one.
      const answer = new Response(body.length === 0 ? null : body, {
        status: response.status,
        statusText: response.statusText,
        headers: [...response.headers],
      });
      // Octokit reads it of lists, and a Response of one's own has none.
      return Object.defineProperty(answer, "url", { value: response.url });
    } catch (error) {
      // By this name, Octokit knows not to try again.
      if (signal?.aborted) throw new DOMException("aborted", "AbortError");
      log.debug(`${what}: ${reasonOf(error, timeoutMs)}`);
      throw new Error(reasonOf(error, timeoutMs), { cause: error });
    }
  }

  async function download(url: URL, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (url.protocol !== "https:" && !(insecure && url.protocol === "http:")) {
      throw new InfrastructureError(`GitHub gave an address that is not https: ${url.protocol}//${url.host}`);
    }
    try {
      const response = await fetch(url, { dispatcher, signal: bounded(4 * timeoutMs, signal) });
      if (!response.ok) throw new Error(`${response.status} ${response.statusText}`.trimEnd());
      const body = await readAll(response.body, maxBytes);
      return body;
    } catch (error) {
      signal?.throwIfAborted();
      // The query of such an address is a credential.
      const reason = reasonOf(error, 4 * timeoutMs);
      throw new InfrastructureError(`${url.host} did not give the file: ${reason}`, { cause: error });
    }
  }

  return {
    fetch: fetchAnswer,
    download,
    sleep: (ms) => setTimeout(ms, undefined, signal === undefined ? {} : { signal }),
  };
}

/** Gives undefined, and reads no further, where there is more than `maxBytes`. */
async function readAll(
  body: AsyncIterable<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Uint8Array.from(Buffer.concat(chunks));
}

function bounded(ms: number, ...signals: (AbortSignal | null | undefined)[]): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(ms), ...signals.filter((signal) => signal != null)]);
}

/** `fetch` says just "fetch failed"; the reason is its cause, whose message may be empty. */
function reasonOf(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === "TimeoutError")
    return `no answer within ${timeoutMs / 1_000} s`;
  if (error instanceof SyntaxError) return "the answer is no JSON";
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return messageOf(cause) || code || messageOf(error);
}
