/** The URL of a Helm repository as the store and the lock write it: no credentials, no slash at its end. */
export function repositoryKey(url: string): string {
  if (!URL.canParse(url)) return url.replace(/\/+$/, "");
  const parsed = new URL(url);
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`.replace(/\/+$/, "");
}

/**
 * An OCI repository as the store writes it, `oci://host/path/name`. Docker Hub answers under another name than
 * that by which everybody knows it.
 */
export function ociKey(repository: string): string {
  const [host = "", ...path] = repository.replace(/^oci:\/\//i, "").split("/");
  const name = host.toLowerCase();
  const known = name === "registry-1.docker.io" || name === "index.docker.io" ? "docker.io" : name;
  return `oci://${[known, ...path.filter(Boolean)].join("/")}`;
}

/** The `host[:port]` that answers for an OCI registry. */
export function registryHost(registry: string): string {
  return registry === "docker.io" || registry === "index.docker.io" ? "registry-1.docker.io" : registry;
}

/** A URL for people, the store and evidence: without credentials, query and fragment, which may hold a secret. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** The URL of a single file as the store and the lock write it. Its query stays, as it may select the file. */
export function fileKey(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  return `${url.protocol}//${url.host}${url.pathname}${url.search}`;
}
