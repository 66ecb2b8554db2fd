import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import type { Mirror } from "./mirror.ts";
import { askThrough, connectThrough, gitThrough } from "./mirror-fixture.ts";
import { useOutside } from "./outside-fixture.ts";
import { url } from "./world-fixture.ts";

const outside = useOutside();

describe("other hosts", () => {
  test("are reached through a tunnel, and answer with their own certificate", async () => {
    const mirror = await outside.open();
    const answer = await askThrough(mirror, "https://charts.example/index.yaml");
    expect(answer).toMatchObject({ status: 200, text: "GET charts.example/index.yaml" });
    expect(mirror.evidence().tunnels).toEqual([{ host: "charts.example:443", outcome: "open", count: 1 }]);
  });

  test("are named where they cannot be reached", async () => {
    const mirror = await outside.open();
    const answer = await connectTo(mirror, "nowhere.invalid:443");
    expect(answer).toMatch(/^HTTP\/1\.1 502 Bad Gateway: nowhere\.invalid:443 cannot be reached: /);
    expect(mirror.evidence().tunnels).toMatchObject([
      { host: "nowhere.invalid:443", outcome: "failed", count: 1 },
    ]);
  });

  test("are refused with the reason in the status where egress is restricted", async () => {
    const mirror = await outside.open({ egress: "restricted" });
    const answer = await connectTo(mirror, "charts.example:443");
    expect(answer).toMatch(
      /^HTTP\/1\.1 403 Forbidden: charts\.example:443 is not of .* egress is restricted\r\n/,
    );
    expect(mirror.evidence().tunnels).toEqual([
      { host: "charts.example:443", outcome: "refused", count: 1, reason: "egress is restricted" },
    ]);
  });

  test("that a cloud keeps its credentials on are never reached", async () => {
    const mirror = await outside.open({ upstream: { route: () => undefined } });
    expect(await connectTo(mirror, "169.254.169.254:80")).toMatch(
      /^HTTP\/1\.1 502 .*nobody reaches through the mirror/,
    );
  });

  test("keep talking after the client has said all it has to say", async () => {
    const mirror = await outside.open({
      upstream: { route: () => ({ host: "127.0.0.1", port: (answering.address() as AddressInfo).port }) },
    });
    const answering = createServer({ allowHalfOpen: true }, (socket) => {
      let heard = "";
      socket.setEncoding("utf8").on("data", (text) => {
        heard += text;
      });
      socket.on("end", () => setTimeout(() => socket.end(`heard ${heard}`), 50));
    }).listen(0, "127.0.0.1");
    await once(answering, "listening");
    const { socket } = await connectThrough(mirror, "charts.example:443");
    socket.end("all of it");
    expect(await textOf(socket)).toBe("heard all of it");
    answering.close();
  });

  test("end with the client, and the client with them", async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => {
      sockets.push(socket.on("error", () => {}).resume());
    }).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const mirror = await outside.open({ upstream: { route: () => ({ host: "127.0.0.1", port }) } });
    const first = await connectThrough(mirror, "charts.example:443");
    await expect.poll(() => sockets.length).toBe(1);
    first.socket.resetAndDestroy();
    await once(sockets[0] as Socket, "close");
    const second = await connectThrough(mirror, "charts.example:443");
    await expect.poll(() => sockets.length).toBe(2);
    sockets[1]?.resetAndDestroy();
    await once(second.socket.resume(), "end");
    const third = await connectThrough(mirror, "charts.example:443");
    await expect.poll(() => sockets.length).toBe(3);
    void mirror[Symbol.asyncDispose]();
    await Promise.all([once(third.socket.resume(), "end"), once(sockets[2] as Socket, "close")]);
    silent.close();
  });
});

test("a machine behind a proxy of its own is served through that one", async () => {
  const parent = await outside.open();
  const mirror = await outside.open({
    upstream: { route: undefined, environment: { HTTPS_PROXY: parent.proxyUrl } },
  });
  expect(await askThrough(mirror, "https://charts.example/x")).toMatchObject({
    text: "GET charts.example/x",
  });
  // The parent answers for github.com itself, so what the mirror passes on has to trust the parent.
  expect(await askThrough(mirror, "https://github.com/other/x")).toMatchObject({ status: 502 });
  await expect
    .poll(() => parent.evidence().tunnels)
    .toMatchObject([
      { host: "charts.example:443", outcome: "open" },
      { host: "github.com:443", outcome: "failed" },
    ]);
});

describe("addresses", () => {
  test.each([
    ["https://git.lan:8443/team/lab", "https://git.lan:8443/team/lab.git"],
    ["https://[fd00::1]/team/lab", "https://[fd00::1]/Team/Lab"],
    ["https://10.0.0.5/team/lab", "https://10.0.0.5/team/lab"],
    ["http://gitea.lan:3000/team/lab", "http://gitea.lan:3000/team/lab"],
  ])("%s is answered for", async (own, asked) => {
    const mirror = await outside.open({ world: { ...outside.world, urls: [own] } });
    const listing = await gitThrough(mirror, outside.place.root, ["ls-remote", asked, "main"]);
    expect(listing.stdout).toBe(`${outside.world.merge}\trefs/heads/main\n`);
  });

  test("another port of the same host is another host", async () => {
    const mirror = await outside.open({ egress: "restricted" });
    expect(await connectTo(mirror, "github.com:8443")).toContain("403");
  });

  test("it may listen on IPv6", async () => {
    const mirror = await outside.open({ bind: "::1", host: "::1" });
    expect(mirror.proxyUrl).toContain("@[::1]:");
    expect((await gitThrough(mirror, outside.place.root, ["ls-remote", url])).exitCode).toBe(0);
  });

  test("it names its hosts, and on them leads nobody from elsewhere to this machine's own services", async () => {
    const upstream = { route: () => undefined };
    const options = { world: { ...outside.world, urls: ["https://Git.lan:8443/a/b"] }, upstream };
    const asked = `127.0.0.1:${outside.host.port}`;
    const near = await outside.open(options);
    expect(near.hosts).toEqual(["git.lan"]);
    expect(await connectTo(near, asked)).toContain("200");
    // A client in a container, through a forwarder to our loopback address.
    const far = await outside.open({ ...options, host: "host.docker.internal" });
    const proxyUrl = far.proxyUrl.replace("host.docker.internal", "127.0.0.1");
    expect(await connectTo({ ...far, proxyUrl }, asked)).toContain("502");
  });

  test("an address that is not this machine's cannot be listened on", async () => {
    await expect(outside.open({ bind: "192.0.2.1" })).rejects.toThrow(
      /the mirror cannot listen on 192\.0\.2\.1/,
    );
  });
});

async function connectTo(mirror: Mirror, authority: string): Promise<string> {
  const { socket, answer } = await connectThrough(mirror, authority);
  socket.destroy();
  return answer;
}

async function textOf(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}
