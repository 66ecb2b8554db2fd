import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, expect, test } from "vitest";
import { InfrastructureError, UsageError } from "../../runner/errors.ts";
import { freePorts } from "../../runner/owned-processes.ts";
import { findReach, gatewaysOf, localAddress, networksPublishing } from "./reach.ts";

const { signal } = new AbortController();
const undecided = { bind: undefined, host: undefined };

/** An address of this machine that is not loopback, if it has one. */
const outer = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ internal, family }) => !internal && family === "IPv4")?.address;

async function listen(host: string): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

describe("as configured", () => {
  test.each([
    [
      { bind: "192.0.2.7", host: "mirror.example.com" },
      { bind: "192.0.2.7", host: "mirror.example.com", address: undefined },
    ],
    [
      { bind: "127.0.0.1", host: "198.51.100.9" },
      { bind: "127.0.0.1", host: "198.51.100.9", address: "198.51.100.9" },
    ],
    [
      { bind: "192.0.2.7", host: undefined },
      { bind: "192.0.2.7", host: "192.0.2.7", address: "192.0.2.7" },
    ],
  ])("%j", async (mirror, reach) => {
    const server = "https://api.invalid:6443";
    expect(await findReach({ mirror, server, proxied: true, signal })).toEqual(reach);
  });

  test.each(["127.0.0.1", "0.0.0.0", "::"])("%s alone is no way in", async (bind) => {
    const mirror = { bind, host: undefined };
    await expect(findReach({ mirror, server: "https://a:1", proxied: false, signal })).rejects.toThrow(
      UsageError,
    );
  });

  test.runIf(outer)("a host of this machine is what is listened on", async () => {
    const mirror = { bind: undefined, host: outer };
    expect(await findReach({ mirror, server: "https://a.invalid", proxied: false, signal })).toEqual({
      bind: outer,
      host: outer,
      address: outer,
    });
  });

  test("any other host (NAT, a tunnel) leads to the address that faces the cluster", async () => {
    await using api = await listen("127.0.0.1");
    const mirror = { bind: undefined, host: "203.0.113.5" };
    const server = `https://127.0.0.1:${api.port}`;
    expect(await findReach({ mirror, server, proxied: false, signal })).toEqual({
      bind: "127.0.0.1",
      host: "203.0.113.5",
      address: "203.0.113.5",
    });
  });
});

describe("found out", () => {
  test.runIf(outer)("by the way on which this machine reaches the API server", async () => {
    await using api = await listen("0.0.0.0");
    const server = `https://${outer}:${api.port}`;
    expect(await findReach({ mirror: undecided, server, proxied: false, signal })).toEqual({
      bind: outer,
      host: outer,
      address: outer,
    });
  });

  test.each(["127.0.0.1", "localhost", "0.0.0.0"])("not for a tunnel at %s", async (host) => {
    await using api = await listen("127.0.0.1");
    const server = `https://${host}:${api.port}`;
    const found = findReach({ mirror: undecided, server, proxied: false, signal });
    await expect(found).rejects.toThrow(UsageError);
    await expect(found).rejects.toThrow(/no container here publishes that port/);
  });

  test("not behind a proxy", async () => {
    const found = findReach({ mirror: undecided, server: "https://a", proxied: true, signal });
    await expect(found).rejects.toThrow(/through a proxy/);
  });
});

test("a connection tells from which address it leaves; one that fails is infrastructure", async () => {
  await using api = await listen("127.0.0.1");
  expect(await localAddress("127.0.0.1", api.port, signal)).toBe("127.0.0.1");
  const [free = 0] = await freePorts(1);
  await expect(localAddress("127.0.0.1", free, signal)).rejects.toThrow(InfrastructureError);
});

test("a port is found among those that Docker's containers publish", () => {
  const lines = [
    { Names: "web", Ports: "80/tcp, 0.0.0.0:8080->80/tcp", Networks: "bridge" },
    {
      Names: "k3d-a-serverlb",
      Ports: "80/tcp, 0.0.0.0:41907->6443/tcp, [::]:41907->6443/tcp",
      Networks: "k3d-a",
    },
    { Names: "range", Ports: "127.0.0.1:7000-7010->7000-7010/tcp", Networks: "one,two" },
    { Names: "dns", Ports: "0.0.0.0:5353->53/udp", Networks: "dns" },
    { Names: "none", Ports: "6443/tcp", Networks: "none" },
  ]
    .map((container) => JSON.stringify(container))
    .join("\n");
  expect(networksPublishing(`${lines}\n`, 41907)).toEqual(["k3d-a"]);
  expect(networksPublishing(lines, 7005)).toEqual(["one", "two"]);
  expect(networksPublishing(lines, 6443)).toEqual([]);
  expect(networksPublishing(lines, 5353)).toEqual([]);
  expect(networksPublishing("", 1)).toEqual([]);
});

test("a network's gateways are read, those of IPv4 alone", () => {
  const text = JSON.stringify([
    { IPAM: { Config: [{ Subnet: "172.18.0.0/16", Gateway: "172.18.0.1" }, { Gateway: "fc00::1" }, {}] } },
    { IPAM: { Config: null } },
  ]);
  expect(gatewaysOf(text)).toEqual(["172.18.0.1"]);
});
