import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import type { Dispatcher } from "undici";
import type { Credentials } from "../credentials.ts";
import { agentOver, reasonOf } from "./agent.ts";
import type { Upstream } from "./upstream.ts";

/**
 * A way for a Git of ours to one repository outside, as plain http on loopback: this end knows the credentials, the
 * proxy and whom to trust, and Git none of them.
 */
export interface GitRelay extends AsyncDisposable {
  /** What Git is to fetch from. */
  readonly url: string;
  /** What went wrong first, on the way or at the other end. */
  failure(): GitRelayFailure | undefined;
  /** How the other end answers to the question that begins each fetch. Never throws. */
  probe(): Promise<GitRelayFailure | undefined>;
}

export type GitRelayFailure =
  | { kind: "unreachable"; reason: string }
  /** 401, 403, 404 and the like. */
  | { kind: "status"; status: number };

export interface GitRelayOptions {
  /** The repository's https URL. */
  url: string;
  upstream: Upstream;
  credentials: Credentials;
  /** A client's own `Authorization`, for where none is declared. It goes to the URL's origin alone. */
  authorization?: string | undefined;
}

const redirects = new Set([301, 302, 303, 307, 308]);
const mostRedirects = 5;
const refsQuery = "/info/refs?service=git-upload-pack";
const passedOn = ["content-type", "content-encoding", "accept", "git-protocol"];

export async function openGitRelay(options: GitRelayOptions): Promise<GitRelay> {
  const stopped = new AbortController();
  const agent = agentOver(options.upstream, stopped.signal);
  const origin = new URL(options.url).origin;
  const secret = randomBytes(16).toString("hex");
  let base = options.url.replace(/\/+$/, "");
  let failure: GitRelayFailure | undefined;

  function headersFor(url: URL, request?: IncomingMessage): Record<string, string> {
    const own = url.origin === origin ? options.authorization : undefined;
    const authorization = options.credentials.authorizationFor(url) ?? own;
    const entries = passedOn.flatMap((name): [string, string][] => {
      const value = request?.headers[name];
      return typeof value === "string" ? [[name, value]] : [];
    });
    return {
      // Some hosts give Git's answers to what calls itself Git alone.
      "user-agent": "git/2 (gitops-rehearsal)",
      ...Object.fromEntries(entries),
      ...(authorization === undefined ? {} : { authorization }),
    };
  }

  /** Follows where the repository has moved, for the requests after it too. */
  async function askRefs(request?: IncomingMessage): Promise<Dispatcher.ResponseData> {
    for (let count = 0; ; count++) {
      const url = new URL(base + refsQuery);
      const answer = await send("GET", url, headersFor(url, request));
      const location = redirects.has(answer.statusCode) ? answer.headers.location : undefined;
      if (typeof location !== "string" || count === mostRedirects) return answer;
      const next = new URL(location, url);
      if (next.protocol !== "https:" && next.protocol !== url.protocol) return answer;
      if (!next.pathname.endsWith("/info/refs")) return answer;
      await answer.body.dump();
      base = next.origin + next.pathname.slice(0, -"/info/refs".length);
    }
  }

  function send(method: "GET" | "POST", url: URL, headers: Record<string, string>, body?: IncomingMessage) {
    return agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: stopped.signal,
    });
  }

  function note(answer: Dispatcher.ResponseData): void {
    const { statusCode: status } = answer;
    if (status >= 500 || status === 429) failure ??= { kind: "unreachable", reason: `it answers ${status}` };
    else if (status !== 200) failure ??= { kind: "status", status };
  }

  async function relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? "";
    const isRefs = request.method === "GET" && target === `/${secret}${refsQuery}`;
    const isFetch = request.method === "POST" && target === `/${secret}/git-upload-pack`;
    if (!isRefs && !isFetch) {
      response.writeHead(404).end();
      return;
    }
    try {
      const url = new URL(`${base}/git-upload-pack`);
      const answer = isRefs
        ? await askRefs(request)
        : await send("POST", url, headersFor(url, request), request);
      note(answer);
      const type = answer.headers["content-type"];
      response.writeHead(answer.statusCode, typeof type === "string" ? { "content-type": type } : {});
      await pipeline(answer.body, response);
    } catch (error) {
      failure ??= { kind: "unreachable", reason: reasonOf(error) || "it does not answer" };
      if (!response.headersSent) response.writeHead(502).end();
      else response.destroy();
    }
  }

  const server = createServer((request, response) => void relay(request, response));
  server.listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${secret}`,
    failure: () => failure,
    async probe() {
      try {
        const answer = await askRefs();
        note(answer);
        await answer.body.dump();
      } catch (error) {
        failure ??= { kind: "unreachable", reason: reasonOf(error) || "it does not answer" };
      }
      return failure;
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      server.closeAllConnections();
      server.close();
      await agent.destroy();
    },
  };
}
