import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { VendorAnswer, VendorRequest } from "../vendor/answer.ts";
import { failWith } from "../vendor/refusal.ts";
import type { Vendor } from "../vendor/vendor.ts";
import { createOtherRepositories } from "./other-repositories.ts";

/** The hosts besides the rehearsed repository's for which the mirror answers, with what a vendor has of them. */
export interface OtherHosts {
  /** Whether clients are to find the mirror in place of a host; at any port where none is named. */
  answersFor(host: string, port?: number): boolean;
  /** Why nobody may be asked in a client's place, as a clause; undefined where that is allowed. */
  readonly forbidden: string | undefined;
  /** Leaves a host to itself from now on, where it may be asked at all. */
  leave(host: string): void;
  /** Whether a request has been answered. What has not may be passed on. */
  answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean>;
}

export function createOtherHosts(vendor: Vendor | undefined): OtherHosts {
  const left = new Set<string>();
  const repositories =
    vendor && createOtherRepositories({ repositories: vendor.repositories, evidence: vendor });
  const forbidden = vendor?.forbidden;
  const answersFor = (host: string, port?: number) =>
    vendor !== undefined &&
    (forbidden !== undefined || !left.has(nameOf(host))) &&
    vendor.answersFor(host, port);

  async function answerNow(
    vendor: Vendor,
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
  ): Promise<boolean> {
    if (await repositories?.answer(request, response, url)) return true;
    const { method, headers } = request;
    const asked: VendorRequest = { method: method === "HEAD" ? "HEAD" : "GET", url, headers };
    const known = method === asked.method ? await vendor.answer(asked) : undefined;
    const answer = known ?? (forbidden === undefined ? undefined : await refuse(vendor, asked));
    if (!answer) return false;
    if (!response.destroyed) send(answer, request, response);
    return true;
  }

  return {
    ...{ answersFor, forbidden },
    leave: (host) => void left.add(nameOf(host)),
    async answer(request, response, url) {
      if (!vendor || !answersFor(url.hostname, portOf(url))) return false;
      // A host that does not answer must not hold up the end of the mirror.
      const gone = once(response, "close").then(() => true);
      return Promise.race([answerNow(vendor, request, response, url), gone]);
    },
  };
}

/** Kustomize asks for a base as a file first, and clones it where it gets none. */
async function refuse(vendor: Vendor, asked: VendorRequest): Promise<VendorAnswer> {
  if (!(await vendor.repositories.holds(asked.url))) return vendor.refuse(asked);
  return failWith(404, "this is a Git repository", `${asked.url.host}${asked.url.pathname}`);
}

function send(
  { status, reason, headers, body }: VendorAnswer,
  { method }: IncomingMessage,
  response: ServerResponse,
) {
  // A body that stays unread must not be taken for the next request.
  const last = method === "GET" || method === "HEAD" ? {} : { connection: "close" };
  response.writeHead(status, reason, { ...headers, ...last });
  response.end(method === "HEAD" ? undefined : body);
}

function nameOf(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$|\.$/g, "");
}

function portOf({ port, protocol }: URL): number {
  return Number(port || (protocol === "https:" ? 443 : 80));
}
