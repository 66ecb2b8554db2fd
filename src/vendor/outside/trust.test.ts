import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../repository/git-fixture.ts";
import { InfrastructureError } from "../../runner/errors.ts";
import { joinPem, systemAuthorities } from "./trust.ts";

const one = "-----BEGIN CERTIFICATE-----\nMQ==\n-----END CERTIFICATE-----";
const two = "-----BEGIN CERTIFICATE-----\nMg==\n-----END CERTIFICATE-----";

test("certificates are joined so that each begins a line, whatever the files end in", () => {
  expect(joinPem([one, "", `\n${two}\n\n`, one])).toBe(`${one}\n${two}\n${one}\n`);
});

test("SSL_CERT_FILE takes the place of the system's bundle, NODE_EXTRA_CA_CERTS comes on top", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "one.pem"), one);
  await writeFile(join(folder.path, "two.pem"), two);
  const environment = {
    SSL_CERT_FILE: join(folder.path, "one.pem"),
    NODE_EXTRA_CA_CERTS: join(folder.path, "two.pem"),
  };
  expect(await systemAuthorities(environment)).toBe(`${one}\n${two}\n`);
});

test("without either it is what this machine trusts", async () => {
  const bundle = await systemAuthorities({});
  expect(bundle.split("BEGIN CERTIFICATE").length).toBeGreaterThan(50);
});

test("a file that is not there is named, with the variable", async () => {
  const failure = systemAuthorities({ SSL_CERT_FILE: "/nowhere/ca.pem" });
  await expect(failure).rejects.toBeInstanceOf(InfrastructureError);
  await expect(failure).rejects.toThrow(/cannot read \/nowhere\/ca\.pem, which SSL_CERT_FILE names/);
});
