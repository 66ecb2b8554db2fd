import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { splice } from "../../src/mirror/tunnel.ts";

/** A proxy on loopback to which every host is one server: what a process with `HTTPS_PROXY` takes for the world. */
export interface OutsideWorld extends AsyncDisposable {
  url: string;
}

export async function startOutsideWorld(port: () => number): Promise<OutsideWorld> {
  const sockets = new Set<Socket>();
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on("connect", (_: IncomingMessage, client: Socket) => {
    const host = connect({ host: "127.0.0.1", port: port(), allowHalfOpen: true });
    for (const socket of [client, host]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.once("close", () => sockets.delete(socket));
    }
    host.once("connect", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      splice(client, host);
    });
    host.once("error", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
