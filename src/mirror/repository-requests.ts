import { parseRepositoryUrl, pathKey } from "../repository/repository-url.ts";
import { authorityOf } from "../vendor/outside/authority.ts";

/** What a request to the rehearsed repository asks for. */
export type RepositoryRequest = {
  /** The repository's path as the client spelled it, with a leading slash. */
  path: string;
} & (
  | { kind: "refs" }
  | { kind: "fetch" }
  | { kind: "lfs-batch" }
  | { kind: "lfs-object"; oid: string }
  | { kind: "refused"; reason: string }
);

/** Which requests are for the rehearsed repository. */
export interface RepositoryRequests {
  /** `tls` for an `host:port` that speaks TLS, `plain` for http; undefined where it is no host of ours. */
  protocolOf(authority: string): "tls" | "plain" | undefined;
  /** Names for the certificate. */
  hosts: readonly string[];
  /** Undefined for what is not of this repository, though on its host. `target` is path and query. */
  match(authority: string, method: string, target: string): RepositoryRequest | undefined;
}

/** Reads the spellings that Argo CD holds to be one repository: any case, with `.git`, slashes at its end. */
export function repositoryRequests(urls: readonly string[]): RepositoryRequests {
  const protocols = new Map<string, "tls" | "plain">();
  const hosts = new Set<string>();
  const repositories = new Set<string>();
  for (const parsed of urls.flatMap((url) => parseRepositoryUrl(url) ?? [])) {
    hosts.add(parsed.host);
    // Without a port, https://host and http://host name the same repository.
    const ports: [number, "tls" | "plain"][] =
      parsed.port === undefined
        ? [
            [443, "tls"],
            [80, "plain"],
          ]
        : [[parsed.port, parsed.scheme === "http" ? "plain" : "tls"]];
    for (const [port, protocol] of ports) {
      const authority = authorityOf(parsed.host, port);
      protocols.set(authority, protocol);
      repositories.add(`${authority}/${pathKey(parsed.path)}`);
    }
  }
  return {
    hosts: [...hosts],
    protocolOf: (authority) => protocols.get(authority),
    match(authority, method, target) {
      const url = new URL(target.replace(/^\/{2,}/, "/"), "http://host");
      const parts = url.pathname.match(
        /^(\/.+?)\/+(info\/refs|git-upload-pack|git-receive-pack|info\/lfs\/.+|HEAD|objects\/.+)$/,
      );
      if (!parts) return undefined;
      const [, path = "", rest = ""] = parts;
      const bare = path.replace(/^\/+|\/+$/g, "").replace(/\.git$/i, "");
      if (!repositories.has(`${authority}/${pathKey(bare.replace(/\/+$/, ""))}`)) return undefined;
      return { path, ...classify(method, rest, url.searchParams.get("service")) };
    },
  };
}

type Classified =
  | { kind: "refs" | "fetch" | "lfs-batch" }
  | { kind: "lfs-object"; oid: string }
  | { kind: "refused"; reason: string };

function classify(method: string, rest: string, service: string | null): Classified {
  if (rest === "git-receive-pack" || service === "git-receive-pack") return refused("it takes no pushes");
  if (rest === "info/refs" && service === "git-upload-pack" && method === "GET") return { kind: "refs" };
  if (rest === "git-upload-pack" && method === "POST") return { kind: "fetch" };
  if (rest === "info/lfs/objects/batch" && method === "POST") return { kind: "lfs-batch" };
  const oid = rest.match(/^info\/lfs\/objects\/([0-9a-f]{64})$/)?.[1];
  if (oid && method === "GET") return { kind: "lfs-object", oid };
  if (rest.startsWith("info/lfs/")) return refused("of Git LFS it answers downloads alone");
  return refused("it speaks Git's smart protocol alone");
}

function refused(reason: string): Classified {
  return { kind: "refused", reason };
}
