import { createSecureContext, type SecureContext } from "node:tls";
import type { Authority } from "../runner/certificates.ts";

/** What the mirror shows clients that take it for another host. Each is issued when it is first needed. */
export interface HostCertificates {
  of(host: string): Promise<SecureContext>;
}

/** The hosts of one `group` share a certificate; any other host has its own. */
export function createHostCertificates(authority: Authority, group: readonly string[]): HostCertificates {
  const issued = new Map<string, Promise<SecureContext>>();

  async function issue(names: readonly string[]): Promise<SecureContext> {
    const { key, certificate } = await authority.issue({ commonName: "Rehearsal mirror", names });
    return createSecureContext({ key, cert: certificate, minVersion: "TLSv1.2" });
  }

  return {
    of(host) {
      const name = host.toLowerCase().replace(/\.$/, "");
      const names = group.includes(name) ? group : [name];
      const key = names.join(" ");
      const context = issued.get(key) ?? issue(names);
      issued.set(key, context);
      return context;
    },
  };
}
