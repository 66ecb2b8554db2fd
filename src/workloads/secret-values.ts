import type { Masks } from "./masks.ts";

/** What stands in them is no secret, and in messages that have to be understood: names, places, switches. */
const known: readonly { isOf(secret: Declared): boolean; keys: readonly string[] }[] = [
  {
    // https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/
    isOf: ({ labels }) => labels["argocd.argoproj.io/secret-type"] !== undefined,
    keys: [
      ...["name", "server", "namespaces", "clusterResources", "project", "type", "url", "enableOCI"],
      ...["enableLfs", "insecure", "insecureIgnoreHostKey", "forceHttpBasicAuth", "proxy", "noProxy"],
    ],
  },
  { isOf: ({ type }) => type === "kubernetes.io/service-account-token", keys: ["namespace", "ca.crt"] },
];

interface Declared {
  type: unknown;
  labels: Record<string, unknown>;
}

/** A gzip of all that a release deployed: nobody prints it, and spelling a megabyte in many ways takes long. */
const opaqueType = "helm.sh/release.v1";

/**
 * Hides all that a Secret holds, also one that no API server would take: data that is no base64, values that are
 * no texts. A SealedSecret is none, and may be seen.
 */
export function hideSecret(masks: Masks, secret: unknown): void {
  const { type, data, stringData, metadata } = mapping(secret);
  if (type === opaqueType) return;
  const declared = { type, labels: mapping(mapping(metadata).labels) };
  const open = new Set(known.flatMap(({ isOf, keys }) => (isOf(declared) ? keys : [])));
  for (const [key, value] of Object.entries(mapping(data))) {
    if (open.has(key)) continue;
    for (const encoded of spelled(value)) {
      masks.hide(encoded);
      const decoded = Buffer.from(encoded, "base64").toString("utf8");
      // No program prints what is no text (a keystore), and its pieces stand everywhere.
      if (!decoded.includes("\ufffd")) masks.hide(decoded);
    }
  }
  for (const [key, value] of Object.entries(mapping(stringData)))
    if (!open.has(key)) for (const shown of spelled(value)) masks.hide(shown);
}

/** A value as text; where it is none, as whoever refuses it shows it. */
function spelled(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") {
    const exponential = value.toExponential().replace(/e([+-])(\d)$/, "e$10$2"); // as Go does
    return [String(value), exponential];
  }
  if (typeof value !== "object" || value === null) return [];
  return [JSON.stringify(value), ...Object.values(value).flatMap(spelled)];
}

/** Nobody has checked what a repository calls a Secret. */
function mapping(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
