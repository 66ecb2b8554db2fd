import { createHash } from "node:crypto";

/** `sha256:` and 64 hexadecimal digits in lower case, as Helm, OCI and the lock write it. */
export type Digest = `sha256:${string}`;

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Reads a digest, with its algorithm or (as in the index of a Helm repository) without. Undefined for anything else. */
export function parseDigest(text: unknown): Digest | undefined {
  const [, hex] = typeof text === "string" ? (/^(?:sha256:)?([0-9a-f]{64})$/i.exec(text) ?? []) : [];
  return hex === undefined ? undefined : `sha256:${hex.toLowerCase()}`;
}
