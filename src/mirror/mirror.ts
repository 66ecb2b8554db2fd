import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { join } from "node:path";
import { gitAt } from "../repository/git.ts";
import { createAuthority } from "../runner/certificates.ts";
import { messageOf } from "../runner/errors.ts";
import { authorityOf } from "../vendor/outside/authority.ts";
import { joinPem, systemAuthorities } from "../vendor/outside/trust.ts";
import { createUpstream, type UpstreamOptions } from "../vendor/outside/upstream.ts";
import type { Vendor } from "../vendor/vendor.ts";
import { createEvidenceLog } from "./evidence.ts";
import { createForwarder } from "./forward.ts";
import { createGitBackend } from "./git-backend.ts";
import { createHostCertificates } from "./host-certificates.ts";
import { createInterceptor } from "./interceptor.ts";
import { createLargeFiles } from "./large-files.ts";
import { createOtherHosts } from "./other-hosts.ts";
import { openProxy } from "./proxy.ts";
import { repositoryRequests } from "./repository-requests.ts";
import { createResponder } from "./responder.ts";
import { splice } from "./tunnel.ts";
import type { World } from "./world.ts";

/** Answers for the real Git URLs, to clients that use it as their HTTPS proxy and trust its authority. */
export interface Mirror extends AsyncDisposable {
  /** For `HTTPS_PROXY` and `HTTP_PROXY`, with the credentials that it demands. */
  readonly proxyUrl: string;
  /** PEM file with the mirror's own authority and the system's: for `SSL_CERT_FILE` and `GIT_SSL_CAINFO`. */
  readonly caBundle: string;
  /** Names for which it answers: lower case, without ports. */
  readonly hosts: readonly string[];
  /**
   * Tells it of authorities that clients have for single hosts, as PEM by name. Gives back the hosts that it
   * answers for: it trusts their authority in its clients' place, which must not be told of it.
   */
  adopt(authorities: Readonly<Record<string, string>>): string[];
  /** Hosts besides its own that it shall answer for no longer: clients would not take it for them. */
  leave(hosts: readonly string[]): void;
  /** What it has served since it was opened. */
  evidence(): Evidence;
}

export interface MirrorOptions {
  world: World;
  /** The address to listen on. */
  bind: string;
  /** The name by which clients reach it; `bind` where it is the same. */
  host: string;
  /** A private folder for its files. */
  folder: string;
  /** `restricted` refuses every host that the mirror does not answer for. */
  egress: "open" | "restricted";
  /** Answers for hosts other than the rehearsed repository's. */
  vendor?: Vendor | undefined;
  /** How hosts are reached that it does not answer for: as this process would, where nothing else is said. */
  upstream?: {
    /** Where a host really is; undefined leaves that to DNS. */
    route?: UpstreamOptions["route"];
    /** PEM of authorities to trust besides the system's. */
    authorities?: string;
    environment?: NodeJS.ProcessEnv;
  };
}

/** The mirror's own record: what left it, to whom it was pointed, what it refused. */
export interface Evidence {
  /** Fetches of the rehearsed repository, by the commits that were asked for. */
  fetches: readonly ServedFetch[];
  /**
   * Connections to hosts that it does not answer for, by `host:port`, and what became of them; and those to
   * its own hosts that it refused or that failed.
   */
  tunnels: readonly Tunnel[];
  /** Requests passed on: those for other paths of its own hosts, and those of plain http. */
  forwards: readonly Forward[];
}

export interface ServedFetch {
  /** The repository's URL as the client spelled it. */
  url: string;
  /** Full SHAs of the commits asked for and sent. */
  commits: readonly string[];
}

export interface Tunnel {
  host: string;
  outcome: "open" | "refused" | "failed";
  count: number;
  /** Why it was refused or failed. */
  reason?: string | undefined;
}

export interface Forward {
  /** Without its query, which may hold a secret. */
  url: string;
  /** Of the answer; undefined where there was none. */
  status?: number | undefined;
  /** Why there was no answer. */
  reason?: string | undefined;
  count: number;
}

