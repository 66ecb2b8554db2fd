import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createSecureContext, type SecureContext } from "node:tls";
import { InfrastructureError, messageOf } from "../../runner/errors.ts";
import { convertAsIs, isConversionReview } from "./conversion.ts";

/** What a server proves itself with, as PEM. */
export interface ServingCertificate {
  certificate: string;
  key: string;
}

export interface AbsentBackendsRequest {
  /** The Unix socket to listen on. */
  socket: string;
  /** For the name under which the API server asks, such as `webhook.cert-manager.svc`. */
  certificateFor(name: string): Promise<ServingCertificate>;
}

/** Disposing closes the socket and every connection. */
export interface AbsentBackends extends AsyncDisposable {
  readonly socket: string;
}

const longestBody = 64 * 1024 * 1024;

/**
 * Answers, in the place of every Service, what the API server itself asks of one: discovery of an APIService, with
 * no resources; and a conversion webhook, with the objects as they are in the other version. Everything else is
 * refused with the reason. The API server reaches it by HTTP CONNECT, as its egress selector says.
 */
export async function serveAbsentBackends({
  socket,
  certificateFor,
}: AbsentBackendsRequest): Promise<AbsentBackends> {
  // Not kept: a Secret may hold another one the next time.
  const contextFor = async (name: string): Promise<SecureContext> => {
    const { certificate, key } = await certificateFor(name);
    return createSecureContext({ cert: certificate, key });
  };
  const fallback = await certificateFor("localhost");
  const backend = createTlsServer(
    {
      cert: fallback.certificate,
      key: fallback.key,
      SNICallback: (name, done) => {
        contextFor(name).then(
          (context) => done(null, context),
          (error: unknown) => done(error instanceof Error ? error : new Error(messageOf(error))),
        );
      },
    },
    (request, response) => {
      answer(request, response).catch(() => response.destroy());
    },
  );
  backend.on("tlsClientError", () => undefined);
  const proxy = createServer((_, response) => refuse(response, "only CONNECT is answered here"));
  const open = new Set<{ destroy(): void }>();
  proxy.on("connection", (connection) => {
    open.add(connection);
    connection.once("close", () => open.delete(connection));
  });
  proxy.on("connect", (_, connection, head) => {
    connection.on("error", () => undefined);
    connection.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (head.length > 0) connection.unshift(head);
    backend.emit("connection", connection);
  });
  await new Promise<void>((resolve, reject) => {
    proxy.once("error", (cause) =>
      reject(new InfrastructureError(`cannot listen on ${socket}: ${cause.message}`, { cause })),
    );
    proxy.listen(socket, resolve);
  });
  return {
    socket,
    async [Symbol.asyncDispose]() {
      for (const connection of open) connection.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "").split("?")[0] ?? "";
  if (request.method === "POST") {
    const review: unknown = JSON.parse(await bodyOf(request));
    if (isConversionReview(review)) return send(response, 200, convertAsIs(review));
  }
  const [, groupVersion] = /^\/apis\/([^/]+\/[^/]+)$/.exec(path) ?? [];
  if (request.method === "GET" && groupVersion !== undefined)
    return send(response, 200, { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: [] });
  if (request.method === "GET" && /^\/(apis|openapi\/.*)$/.test(path))
    return send(response, 404, status(404, "NotFound", `nothing serves ${path}`));
  refuse(response, `no container runs on the simulated engine, so nothing serves ${request.method} ${path}`);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > longestBody) throw new Error("a body that is too long");
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function refuse(response: ServerResponse, message: string): void {
  send(response, 503, status(503, "ServiceUnavailable", message));
}

function status(code: number, reason: string, message: string) {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message };
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
