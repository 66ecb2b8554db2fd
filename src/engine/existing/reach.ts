import { lookup } from "node:dns/promises";
import { connect, isIP } from "node:net";
import { networkInterfaces } from "node:os";
import type { ExistingSettings } from "../../repository/config.ts";
import { InfrastructureError, messageOf, UsageError } from "../../runner/errors.ts";
import { tryRun } from "../../runner/process.ts";
import type { MirrorReach } from "../engine.ts";

const connectTimeoutMs = 10_000;
const dockerTimeoutMs = 20_000;

const setIt =
  "Set existing.mirror in the configuration: bind, an address of this machine, and host, how the cluster reaches it.";

export interface ReachRequest {
  mirror: ExistingSettings["mirror"];
  /** URL of the API server. */
  server: string;
  /** Whether requests to it go through a proxy. */
  proxied: boolean;
  signal: AbortSignal;
}

/**
 * How a cluster that somebody else made reaches this machine: as configured; over the Docker network of a
 * cluster in containers here; or back the way on which this machine reaches its API server. Nothing proves
 * that the cluster may call back: a managed cluster cannot reach a laptop behind NAT or a hosted runner,
 * and then Argo CD fails to fetch. Throws UsageError where there is no way to know.
 */
export async function findReach(request: ReachRequest): Promise<MirrorReach> {
  const { bind, host } = request.mirror;
  if (host !== undefined) return reachOf(bind ?? (await bindFor(host, request)), host);
  if (bind !== undefined) {
    if (isAnyAddress(bind) || isLoopback(bind))
      throw new UsageError(`the mirror is bound to ${bind}, under which no cluster reaches it`, {
        fix: setIt,
      });
    return reachOf(bind, bind);
  }
  if (request.proxied)
    throw new UsageError(
      "the API server is reached through a proxy, so how the cluster reaches this machine is unknown",
      { fix: setIt },
    );
  const { hostname, port } = addressOf(request.server);
  const remote = await resolveHost(hostname);
  if (isLoopback(remote) || isAnyAddress(remote)) {
    const gateway = await dockerGateway(port, request.signal);
    if (gateway !== undefined) return reachOf(gateway, gateway);
  } else {
    const local = await localAddress(remote, port, request.signal);
    if (!isLoopback(local)) return reachOf(local, local);
  }
  throw new UsageError(
    `the API server is at ${hostname}:${port} on this machine, and no container here publishes that port: how the cluster reaches this machine is unknown`,
    { fix: setIt },
  );
}

function reachOf(bind: string, host: string): MirrorReach {
  return { bind, host, address: isIP(host) === 0 ? undefined : host };
}

/** What `host` leads to when it is ours; else the address on the way to the cluster, as with NAT. */
async function bindFor(host: string, { server, signal }: ReachRequest): Promise<string> {
  const named = await resolveHost(host).catch(() => undefined);
  if (named !== undefined && !isLoopback(named) && isOurs(named)) return named;
  const { hostname, port } = addressOf(server);
  return await localAddress(await resolveHost(hostname), port, signal);
}

/** The gateway of the Docker network in which a container publishes this port, as k3d's and kind's do. */
async function dockerGateway(port: number, signal: AbortSignal): Promise<string | undefined> {
  const options = { signal, timeoutMs: dockerTimeoutMs };
  const listed = await tryRun("docker", ["ps", "--no-trunc", "--format", "{{json .}}"], options).catch(
    (error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof InfrastructureError) return undefined; // no Docker here
      throw error;
    },
  );
  if (listed === undefined || listed.exitCode !== 0) return undefined;
  for (const network of networksPublishing(listed.stdout, port)) {
    const inspected = await tryRun("docker", ["network", "inspect", network], options);
    if (inspected.exitCode !== 0) continue;
    const gateways = gatewaysOf(inspected.stdout);
    const gateway = gateways.find(isOurs);
    if (gateway !== undefined) return gateway;
    if (gateways.length > 0)
      throw new UsageError(
        `the cluster's Docker network ${network} has its gateway ${gateways[0]} on another machine, so how the cluster reaches this one is unknown`,
        {
          fix: "Set existing.mirror in the configuration; with Docker Desktop: { bind: 127.0.0.1, host: host.docker.internal }.",
        },
      );
  }
  return undefined;
}

/** Networks of the containers that publish a port, from the lines of `docker ps --format '{{json .}}'`. */
export function networksPublishing(lines: string, port: number): string[] {
  return lines
    .split("\n")
    .filter((line) => line.trim() !== "")
    .flatMap((line) => {
      const { Ports = "", Networks = "" } = JSON.parse(line) as { Ports?: string; Networks?: string };
      const published = Ports.split(",").some((entry) => publishes(entry.trim(), port));
      return published ? Networks.split(",").filter((network) => network !== "" && network !== "host") : [];
    });
}

/** `0.0.0.0:6550->6443/tcp`, `[::]:8000-8010->8000-8010/tcp`; what is only exposed has no arrow. */
function publishes(entry: string, port: number): boolean {
  const match = /:(\d+)(?:-(\d+))?->[\d-]+\/tcp$/.exec(entry);
  if (!match) return false;
  const first = Number(match[1]);
  return first <= port && port <= Number(match[2] ?? first);
}

/** IPv4 gateways, from `docker network inspect`. */
export function gatewaysOf(text: string): string[] {
  const networks = JSON.parse(text) as { IPAM?: { Config?: { Gateway?: string }[] | null } }[];
  return networks
    .flatMap(({ IPAM }) => IPAM?.Config ?? [])
    .flatMap(({ Gateway }) => (Gateway !== undefined && isIP(Gateway) === 4 ? [Gateway] : []));
}

/** The address from which a connection to `host` leaves this machine. Throws InfrastructureError where there is none. */
export function localAddress(host: string, port: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    const fail = (why: string) => {
      socket.destroy();
      reject(
        signal.aborted
          ? signal.reason
          : new InfrastructureError(`no connection to the API server at ${host}:${port}: ${why}`),
      );
    };
    socket.setTimeout(connectTimeoutMs, () => fail(`it took longer than ${connectTimeoutMs / 1000} s`));
    socket.once("error", (error) => fail(messageOf(error)));
    socket.once("connect", () => {
      const address = socket.localAddress ?? "";
      socket.destroy();
      resolve(address.replace(/^::ffff:/, ""));
    });
  });
}

async function resolveHost(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new InfrastructureError(`cannot resolve ${host}: ${messageOf(cause)}`, { cause });
  }
}

function addressOf(server: string): { hostname: string; port: number } {
  const url = new URL(server);
  const standard = url.protocol === "http:" ? 80 : 443;
  return {
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? standard : Number(url.port),
  };
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1" || address === "localhost";
}

/** k3d writes `0.0.0.0` into kubeconfigs: it leads to this machine, too. */
function isAnyAddress(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

function isOurs(address: string): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === address));
}
