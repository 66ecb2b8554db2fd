import { once } from "node:events";
import { createServer as createHttpServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import type { Mirror } from "./mirror.ts";
import { askThrough, gitThrough } from "./mirror-fixture.ts";
import { useOutside } from "./outside-fixture.ts";
import { url } from "./world-fixture.ts";

const outside = useOutside();

describe("other paths of its own hosts", () => {
  test("are passed on, with method, headers and body", async () => {
    const mirror = await outside.open();
    const body = "x".repeat(1_000_000);
    const answer = await askThrough(mirror, "https://github.com/other/echo", {
      method: "POST",
      headers: { authorization: "Bearer token", "x-custom": "1" },
      body,
    });
    expect(answer).toMatchObject({ status: 201, text: body });
    expect(answer.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
    expect(answer.headers["x-host"]).toBe("github.com");
    expect(outside.host.requests[0]?.headers).toMatchObject({
      authorization: "Bearer token",
      "x-custom": "1",
    });
    expect(outside.host.requests[0]?.headers["proxy-authorization"]).toBeUndefined();
    expect(mirror.evidence().forwards).toEqual([
      { url: "https://github.com/other/echo", status: 201, count: 1 },
    ]);
    expect(mirror.evidence().fetches).toEqual([]);
  });

  test("are followed where they lead, without the secrets for the first host", async () => {
    const mirror = await outside.open();
    const answer = await askThrough(mirror, "https://github.com/other/asset", {
      method: "GET",
      headers: { authorization: "Bearer token", "x-custom": "1" },
    });
    expect(answer).toMatchObject({ status: 200, text: "GET objects.example/asset?signature=secret" });
    expect(outside.host.requests.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer token",
      undefined,
    ]);
    expect(outside.host.requests[1]?.headers["x-custom"]).toBe("1");
    expect(JSON.stringify(mirror.evidence())).not.toContain("secret");
  });

  test("do not lead round in circles", async () => {
    expect((await askThrough(await outside.open(), "https://github.com/other/loop")).status).toBe(302);
    expect(outside.host.requests.length).toBeLessThan(20);
  });

  test("redirect Git clients, also to the rehearsed repository under its former name", async () => {
    const mirror = await outside.open();
    const listing = await gitThrough(mirror, outside.place.root, [
      "ls-remote",
      "https://github.com/o/old",
      "main",
    ]);
    expect(listing.stdout).toBe(`${outside.world.merge}\trefs/heads/main\n`);
    const cloned = await gitThrough(mirror, outside.place.root, [
      "clone",
      "-q",
      "https://github.com/o/old",
      await outside.place.newFolder(),
    ]);
    expect(cloned.exitCode).toBe(0);
    expect(mirror.evidence().fetches[0]).toMatchObject({ url });
  });

  test("are 502 and a readable line where the host's certificate is not trusted", async () => {
    const mirror = await outside.open({ upstream: { authorities: "" } });
    const answer = await askThrough(mirror, "https://github.com/other/x");
    expect(answer.status).toBe(502);
    expect(answer.text).toMatch(/^github\.com cannot be reached: [^\n]*certificate[^\n]*\n$/);
    expect(outside.host.requests).toEqual([]);
  });

  test("are 502 where nobody listens", async () => {
    const mirror = await outside.open({ upstream: { route: () => ({ host: "127.0.0.1", port: 9 }) } });
    const answer = await askThrough(mirror, "https://github.com/other/x");
    expect(answer).toMatchObject({ status: 502, text: expect.stringContaining("ECONNREFUSED") });
    expect(mirror.evidence().forwards).toEqual([
      { url: "https://github.com/other/x", reason: expect.stringContaining("ECONNREFUSED"), count: 1 },
    ]);
  });

  test("are refused where egress is restricted", async () => {
    const mirror = await outside.open({ egress: "restricted" });
    const answer = await askThrough(mirror, "https://github.com/other/x");
    expect(answer).toMatchObject({ status: 403, text: expect.stringContaining("egress is restricted") });
    expect(outside.host.requests).toEqual([]);
    expect((await gitThrough(mirror, outside.place.root, ["ls-remote", url])).exitCode).toBe(0);
    expect(mirror.evidence().tunnels).toEqual([
      { host: "github.com:443", outcome: "refused", count: 1, reason: "/other/x: egress is restricted" },
    ]);
  });
});

describe("plain http", () => {
  test("is passed on, and demands credentials as well", async () => {
    const server = createHttpServer((incoming, response) =>
      response.end(`${incoming.method} ${incoming.url}`),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const mirror = await outside.open({ upstream: { route: () => ({ host: "127.0.0.1", port }) } });
    expect(await askPlainly(mirror, "http://plain.example/path?q=1")).toEqual({
      status: 200,
      text: "GET /path?q=1",
    });
    expect(
      await askPlainly(
        { ...mirror, proxyUrl: mirror.proxyUrl.replace(/\/\/.*@/, "//") },
        "http://plain.example/",
      ),
    ).toMatchObject({ status: 407 });
    expect(mirror.evidence().forwards).toEqual([{ url: "http://plain.example/path", status: 200, count: 1 }]);
    server.close();
  });

  test("is refused where egress is restricted", async () => {
    const mirror = await outside.open({ egress: "restricted" });
    expect(await askPlainly(mirror, "http://plain.example/")).toMatchObject({ status: 403 });
  });
});

/** As a client of an HTTP proxy asks for an http URL: with the whole of it in the request line. */
async function askPlainly(
  mirror: Mirror,
  target: string,
): Promise<{ status: number | undefined; text: string }> {
  const { hostname, port, username, password } = new URL(mirror.proxyUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const asked = httpRequest({
    host: hostname,
    port,
    path: target,
    headers: {
      host: new URL(target).host,
      ...(password === "" ? {} : { "proxy-authorization": authorization }),
    },
  }).end();
  const [response] = await once(asked, "response");
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, text };
}
