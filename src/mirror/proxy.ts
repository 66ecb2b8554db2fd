import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { InfrastructureError } from "../runner/errors.ts";

/** An HTTP proxy that demands credentials. What it does for those who have them is up to `handlers`. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
}

export interface ProxyHandlers {
  /** A connection to `host:port` is asked for; `accept` or `refuse` answers. */
  connect(host: string, port: number, client: ProxyClient): void;
  /** A request for an absolute `http:` URL. */
  request(request: IncomingMessage, response: ServerResponse, url: URL): void;
}

export interface ProxyClient {
  /** Tells the client that it is connected, and gives the connection. */
  accept(): Socket;
  /** Clients written in Go show the reason; others at least the status. */
  refuse(status: 403 | 502, reason: string): void;
}

export interface Credentials {
  username: string;
  password: string;
}

/** Throws InfrastructureError where it cannot listen. */
export async function openProxy(
  bind: string,
  credentials: Credentials,
  handlers: ProxyHandlers,
): Promise<Proxy> {
  const sockets = new Set<Duplex>();
  const admitted = admission(credentials);
  // Clients that keep a connection for later must not find that we have just closed it.
  const server = createServer({ keepAliveTimeout: 120_000 });

  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  });
  // Unlike what the types say, it is always a socket here.
  server.on("connect", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (!admitted(request)) return endWith(socket, 407, "Proxy Authentication Required", challenge);
    const [, host = "", port = ""] = request.url?.match(/^(.+):(\d{1,5})$/) ?? [];
    if (host === "" || Number(port) > 65_535) return endWith(socket, 400, "Bad Request");
    handlers.connect(host.replace(/^\[|\]$/g, ""), Number(port), {
      accept() {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        if (head.length > 0) socket.unshift(head);
        return socket;
      },
      refuse: (status, reason) => endWith(socket, status, `${STATUS_CODES[status]}: ${reason}`),
    });
  });
  server.on("request", (request, response) => {
    if (!admitted(request)) {
      response.writeHead(407, { "proxy-authenticate": scheme, connection: "close" }).end();
      return;
    }
    const target = request.url ?? "";
    if (/^http:\/\//i.test(target) && URL.canParse(target)) {
      handlers.request(request, response, new URL(target));
      return;
    }
    response.writeHead(400, { "content-type": "text/plain", connection: "close" });
    response.end("This is a proxy: ask it for https hosts with CONNECT, or for an http URL.\n");
  });

  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new InfrastructureError(`the mirror cannot listen on ${bind}: ${cause.message}`, { cause })),
    );
    server.listen({ host: bind, port: 0 }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

const scheme = 'Basic realm="rehearsal"';
const challenge = `Proxy-Authenticate: ${scheme}\r\n`;

/** Compares digests, so that neither the length nor the time tells anything. */
function admission({ username, password }: Credentials): (request: IncomingMessage) => boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = digest(`${username}:${password}`);
  return (request) => {
    const [, given = ""] = request.headers["proxy-authorization"]?.match(/^basic +(\S+)$/i) ?? [];
    return timingSafeEqual(expected, digest(Buffer.from(given, "base64").toString("utf8")));
  };
}

function endWith(socket: Socket, status: number, reason: string, headers = ""): void {
  const line = reason.replace(/[^\x20-\x7e]+/g, " ");
  const body = `${line}\n`;
  socket.end(
    `HTTP/1.1 ${status} ${line}\r\n${headers}Content-Type: text/plain\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    // The other side may keep its half open for as long as it likes.
    () => socket.destroySoon(),
  );
}
