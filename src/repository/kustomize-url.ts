import { parseRepositoryUrl } from "./repository-url.ts";

/** What kustomize makes of the URL of a resource. */
export type KustomizeUrl =
  | { kind: "file"; url: string }
  /** `url` as it is cloned; `folder` within it, "" for the top. */
  | { kind: "git"; url: string; folder: string; ref: string | undefined };

const schemes = /^(?:ssh|https|http|file):\/\//i;
const username = /^[a-z][a-z0-9-]*@/i;

/**
 * Reads an entry of a kustomization as kustomize 5 does (`NewRepoSpecFromURL` of its api/internal/git).
 * Undefined for a path of the same repository. Kustomize asks for any http URL as a file first, and takes it
 * for a repository where that fails; nobody is asked here, so what does not look like a manifest is a repository.
 */
export function parseKustomizeUrl(entry: string): KustomizeUrl | undefined {
  const [before = "", query = ""] = entry.replace(/^git::/i, "").split(/\?(.*)/s);
  const scheme = schemes.exec(before)?.[0] ?? "";
  const user = username.exec(before.slice(scheme.length))?.[0] ?? "";
  const rest = before.slice(scheme.length + user.length);
  const github = /^github\.com[/:]/i.test(rest);
  if (scheme === "" && user === "" && !github) return undefined;
  if (/^file:/i.test(scheme)) return undefined;

  const parameters = new URLSearchParams(query);
  const ref = parameters.get("ref") || parameters.get("version") || undefined;
  const marked = ref !== undefined || /\/\/|\.git(?:\/|$)|_git\//.test(rest);
  const http = /^https?:/i.test(scheme);
  if (http && !marked && /\.(?:ya?ml|json)$/i.test(rest)) return { kind: "file", url: entry };

  const separator = scheme === "" ? /[/:]/ : /\//;
  const end = rest.search(separator);
  if (end < 0) return undefined;
  const { repository, folder } = splitPath(rest.slice(end + 1));
  if (repository === "") return http ? { kind: "file", url: entry } : undefined;
  const host = rest.slice(0, end + 1);
  const plainGitHub = github && user === "" && !/^ssh:/i.test(scheme);
  const url = plainGitHub ? `https://github.com/${repository}` : `${scheme}${user}${host}${repository}`;
  return parseRepositoryUrl(url) && { kind: "git", url, folder, ref };
}

/** Where the repository's path ends: at a marker, else after two segments, as on GitHub. */
function splitPath(path: string): { repository: string; folder: string } {
  const azure = /^(.*?_git\/[^/]*)\/?(.*)$/s.exec(path);
  const marked = azure ?? /^(.*?)\/\/(.*)$/s.exec(path) ?? /^(.*?\.git)(?:\/(.*))?$/s.exec(path);
  if (marked) return { repository: marked[1] ?? "", folder: clean(marked[2] ?? "") };
  const segments = path.split("/");
  if (segments.length < 2) return { repository: "", folder: "" };
  return { repository: segments.slice(0, 2).join("/"), folder: clean(segments.slice(2).join("/")) };
}

function clean(folder: string): string {
  return folder.replace(/^\/+|\/+$/g, "");
}
