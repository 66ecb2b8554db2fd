import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { BareRepository } from "../vendor/bare-repository.ts";
import type { VendorEvidenceLog } from "../vendor/evidence.ts";
import type { Brought, GitRepositories, WantedOfRepository } from "../vendor/git-repositories.ts";
import { failWith, type Refusal, refuse } from "../vendor/refusal.ts";
import { createGitBackend, type GitBackend } from "./git-backend.ts";
import { readBody } from "./large-files.ts";
import { errorPacket, readUploadPackRequest, revisionAmong } from "./upload-pack.ts";

/** Answers Git for repositories other than the rehearsed one, from what is kept of them. */
export interface OtherRepositories {
  /** Gives false, and leaves the request alone, where it does not speak Git's smart protocol. */
  answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean>;
}

const unpack = promisify(gunzip);

export function createOtherRepositories(parts: {
  repositories: GitRepositories;
  evidence: Pick<VendorEvidenceLog, "refused">;
}): OtherRepositories {
  const { repositories, evidence } = parts;
  const backends = new Map<string, Promise<GitBackend>>();

  function backendOf({ gitDir }: BareRepository): Promise<GitBackend> {
    const known = backends.get(gitDir) ?? createGitBackend(gitDir);
    backends.set(gitDir, known);
    return known;
  }

  async function answerRefs(
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
  ): Promise<void> {
    // Before version 2, all refs are in this answer; a revision is only asked for in the next request.
    const wanted = asksVersion2(request) ? { kind: "listing" as const } : { kind: "everything" as const };
    const brought = await bring(repository, wanted, request);
    const kept = repositoryIn(brought);
    if (kept) return (await backendOf(kept)).answer(request, response, "refs", () => {});
    const { host, pathname } = new URL(repository);
    const failed =
      brought.kind === "refused"
        ? refuse(brought.refusal, evidence)
        : brought.kind === "answered"
          ? failWith(brought.status, `${repository} answers ${brought.status}`, host + pathname)
          : failWith(502, messageIn(brought), host + pathname);
    const challenge = failed.status === 401 ? { "www-authenticate": `Basic realm="${host}"` } : {};
    response.writeHead(failed.status, failed.reason, {
      ...failed.headers,
      ...challenge,
      connection: "close",
    });
    response.end(failed.body);
  }

  async function answerFetch(
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
  ): Promise<void> {
    const sent = await readBody(request);
    const packed = /^(x-)?gzip$/i.test(request.headers["content-encoding"] ?? "");
    const body = packed ? await unpack(sent) : sent;
    const asked = readUploadPackRequest(body);
    const brought = await bringFor(asked, repository, request);
    const kept = repositoryIn(brought);
    if (kept) return (await backendOf(kept)).answer(request, response, "fetch", () => {}, body);
    if (brought.kind === "refused") noteRefusal(brought.refusal);
    response.writeHead(200, { "content-type": "application/x-git-upload-pack-result" });
    response.end(errorPacket(messageIn(brought)));
  }

  async function bringFor(
    asked: ReturnType<typeof readUploadPackRequest>,
    repository: string,
    request: IncomingMessage,
  ): Promise<Brought> {
    if (asked.kind === "ls-refs") {
      const revision = revisionAmong(asked.prefixes);
      if (revision !== undefined) return bring(repository, { kind: "revision", revision }, request);
      const all = asked.prefixes.includes("refs/heads/");
      return bring(repository, all ? { kind: "everything" } : { kind: "listing" }, request);
    }
    const kept = await repositories.kept(repository);
    const here = kept && (await Promise.all(asked.wants.map((want) => kept.hasCommit(want)))).every(Boolean);
    if (kept && here && (asked.cutOff || (await kept.isComplete()))) {
      return { kind: "here", from: "cache", repository: kept };
    }
    if (!asked.cutOff) return bring(repository, { kind: "everything" }, request);
    let last: Brought = await bring(repository, { kind: "listing" }, request);
    for (const revision of asked.wants) {
      last = await bring(repository, { kind: "revision", revision }, request);
      if (!repositoryIn(last)) break;
    }
    return last;
  }

  function bring(url: string, wanted: WantedOfRepository, { headers }: IncomingMessage): Promise<Brought> {
    return repositories.bring(url, wanted, { authorization: headers.authorization });
  }

  function noteRefusal({ kind, what, message }: Refusal): void {
    evidence.refused(kind, what, message);
  }

  return {
    async answer(request, response, url) {
      const [, path, service] = /^(\/.+?)\/+(info\/refs|git-upload-pack)$/.exec(url.pathname) ?? [];
      if (path === undefined) return false;
      const repository = url.origin + path;
      if (service === "git-upload-pack" && request.method === "POST") {
        await answerFetch(request, response, repository);
        return true;
      }
      if (service !== "info/refs" || url.searchParams.get("service") !== "git-upload-pack") return false;
      await answerRefs(request, response, repository);
      return true;
    },
  };
}

function asksVersion2({ headers }: IncomingMessage): boolean {
  const named = headers["git-protocol"];
  return (Array.isArray(named) ? named.join(":") : (named ?? "")).includes("version=2");
}

function repositoryIn(brought: Brought): BareRepository | undefined {
  return brought.kind === "here" || brought.kind === "missing" ? brought.repository : undefined;
}

function messageIn(brought: Brought): string {
  if (brought.kind === "refused") return brought.refusal.message;
  if (brought.kind === "unavailable") return brought.message;
  return brought.kind === "answered" ? `upstream answers ${brought.status}` : "";
}
