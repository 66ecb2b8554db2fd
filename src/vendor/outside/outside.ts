import { setTimeout as sleep } from "node:timers/promises";
import type { Credentials } from "../credentials.ts";
import { agentOver, reasonOf } from "./agent.ts";
import { type BearerTokens, createBearerTokens } from "./bearer-tokens.ts";
import type { Upstream } from "./upstream.ts";

/** Asks hosts outside for what can be kept, with the credentials that are declared for them. */
export interface Outside extends AsyncDisposable {
  /** Never throws, but where upstream is forbidden: then nothing may ask. */
  ask(request: OutsideRequest): Promise<Asked>;
}

export interface OutsideRequest {
  method: "GET" | "HEAD";
  url: URL;
  accept?: string | undefined;
  /** The client's own `Authorization`, for where none is declared. It goes to this URL's origin alone. */
  authorization?: string | undefined;
}

export type Asked = OutsideAnswer | { unreachable: string };

export interface OutsideAnswer {
  status: number;
  /** In lower case. */
  headers: Record<string, string>;
  /** Whole, and as it came: no encoding was offered. */
  body: Buffer;
  /** Where it refuses, an origin that credentials have to be declared for too; see `Obtained`. */
  untold?: string | undefined;
}

const redirects = new Set([301, 302, 303, 307, 308]);
const mostRedirects = 10;
const mostBytes = 1024 * 1024 * 1024;
const againAfterMs = 500;
const silenceMs = 30_000;

export function createOutside(options: {
  upstream: Upstream;
  credentials: Credentials;
  /** Why nothing may be asked; undefined where it may. */
  forbidden: string | undefined;
}): Outside {
  const stopped = new AbortController();
  const agent = agentOver(options.upstream, stopped.signal, silenceMs);
  const tokens: BearerTokens = createBearerTokens({ credentials: options.credentials, send });

  async function send(
    method: "GET" | "HEAD",
    url: URL,
    headers: Record<string, string>,
  ): Promise<OutsideAnswer> {
    const answer = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { "user-agent": "gitops-rehearsal", ...headers },
      signal: stopped.signal,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > mostBytes) throw new Error(`more than ${mostBytes / 1024 / 1024} MiB`);
      chunks.push(chunk);
    }
    return { status: answer.statusCode, headers: flat(answer.headers), body: Buffer.concat(chunks) };
  }

  /** Each origin is told only what is meant for it. */
  async function hop(request: OutsideRequest, url: URL): Promise<OutsideAnswer> {
    const own = url.origin === request.url.origin ? request.authorization : undefined;
    const accept = request.accept === undefined ? {} : { accept: request.accept };
    const basic = options.credentials.authorizationFor(url) ?? own;
    const ask = (authorization: string | undefined) =>
      send(request.method, url, { ...accept, ...(authorization === undefined ? {} : { authorization }) });
    const answer = await ask(tokens.known(url) ?? basic);
    if (answer.status !== 401) return answer;
    const obtained = await tokens.obtain(url, answer.headers["www-authenticate"] ?? "", basic);
    const granted = obtained?.token === undefined ? answer : await ask(obtained.token);
    return granted.status < 400 ? granted : { ...granted, untold: obtained?.untold };
  }

  async function follow(request: OutsideRequest): Promise<OutsideAnswer> {
    let { url } = request;
    for (let count = 0; ; count++) {
      const answer = await hop(request, url);
      const location = answer.headers.location;
      if (!redirects.has(answer.status) || location === undefined) return answer;
      if (count === mostRedirects) throw new Error("it redirects again and again");
      const next = new URL(location, url);
      // Never from https to where anybody could answer.
      if (next.protocol !== "https:" && next.protocol !== url.protocol)
        throw new Error(`it redirects to ${next.protocol.replace(":", "")}`);
      url = next;
    }
  }

  async function attempt(request: OutsideRequest): Promise<Asked> {
    try {
      return await follow(request);
    } catch (error) {
      return { unreachable: reasonOf(error) || "it does not answer" };
    }
  }

  return {
    async ask(request) {
      if (options.forbidden !== undefined) throw new Error("upstream was asked, which is forbidden");
      const first = await attempt(request);
      if (!mayPass(first) || stopped.signal.aborted) return first;
      await sleep(againAfterMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      return stopped.signal.aborted ? first : attempt(request);
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await agent.destroy();
    },
  };
}

/** Whether asking again later may give something else. */
export function mayPass(asked: Asked): boolean {
  return "unreachable" in asked || asked.status === 408 || asked.status === 429 || asked.status >= 500;
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]],
    ),
  );
}
