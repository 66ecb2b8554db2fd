import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import { type Dispatcher, ProxyAgent, request } from "undici";
import { gitEnvironment } from "../repository/git-fixture.ts";
import { createAuthority } from "../runner/certificates.ts";
import { type RunResult, tryRun } from "../runner/process.ts";
import { type Mirror, type MirrorOptions, openMirror } from "./mirror.ts";
import type { World } from "./world.ts";

/** A mirror of `world` on loopback that trusts no authority but what `options` add. */
export function openTestMirror(world: World, options: Partial<MirrorOptions> = {}): Promise<Mirror> {
  return openMirror({
    world,
    bind: "127.0.0.1",
    host: "127.0.0.1",
    folder: join(world.gitDir, "../mirror"),
    egress: "open",
    ...options,
    upstream: { environment: {}, ...options.upstream },
  });
}

/** Git as Argo CD's repo-server runs it: the mirror as its proxy, and the mirror's bundle as its trust. */
export function gitThrough(
  mirror: { proxyUrl: string; caBundle: string },
  cwd: string,
  args: readonly string[],
  env: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<RunResult> {
  return tryRun("git", args, {
    cwd,
    signal,
    env: {
      ...gitEnvironment,
      GIT_TERMINAL_PROMPT: "0",
      HTTPS_PROXY: mirror.proxyUrl,
      // Unlike the other, curl reads this one in lower case only.
      http_proxy: mirror.proxyUrl,
      NO_PROXY: "",
      no_proxy: "",
      GIT_SSL_CAINFO: mirror.caBundle,
      ...env,
    },
  });
}

export interface HttpsHost extends AsyncDisposable {
  port: number;
  /** PEM of its authority. */
  authority: string;
  /** What it was asked for: method, host, path and headers. */
  requests: { method: string; host: string; path: string; headers: Record<string, unknown> }[];
}

/** A real HTTPS server on loopback that claims to be `names`. */
export async function startHost(names: string[], listener: RequestListener): Promise<HttpsHost> {
  const authority = await createAuthority("Test");
  const { key, certificate } = await authority.issue({ commonName: names[0] ?? "host", names });
  const requests: HttpsHost["requests"] = [];
  const server = createServer({ key, cert: certificate }, (request, response) => {
    const { method = "", url = "", headers } = request;
    requests.push({ method, host: headers.host ?? "", path: url, headers });
    listener(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    authority: authority.certificate,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The answer to a request that is made through the mirror. */
export async function askThrough(
  mirror: Mirror,
  target: string,
  options: Partial<Dispatcher.RequestOptions> = {},
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  const { username, password, origin } = new URL(mirror.proxyUrl);
  const agent = new ProxyAgent({
    uri: origin,
    token: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
    requestTls: { ca: await readFile(mirror.caBundle, "utf8") },
  });
  try {
    const answer = await request(target, { dispatcher: agent, ...options } as Parameters<typeof request>[1]);
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  } finally {
    await agent.destroy();
  }
}

/** A connection through the mirror, and what it answered to the wish for it. */
export async function connectThrough(
  mirror: Mirror,
  authority: string,
): Promise<{ socket: Socket; answer: string }> {
  const { hostname, port, username, password } = new URL(mirror.proxyUrl);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.on("error", () => {});
  const credentials = Buffer.from(`${username}:${password}`).toString("base64");
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nProxy-Authorization: Basic ${credentials}\r\n\r\n`);
  const [answer] = (await once(socket, "data")) as [Buffer];
  socket.pause();
  return { socket, answer: answer.toString() };
}
