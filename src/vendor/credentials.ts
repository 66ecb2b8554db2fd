import { UsageError } from "../runner/errors.ts";
import { registryHost } from "./source-url.ts";

/** Credentials as the base's configuration declares them: by name, without any secret. */
export interface DeclaredCredentials {
  /** What they are for begins with this URL: https, or http of this machine. `oci://` counts as https. */
  url: string;
  username?: string | undefined;
  /** The environment variable with the username, in place of it. */
  usernameFrom?: string | undefined;
  /** The environment variable with the password or token. */
  passwordFrom: string;
}

/** Who may be told which secret. Printing this prints none. */
export interface Credentials {
  /** The value of an `Authorization` header, Basic, for a URL; undefined where there is none. */
  authorizationFor(url: URL): string | undefined;
  /** The environment variable that is declared for a URL and not set; undefined where there is none. */
  unsetFor(url: URL): string | undefined;
  /** Every secret, in each form in which it is sent: for whoever has to keep them out of a text. */
  secrets(): readonly string[];
}

export const noCredentials: Credentials = {
  authorizationFor: () => undefined,
  unsetFor: () => undefined,
  secrets: () => [],
};

/**
 * Reads the values of declared credentials. The longest URL that a request's begins with, whole segments of its
 * path, wins. A variable that is not set is no error: a pull request from a fork is given no secrets, and may
 * need none. Throws UsageError where a URL is not https.
 */
export function resolveCredentials(
  declared: readonly DeclaredCredentials[],
  environment: NodeJS.ProcessEnv,
): Credentials {
  const resolved = declared.map((item) => resolve(item, environment));
  resolved.sort((left, right) => right.path.length - left.path.length);
  const find = (url: URL) =>
    resolved.find(
      ({ origin, path }) =>
        url.origin === origin && pathsOf(url).some((candidate) => `${candidate}/`.startsWith(path)),
    );
  return {
    authorizationFor: (url) => find(url)?.header(),
    unsetFor: (url) => find(url)?.unset,
    secrets: () => resolved.flatMap(({ secrets }) => secrets()),
  };
}

/** A repository of a registry is declared without what its protocol puts in front. */
function pathsOf({ pathname }: URL): string[] {
  return pathname.startsWith("/v2/") ? [pathname, pathname.slice("/v2".length)] : [pathname];
}

interface Resolved {
  origin: string;
  /** With a slash at both ends. */
  path: string;
  unset: string | undefined;
  // Functions, so that whoever prints this prints no secret.
  header(): string | undefined;
  secrets(): string[];
}

function resolve(declared: DeclaredCredentials, environment: NodeJS.ProcessEnv): Resolved {
  const { url, usernameFrom, passwordFrom } = declared;
  const { origin, pathname } = parseUrl(url);
  const unset = [usernameFrom, passwordFrom].find((name) => name !== undefined && !environment[name]);
  const username = usernameFrom === undefined ? declared.username : environment[usernameFrom];
  const password = environment[passwordFrom] ?? "";
  const encoded = Buffer.from(`${username ?? ""}:${password}`).toString("base64");
  return {
    ...{ origin, unset },
    path: `${pathname.replace(/\/+$/, "")}/`,
    header: () => (unset === undefined ? `Basic ${encoded}` : undefined),
    secrets: () => (password === "" ? [] : [...new Set([encoded, password, encodeURIComponent(password)])]),
  };
}

function parseUrl(text: string): URL {
  const [, host, path = ""] = /^oci:\/\/([^/]+)(.*)$/i.exec(text) ?? [];
  const spelled = host === undefined ? text : `https://${registryHost(host.toLowerCase())}${path}`;
  const url = URL.canParse(spelled) ? new URL(spelled) : undefined;
  const plain = url?.username === "" && url.password === "" && url.search === "";
  if (plain && url.protocol === "https:") return url;
  if (plain && url.protocol === "http:" && /^(?:127\.[\d.]+|\[::1\]|localhost)$/.test(url.hostname))
    return url;
  throw new UsageError("credentials are declared for something else than an https URL", {
    fix: "Write the https URL that their requests begin with, without username, password or query.",
  });
}
