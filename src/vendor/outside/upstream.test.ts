import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parentProxy } from "./parent-proxy.ts";
import { createUpstream } from "./upstream.ts";

const server = createServer((socket) => socket.on("error", () => {}));
let port: number;

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  port = typeof address === "object" ? (address?.port ?? 0) : 0;
});

afterAll(() => {
  server.close();
});

function reach(host: string, loopback: boolean) {
  const upstream = createUpstream({ loopback, authorities: "", environment: {} });
  return upstream.connect(host, port, { tls: false, signal: AbortSignal.timeout(5000) });
}

describe("this machine's own services", () => {
  test.each(["127.0.0.1", "localhost", "127.1.2.3", "0.0.0.0", "::ffff:127.0.0.1"])(
    "%s is out of reach for clients that run elsewhere",
    async (host) => {
      await expect(reach(host, false)).rejects.toThrow(/nobody reaches through the mirror/);
    },
  );

  test.each(["127.0.0.1", "localhost"])("%s is in reach for those that run here", async (host) => {
    const socket = await reach(host, true);
    expect(socket.remotePort).toBe(port);
    socket.destroy();
  });
});

test.each(["169.254.169.254", "::ffff:169.254.169.254", "fe80::1"])(
  "%s is out of reach for all",
  async (host) => {
    await expect(reach(host, true)).rejects.toThrow(/nobody reaches through the mirror/);
  },
);

test("an aborted connection ends at once", async () => {
  const upstream = createUpstream({ loopback: true, authorities: "", environment: {} });
  const abort = new AbortController();
  const connecting = upstream.connect("192.0.2.1", 443, { tls: false, signal: abort.signal });
  abort.abort();
  await expect(connecting).rejects.toThrow();
});

describe("the proxy of the machine", () => {
  const environment = {
    HTTPS_PROXY: "http://proxy.example:3128",
    http_proxy: "other.example:8080",
    NO_PROXY: "localhost,.internal,example.com,10.0.0.0/8,fd00::/8,registry.lan:5000,192.168.1.1",
  };

  test.each([
    ["github.com", 443, "http://proxy.example:3128"],
    ["notexample.com", 443, "http://proxy.example:3128"],
    ["registry.lan", 443, "http://proxy.example:3128"],
    ["11.0.0.1", 443, "http://proxy.example:3128"],
  ])("for %s:%i is %s", (host, hostPort, expected) => {
    expect(parentProxy(host, hostPort, true, environment)?.origin).toBe(expected);
  });

  test.each([
    ["localhost", 443],
    ["git.internal", 443],
    ["example.com", 443],
    ["sub.Example.com", 443],
    ["10.1.2.3", 443],
    ["fd00::7", 443],
    ["registry.lan", 5000],
    ["192.168.1.1", 443],
  ])("there is none for %s:%i", (host, hostPort) => {
    expect(parentProxy(host, hostPort, true, environment)).toBeUndefined();
  });

  test("for plain http is that of http, with or without its scheme", () => {
    expect(parentProxy("github.com", 80, false, environment)?.href).toBe("http://other.example:8080/");
    expect(parentProxy("github.com", 80, false, {})).toBeUndefined();
    expect(parentProxy("github.com", 443, true, { all_proxy: "http://all.example" })?.host).toBe(
      "all.example",
    );
    expect(parentProxy("github.com", 443, true, { ...environment, NO_PROXY: "*" })).toBeUndefined();
  });
});
