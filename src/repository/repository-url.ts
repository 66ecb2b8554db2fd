/** A Git URL, taken apart. */
export interface RepositoryAddress {
  scheme: "https" | "http" | "ssh" | "git";
  /** Lower case, without brackets. */
  host: string;
  /** Undefined where it is the scheme's own. */
  port: number | undefined;
  /** Without a leading or trailing slash and without `.git`; its case is kept. */
  path: string;
}

const ownPorts = { https: 443, http: 80, ssh: 22, git: 9418 } as const;

/** Hosts that serve ssh under another name than https, because of firewalls or by design. */
const httpsHostOf: Record<string, string> = {
  "ssh.github.com": "github.com",
  "altssh.gitlab.com": "gitlab.com",
  "altssh.bitbucket.org": "bitbucket.org",
  "ssh.dev.azure.com": "dev.azure.com",
};

/** Undefined for what has no host: local paths and `file:` URLs. */
export function parseRepositoryUrl(url: string): RepositoryAddress | undefined {
  const text = url.trim();
  const withScheme = text.match(
    /^(?:git\+)?(https|http|ssh|git)(?:\+ssh)?:\/\/(?:[^/@]*@)?(\[[^\]]+\]|[^/:@]+)(?::(\d*))?\/(.*)$/i,
  );
  if (withScheme) {
    const scheme = (withScheme[1] ?? "").toLowerCase() as RepositoryAddress["scheme"];
    return address(scheme, withScheme[2] ?? "", withScheme[3], withScheme[4] ?? "");
  }
  if (text.includes("://")) return undefined;
  // scp-like. A single letter before the colon is a drive of Windows.
  const scpLike = text.match(/^(?:[^/:@\s]+@)?(\[[^\]]+\]|[^/:@\s\\]{2,}):(.+)$/);
  return scpLike ? address("ssh", scpLike[1] ?? "", undefined, scpLike[2] ?? "") : undefined;
}

/**
 * Whether two URLs name the same repository, whatever protocol each speaks. As for Argo CD
 * (`NormalizeGitURL` in its util/git), neither case nor a trailing `.git` tells repositories apart; nor
 * do, here, credentials, a trailing slash, the scheme, and the port where one of them is ssh.
 */
export function sameRepository(left: string, right: string): boolean {
  const a = parseRepositoryUrl(left);
  const b = parseRepositoryUrl(right);
  if (!a || !b) return !a && !b && localKey(left) === localKey(right);
  const [first, second] = [asHttps(a), asHttps(b)];
  return (
    first.host === second.host &&
    pathKey(first.path) === pathKey(second.path) &&
    (a.scheme === "ssh" || b.scheme === "ssh" || a.port === b.port)
  );
}

/**
 * The URL under which HTTP clients reach the repository: no credentials, no `.git`, no trailing slash.
 * `git@github.com:o/r.git` gives `https://github.com/o/r`; plain http stays so. Undefined for local paths.
 */
export function httpsUrlOf(url: string): string | undefined {
  const parsed = parseRepositoryUrl(url);
  if (!parsed) return undefined;
  const { scheme, host, port, path } = asHttps(parsed);
  const authority = host.includes(":") ? `[${host}]` : host;
  return `${scheme}://${authority}${port === undefined ? "" : `:${port}`}/${path}`;
}

/** A path in the form in which equal repositories have equal paths. */
export function pathKey(path: string): string {
  return decode(path).toLowerCase();
}

function asHttps(parsed: RepositoryAddress): RepositoryAddress {
  if (parsed.scheme === "https" || parsed.scheme === "http") return parsed;
  const host = httpsHostOf[parsed.host] ?? parsed.host;
  // Azure DevOps: v3/<organization>/<project>/<repository> is <organization>/<project>/_git/<repository>.
  const azure = host === "dev.azure.com" ? parsed.path.match(/^v3\/([^/]+\/[^/]+)\/([^/]+)$/) : null;
  return {
    scheme: "https",
    host,
    port: undefined,
    path: azure ? `${azure[1]}/_git/${azure[2]}` : parsed.path,
  };
}

function address(
  scheme: RepositoryAddress["scheme"],
  host: string,
  port: string | undefined,
  path: string,
): RepositoryAddress | undefined {
  const bare = path
    .replace(/^\/+|\/+$/g, "")
    .replace(/\.git$/i, "")
    .replace(/\/+$/, "");
  if (bare === "") return undefined;
  const number = port ? Number(port) : undefined;
  return {
    scheme,
    host: host.toLowerCase().replace(/^\[|\]$|\.$/g, ""),
    port: number === ownPorts[scheme] ? undefined : number,
    path: bare,
  };
}

function localKey(path: string): string {
  return path
    .trim()
    .replace(/^file:\/\//, "")
    .replace(/\/+$/, "")
    .replace(/\.git$/, "");
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
