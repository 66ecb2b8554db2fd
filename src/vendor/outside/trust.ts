import { readFile } from "node:fs/promises";
import { getCACertificates } from "node:tls";
import { InfrastructureError, messageOf } from "../../runner/errors.ts";

// Where Go looks (crypto/x509/root_linux.go), and macOS's and OpenBSD's.
const systemBundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
] as const;

/**
 * The authorities that this machine trusts, as PEM: of `SSL_CERT_FILE`, else of the system, else of Node;
 * and of `NODE_EXTRA_CA_CERTS`. Throws InfrastructureError where a file that a variable names is unreadable.
 */
export async function systemAuthorities(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const named = await readNamed("SSL_CERT_FILE", env);
  const extra = await readNamed("NODE_EXTRA_CA_CERTS", env);
  return joinPem([named ?? (await readSystemBundle()) ?? nodesOwn(), extra ?? ""]);
}

/** Certificates one after the other: a file need not end in a line break, and the next must begin a line. */
export function joinPem(parts: readonly string[]): string {
  return parts
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => `${part}\n`)
    .join("");
}

async function readNamed(variable: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const path = env[variable];
  if (!path) return undefined;
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new InfrastructureError(`cannot read ${path}, which ${variable} names: ${messageOf(error)}`, {
      fix: `Correct or unset ${variable}.`,
      cause: error,
    });
  }
}

async function readSystemBundle(): Promise<string | undefined> {
  for (const path of systemBundles) {
    const bundle = await readFile(path, "utf8").catch(() => "");
    if (bundle.includes("BEGIN CERTIFICATE")) return bundle;
  }
  return undefined;
}

function nodesOwn(): string {
  const system = getCACertificates("system");
  return joinPem(system.length > 0 ? system : getCACertificates("bundled"));
}
