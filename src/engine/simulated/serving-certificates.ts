import { X509Certificate } from "node:crypto";
import type { KubeClient } from "../../kubernetes/client.ts";
import type { ServingCertificate } from "./absent-backends.ts";

/**
 * The certificate by which a Service's own server would prove itself: one that a Secret of its namespace holds for
 * its name, where a chart makes it together with the `caBundle` that the API server trusts. Undefined where there
 * is none, and where `name` is no Service's.
 */
export async function certificateInSecrets(
  client: KubeClient,
  name: string,
): Promise<ServingCertificate | undefined> {
  const [, namespace] = /^[^.]+\.([^.]+)\.svc$/.exec(name) ?? [];
  if (namespace === undefined) return undefined;
  const { items } = await client.list("v1", "Secret", namespace);
  for (const { data } of items) {
    const values = (data ?? {}) as Record<string, string>;
    const certificate = decode(values["tls.crt"]);
    const key = decode(values["tls.key"]);
    if (certificate !== undefined && key !== undefined && isFor(certificate, name))
      return { certificate, key };
  }
  return undefined;
}

function decode(value: string | undefined): string | undefined {
  return value ? Buffer.from(value, "base64").toString("utf8") : undefined;
}

function isFor(certificate: string, name: string): boolean {
  try {
    return new X509Certificate(certificate).checkHost(name) !== undefined;
  } catch {
    return false;
  }
}
