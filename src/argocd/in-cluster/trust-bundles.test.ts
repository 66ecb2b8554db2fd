import { expect, it } from "vitest";
import { InfrastructureError } from "../../runner/errors.ts";
import { bundlesOf } from "./trust-bundles.ts";

const certificate = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----`;

it("has the certificates alone, each once, in their order", () => {
  const pem = `# ours\n${certificate("AA")}\r\n\n# theirs\n${certificate("BB")}\n${certificate("AA")}`;
  expect(bundlesOf(pem)).toEqual({
    bundles: { "ca-bundle.pem": `${certificate("AA")}\n${certificate("BB")}\n` },
    hostBundleKey: "ca-bundle.pem",
  });
});

it("has the first ones for single hosts where Argo CD would not read them all", () => {
  const pem = Array.from({ length: 300 }, (_, index) => certificate(`N${index}`)).join("\n");
  const { bundles, hostBundleKey } = bundlesOf(pem);
  const short = bundles[hostBundleKey] ?? "";
  expect(short.match(/BEGIN/g)).toHaveLength(256);
  expect(short.startsWith(certificate("N0"))).toBe(true);
  expect(bundles["ca-bundle.pem"]?.match(/BEGIN/g)).toHaveLength(300);
});

it("is refused where no ConfigMap could hold it", () => {
  const pem = certificate("A".repeat(1_000_000));
  expect(() => bundlesOf(pem)).toThrow(InfrastructureError);
});
