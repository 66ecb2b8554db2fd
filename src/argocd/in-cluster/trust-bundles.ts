import { InfrastructureError } from "../../runner/errors.ts";
import { bundleKey } from "./pod-patch.ts";

/** Argo CD reads no more certificates of one file (util/cert: CertificateMaxEntriesPerStream). */
const mostCertificates = 256;
const shortBundleKey = "ca-bundle-of-hosts.pem";
/** An object of the API holds a little more. */
const mostBytes = 1_000_000;

/**
 * The data of a ConfigMap with the certificates of a PEM file, each once and without what stands between them, and the key
 * of those that are short enough for Argo CD's file of one host. Throws InfrastructureError where they are
 * too many for a ConfigMap.
 */
export function bundlesOf(pem: string): { bundles: Record<string, string>; hostBundleKey: string } {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const certificates = [...new Set(found)]; // SSL_CERT_FILE and NODE_EXTRA_CA_CERTS often name the same ones
  const text = (list: readonly string[]) => list.map((certificate) => `${certificate}\n`).join("");
  const short = certificates.length <= mostCertificates;
  const bundles = {
    [bundleKey]: text(certificates),
    ...(short ? {} : { [shortBundleKey]: text(certificates.slice(0, mostCertificates)) }),
  };
  const length = Object.values(bundles).join("").length;
  if (length > mostBytes)
    throw new InfrastructureError(
      `the authorities that this machine trusts are too many for a ConfigMap: ${length} bytes`,
      { fix: "Name a smaller bundle in SSL_CERT_FILE." },
    );
  return { bundles, hostBundleKey: short ? bundleKey : shortBundleKey };
}
