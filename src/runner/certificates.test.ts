import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import { createAuthority, type KeyPair } from "./certificates.ts";

/** What a client learns that connects to a server with these certificates; throws what it does not like. */
async function shake(
  server: KeyPair,
  trusted: string,
  { name = "localhost", client, demanded }: { name?: string; client?: KeyPair; demanded?: string } = {},
): Promise<{ authorized: boolean; peer: string | undefined }> {
  const listener = createServer({
    cert: server.certificate,
    key: server.key,
    ...(demanded === undefined ? {} : { ca: demanded, requestCert: true, rejectUnauthorized: true }),
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const accepted = once(listener, "secureConnection") as Promise<[TLSSocket]>;
  accepted.catch(() => undefined);
  const socket = connect({
    host: "127.0.0.1",
    port: (listener.address() as AddressInfo).port,
    ca: trusted,
    servername: /^[\d.:]+$/.test(name) ? "" : name,
    ...(/^[\d.:]+$/.test(name) ? { host: name } : {}),
    ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
  });
  try {
    await once(socket, "secureConnect");
    const [peer] = await accepted;
    const { subject } = peer.getPeerCertificate();
    return { authorized: socket.authorized, peer: subject && String(subject.CN) };
  } finally {
    socket.destroy();
    listener.close();
  }
}

describe("an authority", () => {
  test("is one, and nothing else", async () => {
    const { certificate, key } = await createAuthority("test");
    const parsed = new X509Certificate(certificate);
    expect(parsed.ca).toBe(true);
    expect(parsed.subject).toBe("CN=test");
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
  });

  test("lives for a day, and forgives a clock that is a little slow", async () => {
    const parsed = new X509Certificate((await createAuthority("test")).certificate);
    const [from, to] = [parsed.validFromDate.getTime(), parsed.validToDate.getTime()];
    expect(Date.now() - from).toBeGreaterThan(4 * 60_000);
    expect(to - Date.now()).toBeGreaterThan(23 * 3_600_000);
    expect(to - Date.now()).toBeLessThan(25 * 3_600_000);
  });

  test("issues for its own, and not for another of its name", async () => {
    const [authority, other] = await Promise.all([createAuthority("same"), createAuthority("same")]);
    const server = await authority.issue({ commonName: "api", names: ["localhost"] });
    const parsed = new X509Certificate(server.certificate);
    expect(parsed.checkIssued(new X509Certificate(authority.certificate))).toBe(true);
    expect(parsed.ca).toBe(false);
    await expect(shake(server, authority.certificate)).resolves.toMatchObject({ authorized: true });
    await expect(shake(server, other.certificate)).rejects.toThrow(/certificate/);
  });

  test("gives every certificate a number of its own", async () => {
    const authority = await createAuthority("test");
    const issued = await Promise.all(Array.from({ length: 5 }, () => authority.issue({ commonName: "x" })));
    expect(new Set(issued.map(({ certificate }) => new X509Certificate(certificate).serialNumber)).size).toBe(
      5,
    );
  });
});

describe("a server", () => {
  test.each(["localhost", "kubernetes.default.svc", "127.0.0.1"])(
    "answers under its name %s",
    async (name) => {
      const authority = await createAuthority("test");
      const server = await authority.issue({
        commonName: "api",
        names: ["localhost", "kubernetes.default.svc", "127.0.0.1", "::1"],
      });
      expect(new X509Certificate(server.certificate).subjectAltName).toBe(
        "DNS:localhost, DNS:kubernetes.default.svc, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
      );
      await expect(shake(server, authority.certificate, { name })).resolves.toMatchObject({
        authorized: true,
      });
    },
  );

  test("answers under no other name", async () => {
    const authority = await createAuthority("test");
    const server = await authority.issue({ commonName: "elsewhere", names: ["localhost"] });
    await expect(shake(server, authority.certificate, { name: "elsewhere" })).rejects.toThrow(/altnames/);
  });
});

test("a client is known by its name, and its organizations are Kubernetes' groups", async () => {
  const authority = await createAuthority("test");
  const server = await authority.issue({ commonName: "api", names: ["localhost"] });
  const client = await authority.issue({
    commonName: "rehearsal",
    organizations: ["system:masters", "more"],
  });
  expect(new X509Certificate(client.certificate).subject).toBe("CN=rehearsal\nO=system:masters\nO=more");
  const demanded = authority.certificate;
  await expect(shake(server, demanded, { client, demanded })).resolves.toEqual({
    authorized: true,
    peer: "rehearsal",
  });
});
