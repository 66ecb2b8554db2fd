import { lookup as dnsLookup, type LookupAddress } from "node:dns";
import { once } from "node:events";
import { BlockList, connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { authorityOf } from "./authority.ts";
import { connectThroughProxy, parentProxy } from "./parent-proxy.ts";

/** How the mirror reaches the world outside. */
export interface Upstream {
  /** Throws where the host cannot be reached, or clients may not reach it through us. */
  connect(host: string, port: number, options: { tls: boolean; signal: AbortSignal }): Promise<Socket>;
  /** With the host's certificate verified. */
  connectTls(host: string, port: number, signal: AbortSignal): Promise<TLSSocket>;
  /** PEM of the authorities that one host is verified by from now on, and of no other. */
  trust(host: string, authorities: string): void;
}

export interface UpstreamOptions {
  /** Whether clients may reach this machine itself through the mirror. */
  loopback: boolean;
  /** PEM of the authorities to trust. */
  authorities: string;
  /** For the proxy that this machine demands, if any. */
  environment: NodeJS.ProcessEnv;
  /** Where a host really is. Undefined leaves that to DNS. */
  route?: ((host: string, port: number) => { host: string; port: number } | undefined) | undefined;
}

const connectMs = 20_000;

export function createUpstream(options: UpstreamOptions): Upstream {
  const forbidden = forbiddenAddresses(options.loopback);
  const trusted = new Map<string, string>();

  async function open(host: string, port: number, tls: boolean, signal: AbortSignal): Promise<Socket> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(connectMs)]);
    const proxy = parentProxy(host, port, tls, options.environment);
    if (proxy) return connectThroughProxy(proxy, authorityOf(host, port), bounded, options.authorities);
    const routed = options.route?.(host, port);
    if (!routed && isIP(host) !== 0 && forbidden(host)) throw new Error(notThroughUs(host));
    const socket = connect({
      ...(routed ?? { host, port }),
      allowHalfOpen: true,
      noDelay: true,
      ...(routed ? {} : { lookup: permittedLookup(forbidden) }),
    });
    return whenReady(socket, "connect", bounded);
  }

  return {
    connect: (host, port, { tls, signal }) => open(host, port, tls, signal),
    trust: (host, authorities) => void trusted.set(host.toLowerCase(), authorities),
    async connectTls(host, port, signal) {
      const socket = await open(host, port, true, signal);
      socket.on("error", () => {});
      const secured = connectTls({
        socket,
        ca: trusted.get(host.toLowerCase()) ?? options.authorities,
        ALPNProtocols: ["http/1.1"],
        ...(isIP(host) === 0 ? { servername: host } : { host }),
      });
      try {
        const bounded = AbortSignal.any([signal, AbortSignal.timeout(connectMs)]);
        return await whenReady(secured, "secureConnect", bounded);
      } catch (error) {
        socket.destroy();
        throw error;
      }
    },
  };
}

async function whenReady<S extends Socket>(socket: S, event: string, signal: AbortSignal): Promise<S> {
  try {
    await once(socket, event, { signal });
    return socket;
  } catch (error) {
    socket.on("error", () => {});
    socket.destroy();
    throw signal.aborted ? new Error(`no connection within ${connectMs / 1000} s`) : error;
  }
}

/**
 * Link-local addresses hold the credentials of cloud machines, and nothing that a manifest may need. This
 * machine's own services are reached through us only by clients that could reach them anyway.
 */
function forbiddenAddresses(loopback: boolean): (address: string) => boolean {
  const list = new BlockList();
  list.addSubnet("169.254.0.0", 16, "ipv4");
  list.addSubnet("fe80::", 10, "ipv6");
  list.addAddress("fd00:ec2::254", "ipv6");
  if (!loopback) {
    list.addSubnet("127.0.0.0", 8, "ipv4");
    list.addSubnet("0.0.0.0", 8, "ipv4");
    list.addAddress("::1", "ipv6");
    list.addAddress("::", "ipv6");
  }
  return (address) => list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

function permittedLookup(forbidden: (address: string) => boolean): typeof dnsLookup {
  const lookup = (
    host: string,
    options: { all?: boolean },
    done: (error: Error | null, found?: string | LookupAddress[], family?: number) => void,
  ) => {
    dnsLookup(host, { ...options, all: true }, (error, found) => {
      if (error) return done(error);
      const permitted = found.filter(({ address }) => !forbidden(address));
      const first = permitted[0];
      if (!first) return done(new Error(notThroughUs(host)));
      if (options.all) return done(null, permitted);
      done(null, first.address, first.family);
    });
  };
  return lookup as typeof dnsLookup;
}

function notThroughUs(host: string): string {
  return `${host} is this machine or its cloud's own address, which nobody reaches through the mirror`;
}