/** Starts a mirror. Throws InfrastructureError where it cannot listen or Git has no http-backend. */
export async function openMirror(options: MirrorOptions): Promise<Mirror> {
  const { world, bind, host, egress } = options;
  const environment = options.upstream?.environment ?? process.env;
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const authority = await createAuthority("Rehearsal mirror authority");
  const trusted = joinPem([options.upstream?.authorities ?? "", await systemAuthorities(environment)]);
  const caBundle = join(options.folder, "ca-bundle.pem");
  await writeFile(caBundle, joinPem([authority.certificate, trusted]));

  const evidence = createEvidenceLog();
  const requests = repositoryRequests(world.urls);
  const upstream = createUpstream({
    // Clients in a container may reach us through a forwarder that ends at our loopback address.
    loopback: isLoopback(bind) && isLoopback(host),
    authorities: trusted,
    environment,
    route: options.upstream?.route,
  });
  const isOurs = (url: URL) => {
    const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
    return requests.match(authorityOf(url.hostname, port), "GET", url.pathname + url.search) !== undefined;
  };
  const forwarder = createForwarder({ upstream, evidence, isOurs });
  const others = createOtherHosts(options.vendor);
  const responder = createResponder({
    requests,
    egress,
    evidence,
    forwarder,
    others,
    backend: await createGitBackend(world.gitDir),
    largeFiles: createLargeFiles(world.lfsStores),
    commitOf: await tagsToCommits(world.gitDir),
  });
  const certificates = createHostCertificates(authority, requests.hosts);
  const interceptor = createInterceptor(evidence, responder.respond);
  const stopped = new AbortController();
  const outside = new Set<Socket>();

  const credentials = { username: "rehearsal", password: randomBytes(24).toString("hex") };
  const proxy = await openProxy(bind, credentials, {
    async connect(name, port, client) {
      const target = authorityOf(name, port);
      const protocol =
        requests.protocolOf(target) ?? (others.answersFor(name, port) ? protocolAt(port) : undefined);
      if (protocol) {
        try {
          const context = protocol === "tls" ? await certificates.of(name) : undefined;
          return interceptor.intercept(client.accept(), target, context);
        } catch (error) {
          return client.refuse(502, `no certificate can be made for ${target}: ${messageOf(error)}`);
        }
      }
      if (egress === "restricted") {
        const reason = `${target} is not of the rehearsed repository, and egress is restricted`;
        evidence.tunnel(target, "refused", "egress is restricted");
        return client.refuse(403, reason);
      }
      try {
        const socket = await upstream.connect(name, port, { tls: true, signal: stopped.signal });
        outside.add(socket);
        socket.once("close", () => outside.delete(socket));
        evidence.tunnel(target, "open");
        splice(client.accept(), socket);
      } catch (error) {
        const reason = messageOf(error).split("\n")[0] ?? "";
        evidence.tunnel(target, "failed", reason);
        client.refuse(502, `${target} cannot be reached: ${reason}`);
      }
    },
    request(request, response, url) {
      const target = authorityOf(url.hostname, Number(url.port || 80));
      request.url = url.pathname + url.search;
      responder.respond(request, response, { authority: target, protocol: "http" });
    },
  });

  const name = host.includes(":") ? `[${host}]` : host;
  return {
    proxyUrl: `http://${credentials.username}:${credentials.password}@${name}:${proxy.port}`,
    caBundle,
    hosts: requests.hosts,
    adopt(authorities) {
      const hosts = Object.keys(authorities);
      const ours = hosts.filter((host) => requests.hosts.includes(host) || others.answersFor(host));
      for (const host of ours)
        for (const way of [upstream, options.vendor]) way?.trust(host, authorities[host] ?? "");
      return ours;
    },
    leave: (hosts) => hosts.forEach(others.leave),
    evidence: evidence.snapshot,
    async [Symbol.asyncDispose]() {
      stopped.abort();
      interceptor.close();
      for (const socket of outside) socket.destroy();
      await proxy[Symbol.asyncDispose]();
      await forwarder[Symbol.asyncDispose]();
      await responder.idle();
    },
  };
}

/** What clients speak that ask for a connection: for http they mostly ask for the URL instead. */
function protocolAt(port: number): "tls" | "plain" {
  return port === 80 ? "plain" : "tls";
}

/** A client may ask for an annotated tag by the tag's own SHA; what it gets is the commit. */
async function tagsToCommits(gitDir: string): Promise<(object: string) => string> {
  const format = "--format=%(objectname) %(*objectname)";
  const listing = await gitAt(gitDir).run(["for-each-ref", format, "refs/tags"]);
  const commits = new Map(listing.split("\n").map((line) => line.split(" ") as [string, string]));
  return (object) => commits.get(object) || object;
}

function isLoopback(address: string): boolean {
  return /^127\./.test(address) || address === "::1" || address === "localhost";
}
