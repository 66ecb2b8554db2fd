import type { VendorAnswer } from "./answer.ts";
import type { Credentials } from "./credentials.ts";
import type { VendorEvidenceLog } from "./evidence.ts";
import type { Hosts } from "./hosts.ts";
import type { Lock } from "./lock.ts";
import { authorityOfUrl } from "./outside/authority.ts";
import { type Asked, mayPass, type Outside, type OutsideAnswer } from "./outside/outside.ts";
import { failWith } from "./refusal.ts";
import type { Store } from "./store.ts";

/** What those who answer have in common. */
export interface VendorContext {
  store: Store;
  lock: Lock;
  outside: Outside;
  evidence: VendorEvidenceLog;
  hosts: Hosts;
  /** Why upstream may not be asked; undefined where it may. */
  forbidden: string | undefined;
  credentials: Credentials;
}

/**
 * Why an answer of upstream says nothing about what was asked for, so that the cache has to do; undefined where
 * it does. A refusal says nothing where credentials are declared whose variable is not set, as in a fork's run.
 */
export function failureOf({ credentials }: VendorContext, url: URL, asked: Asked): string | undefined {
  if ("unreachable" in asked) return asked.unreachable;
  if (mayPass(asked)) return `it answers ${asked.status}`;
  const unset = asked.status === 401 || asked.status === 403 ? credentials.unsetFor(url) : undefined;
  return unset && `${unset}, declared for it, is not set`;
}

/** What upstream answered where that is not what was hoped for, or that it does not answer at all. */
export function passOn(context: VendorContext, url: URL, asked: Asked): VendorAnswer {
  const what = `${url.host}${url.pathname}`;
  if ("unreachable" in asked)
    return failWith(502, `${authorityOfUrl(url)} cannot be reached: ${asked.unreachable}`, what);
  const { status } = asked;
  if (status === 401 || status === 403) {
    const word = status === 401 ? "Unauthorized" : "Forbidden";
    const hint =
      asked.untold === undefined
        ? hintFor(context, url)
        : `its tokens come from ${asked.untold}: declare credentials for that too`;
    return failWith(status, `${word}; ${hint}`, what);
  }
  return asItCame(asked);
}

function hintFor({ credentials }: VendorContext, url: URL): string {
  const unset = credentials.unsetFor(url);
  if (unset !== undefined) return `${unset}, declared for it, is not set`;
  return credentials.authorizationFor(url) === undefined
    ? `declare credentials for ${url.origin} in .rehearsal.yaml`
    : "the credentials declared for it were not accepted";
}

/** Without what is between upstream and us alone. */
export function asItCame({ status, headers, body }: OutsideAnswer): VendorAnswer {
  const kept = ["content-type", "docker-content-digest", "link", "last-modified", "etag"];
  const shown = Object.entries(headers).filter(([name]) => kept.includes(name));
  return {
    status,
    headers: { ...Object.fromEntries(shown), "content-length": `${body.length}` },
    body,
  };
}
