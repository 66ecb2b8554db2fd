import { registryHost } from "./source-url.ts";

/** The hosts that are answered for. */
export interface Hosts {
  /** At any port where none is named. */
  has(host: string, port?: number): boolean;
  /** A URL of one more; `oci://` counts as https. */
  learn(url: string): void;
}

export function createHosts(urls: readonly string[]): Hosts {
  const ports = new Map<string, Set<number>>();
  const hosts: Hosts = {
    has(host, port) {
      const known = ports.get(nameOf(host));
      return known !== undefined && (port === undefined || known.has(port));
    },
    learn(text) {
      const spelled = text.replace(/^oci:\/\//i, "https://");
      if (!URL.canParse(spelled)) return;
      const { protocol, hostname, port } = new URL(spelled);
      if (protocol !== "https:" && protocol !== "http:") return;
      const name = nameOf(spelled === text ? hostname : registryHost(hostname));
      const known = ports.get(name) ?? new Set();
      ports.set(name, known.add(Number(port || (protocol === "https:" ? 443 : 80))));
    },
  };
  for (const url of urls) hosts.learn(url);
  return hosts;
}

function nameOf(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$|\.$/g, "");
}
