import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "../runner/errors.ts";
import { authorityOf } from "../vendor/outside/authority.ts";
import type { EvidenceLog } from "./evidence.ts";
import type { Forwarder } from "./forward.ts";
import type { GitBackend } from "./git-backend.ts";
import type { Origin, Respond } from "./interceptor.ts";
import { type LargeFiles, readBody } from "./large-files.ts";
import type { OtherHosts } from "./other-hosts.ts";
import type { RepositoryRequest, RepositoryRequests } from "./repository-requests.ts";

export interface Responder {
  respond: Respond;
  /** Resolves once no answer is under way. */
  idle(): Promise<void>;
}

/** Answers requests to the hosts that the mirror stands for: from the mirror, or from the real host. */
export function createResponder(parts: {
  requests: RepositoryRequests;
  egress: "open" | "restricted";
  evidence: EvidenceLog;
  forwarder: Forwarder;
  others: OtherHosts;
  backend: GitBackend;
  largeFiles: LargeFiles;
  /** The commit that a tag object stands for. */
  commitOf: (object: string) => string;
}): Responder {
  const { requests, egress, evidence, forwarder, others, backend, largeFiles, commitOf } = parts;
  const pending = new Set<Promise<void>>();

  async function respond(request: IncomingMessage, response: ServerResponse, origin: Origin): Promise<void> {
    const target = request.url ?? "/";
    const base = `${origin.protocol}://${origin.authority}`;
    if (!target.startsWith("/") || !URL.canParse(base + target)) return refuse(response, 400, "not a URL");
    const wanted = requests.match(origin.authority, request.method ?? "GET", target);
    if (wanted) return answer(wanted, request, response, origin);
    const url = new URL(base + target);
    if (await others.answer(request, response, url)) return;
    await passOn(request, response, url, origin);
  }

  async function answer(
    wanted: RepositoryRequest,
    request: IncomingMessage,
    response: ServerResponse,
    origin: Origin,
  ): Promise<void> {
    const url = `${origin.protocol}://${spelledHost(request, origin)}${wanted.path}`;
    switch (wanted.kind) {
      case "refs":
      case "fetch":
        return backend.answer(request, response, wanted.kind, (objects) =>
          evidence.served({ url, commits: [...new Set(objects.map(commitOf))] }),
        );
      case "lfs-object":
        return largeFiles.send(wanted.oid, response);
      case "lfs-batch": {
        const body = await readBody(request);
        const found = await largeFiles.answerBatch(body, `${url}/info/lfs`);
        if (!found) {
          const real = new URL(`${origin.protocol}://${origin.authority}${request.url}`);
          return passOn(request, response, real, origin, body);
        }
        response.writeHead(200, { "content-type": "application/vnd.git-lfs+json" });
        response.end(JSON.stringify(found));
        return;
      }
      case "refused":
        evidence.tunnel(origin.authority, "refused", `${wanted.path}: ${wanted.reason}`);
        return refuse(response, 403, `This is the rehearsal's mirror: ${wanted.reason}.`);
    }
  }

  async function passOn(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    origin: Origin,
    body?: Buffer,
  ): Promise<void> {
    const forbidden = egress === "restricted" ? "egress is restricted" : others.forbidden;
    if (forbidden === undefined) return forwarder.forward(request, response, url, body);
    evidence.tunnel(origin.authority, "refused", `${url.pathname}: ${forbidden}`);
    refuse(
      response,
      403,
      `${url.origin}${url.pathname} is not of the rehearsed repository, and ${forbidden}.`,
    );
  }

  return {
    respond(request, response, origin) {
      response.on("error", () => response.destroy());
      const work = respond(request, response, origin).catch((error) => {
        evidence.tunnel(origin.authority, "failed", messageOf(error));
        response.destroy();
      });
      pending.add(work);
      void work.finally(() => pending.delete(work));
    },
    async idle() {
      await Promise.allSettled(pending);
    },
  };
}

/** As the client wrote it, where it is the host that it connected to. */
function spelledHost(request: IncomingMessage, { authority, protocol }: Origin): string {
  const named = request.headers.host ?? "";
  const [, host = named, port = protocol === "https" ? 443 : 80] = named.match(/^(.*?):(\d+)$/) ?? [];
  return authorityOf(host, Number(port)) === authority ? named : authority;
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  // The request's body, if any, stays unread.
  response.writeHead(status, { "content-type": "text/plain", connection: "close" });
  response.end(`${reason}\n`);
}
