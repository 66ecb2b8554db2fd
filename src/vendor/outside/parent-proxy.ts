import { once } from "node:events";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP, type Socket } from "node:net";

/**
 * The proxy that this process itself has to use for a host, from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
 * `NO_PROXY` in either case; NO_PROXY as Go reads it: names with their subdomains, `host:port`, addresses
 * and ranges.
 */
export function parentProxy(
  host: string,
  port: number,
  tls: boolean,
  env: NodeJS.ProcessEnv,
): URL | undefined {
  const named = setting(env, tls ? "https_proxy" : "http_proxy") ?? setting(env, "all_proxy");
  if (!named || exempt(host, port, setting(env, "no_proxy") ?? "")) return undefined;
  const url = URL.canParse(named) && named.includes("://") ? named : `http://${named}`;
  return URL.canParse(url) ? new URL(url) : undefined;
}

/** A connection to `authority` through a proxy. Throws where the proxy refuses. */
export async function connectThroughProxy(
  proxy: URL,
  authority: string,
  signal: AbortSignal,
  ca: string,
): Promise<Socket> {
  const secure = proxy.protocol === "https:";
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const options = {
    host: proxy.hostname.replace(/^\[|\]$/g, ""),
    port: Number(proxy.port || (secure ? 443 : 80)),
    method: "CONNECT",
    path: authority,
    agent: false,
    signal,
    headers: {
      host: authority,
      ...(proxy.username === ""
        ? {}
        : { "proxy-authorization": `Basic ${Buffer.from(credentials).toString("base64")}` }),
    },
  } as const;
  const request: ClientRequest = secure ? httpsRequest({ ...options, ca }) : httpRequest(options);
  request.end();
  const [response, socket, head] = (await once(request, "connect")) as [IncomingMessage, Socket, Buffer];
  if (response.statusCode !== 200) {
    socket.destroy();
    throw new Error(
      `the proxy ${proxy.host} answered ${response.statusCode} ${response.statusMessage ?? ""}`,
    );
  }
  if (head.length > 0) socket.unshift(head);
  return socket;
}

function setting(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return env[name] || env[name.toUpperCase()] || undefined;
}

function exempt(host: string, port: number, noProxy: string): boolean {
  return noProxy
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== "" && matches(entry, host.toLowerCase(), port));
}

function matches(entry: string, host: string, port: number): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return inRange(entry, host);
  const [, name = entry, entryPort] = entry.match(/^(\[[^\]]+\]|[^:]+):(\d+)$/) ?? [];
  if (entryPort !== undefined && Number(entryPort) !== port) return false;
  const bare = name.replace(/^\[|\]$/g, "").replace(/^\*?\./, "");
  return host === bare || (!isIP(bare) && host.endsWith(`.${bare}`));
}

function inRange(entry: string, host: string): boolean {
  const [network = "", bits] = entry.split("/");
  const family = isIP(network);
  if (family === 0 || isIP(host) !== family) return false;
  const range = new BlockList();
  try {
    range.addSubnet(network, Number(bits), family === 6 ? "ipv6" : "ipv4");
  } catch {
    return false;
  }
  return range.check(host, family === 6 ? "ipv6" : "ipv4");
}
