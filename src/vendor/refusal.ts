import type { VendorAnswer } from "./answer.ts";
import type { Digest } from "./digest.ts";
import type { RefusedArtefact, VendorEvidenceLog } from "./evidence.ts";

/** Something that is not answered, and why, in one line. */
export interface Refusal {
  kind: RefusedArtefact["kind"];
  /** `host[:port]/path`. */
  what: string;
  message: string;
}

/**
 * Statuses that no host is likely to give by itself: some clients show nothing else, and on a HEAD request there
 * is nothing else. None of the 5xx, on which clients of registries try again and again.
 */
export const refusalStatus = { absent: 424, changed: 409 } as const;

const remedy = "run rehearse vendor";

/** `forbidden` is a clause: `--offline forbids asking for it`. */
export function absent(url: URL, forbidden: string): Refusal {
  const what = `${url.host}${url.pathname}`;
  return { kind: "absent", what, message: `${what} is not in the cache, and ${forbidden}; ${remedy}` };
}

/** Who says what of one version. */
export interface Claim {
  who: "the lock" | "the cache" | "upstream";
  digest: Digest;
}

/** `what` is `podinfo 6.14.1 of https://charts.example.org`. */
export function changed(url: URL, what: string, known: Claim, found: Claim): Refusal {
  const message = `the digest of ${what} has changed: ${known.who} has ${known.digest}, ${found.who} has ${found.digest}`;
  return { kind: "changed", what: `${url.host}${url.pathname}`, message };
}

/** For every client: Helm shows the reason, registry clients the JSON, Git a plain text. */
export function refuse(
  { kind, what, message }: Refusal,
  evidence: Pick<VendorEvidenceLog, "refused">,
): VendorAnswer {
  evidence.refused(kind, what, message);
  return failWith(refusalStatus[kind], message, what);
}

/** An answer that is no success, for a request to `host[:port]/path`. */
export function failWith(status: number, message: string, what: string): VendorAnswer {
  const registry = /^[^/]+\/v2\//.test(what);
  // https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
  const text = registry ? JSON.stringify({ errors: [{ code: "DENIED", message }] }) : `${message}\n`;
  const body = Buffer.from(text);
  return {
    status,
    reason: message.replace(/[^\x20-\x7e]+/g, " "),
    headers: {
      "content-type": registry ? "application/json" : "text/plain; charset=utf-8",
      "content-length": `${body.length}`,
    },
    body,
  };
}
