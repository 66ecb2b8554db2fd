import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type { EvidenceLog } from "./evidence.ts";

/** The host that a client believes to speak to. */
export interface Origin {
  /** `host:port`, lower case. */
  authority: string;
  protocol: "https" | "http";
}

export type Respond = (request: IncomingMessage, response: ServerResponse, origin: Origin) => void;

/** Takes over connections that clients mean for another host, and answers the requests in them. */
export interface Interceptor {
  /** `secureContext` for what speaks TLS. */
  intercept(socket: Socket, authority: string, secureContext: SecureContext | undefined): void;
  close(): void;
}

export function createInterceptor(evidence: EvidenceLog, respond: Respond): Interceptor {
  const origins = new WeakMap<object, Origin>();
  const sockets = new Set<Socket>();
  const silent = new Set<Socket>();
  // It never listens: connections are handed to it.
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    silent.delete(request.socket);
    const origin = origins.get(request.socket);
    if (origin) respond(request, response, origin);
    else response.destroy();
  });

  function secure(socket: Socket, authority: string, secureContext: SecureContext): TLSSocket {
    const secured = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ["http/1.1"] });
    let reason = "the client left without a request";
    silent.add(secured);
    secured.on("error", (error) => {
      reason = error.message;
      socket.destroy();
    });
    secured.once("close", () => {
      // Some clients say so, others just go, when they do not trust a certificate.
      if (silent.delete(secured)) {
        evidence.tunnel(authority, "failed", `${reason}; does it trust the mirror's bundle?`);
      }
    });
    return secured;
  }

  return {
    intercept(socket, authority, secureContext) {
      const connection = secureContext ? secure(socket, authority, secureContext) : socket;
      origins.set(connection, { authority, protocol: secureContext ? "https" : "http" });
      sockets.add(connection);
      connection.once("close", () => sockets.delete(connection));
      server.emit("connection", connection);
    },
    close() {
      silent.clear();
      for (const socket of sockets) socket.destroy();
    },
  };
}
