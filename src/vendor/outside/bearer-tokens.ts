import { z } from "zod";
import type { Credentials } from "../credentials.ts";
import type { OutsideAnswer } from "./outside.ts";

/**
 * The tokens by which a registry lets its content be read.
 * https://distribution.github.io/distribution/spec/auth/token/
 */
export interface BearerTokens {
  /** The value of an `Authorization` header for a URL of a repository that a token was got for. */
  known(url: URL): string | undefined;
  /** A new one, as a challenge asks for; undefined where it asks for none. */
  obtain(url: URL, challenge: string, basic: string | undefined): Promise<Obtained | undefined>;
}

export interface Obtained {
  /** Undefined where none was given. */
  token: string | undefined;
  /**
   * The origin that gives them out, where that was not told credentials that there are for the registry: a
   * registry could name any host, so they have to be declared for that one too.
   */
  untold: string | undefined;
}

type Send = (method: "GET", url: URL, headers: Record<string, string>) => Promise<OutsideAnswer>;

const answerShape = z.union([z.object({ token: z.string() }), z.object({ access_token: z.string() })]);

export function createBearerTokens({
  credentials,
  send,
}: {
  credentials: Credentials;
  send: Send;
}): BearerTokens {
  const tokens = new Map<string, string>();
  return {
    known: (url) => tokens.get(subjectOf(url)),
    async obtain(url, challenge, basic) {
      const realm = realmOf(challenge, url);
      if (!realm) return undefined;
      const own = realm.origin === url.origin ? basic : undefined;
      const authorization = credentials.authorizationFor(realm) ?? own;
      const untold = basic !== undefined && authorization === undefined ? realm.origin : undefined;
      const answer = await send("GET", realm, authorization === undefined ? {} : { authorization });
      const read = answerShape.safeParse(parseJson(answer.body));
      if (answer.status !== 200 || !read.success) return { token: undefined, untold };
      const token = `Bearer ${"token" in read.data ? read.data.token : read.data.access_token}`;
      tokens.set(subjectOf(url), token);
      return { token, untold };
    },
  };
}

/** What one token is good for: a repository of a registry. */
function subjectOf(url: URL): string {
  const [, name = ""] = /^\/v2\/(.+?)\/(?:manifests|blobs|tags|referrers)\//.exec(url.pathname) ?? [];
  return `${url.origin}/${name}`;
}

/** Where a token is to be asked for, with what it shall be good for. */
function realmOf(challenge: string, url: URL): URL | undefined {
  if (!/^bearer\s/i.test(challenge)) return undefined;
  const parameters = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [
      name.toLowerCase(),
      value,
    ]),
  );
  const { realm = "", service, scope } = parameters;
  if (!URL.canParse(realm)) return undefined;
  const target = new URL(realm);
  if (target.protocol !== "https:" && target.origin !== url.origin) return undefined;
  if (service !== undefined) target.searchParams.set("service", service);
  if (scope !== undefined) target.searchParams.set("scope", scope);
  return target;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
