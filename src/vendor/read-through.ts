import type { VendorAnswer, VendorRequest } from "./answer.ts";
import { failureOf, passOn, type VendorContext } from "./context.ts";
import { type Digest, digestOf } from "./digest.ts";
import type { OutsideAnswer } from "./outside/outside.ts";
import { absent, type Claim, changed, refuse } from "./refusal.ts";

/** Something that can be kept, as a client asks for it. */
export interface Artefact {
  /** For people: `podinfo 6.14.1 of https://charts.example.org`. */
  what: string;
  request: VendorRequest;
  accept?: string | undefined;
  /** By the lock; undefined where that does not know it. */
  locked: Digest | undefined;
  /** By the store, whose bytes may be gone. */
  kept: { digest: Digest; answer(): Promise<VendorAnswer | undefined> } | undefined;
  /** Whether upstream need not be asked, as it has said already that it has what is kept. */
  current: boolean;
  /** Whether it may never change; otherwise upstream's word counts. */
  fixed: boolean;
  /** Keeps what upstream gave, and answers with it. */
  keep(answer: OutsideAnswer, digest: Digest): Promise<VendorAnswer>;
}

/**
 * Answers from the store or from upstream. A digest that is not the lock's, or not the one that was kept, is
 * refused. What the lock confirms may replace what an earlier run has kept.
 */
export async function readThrough(context: VendorContext, artefact: Artefact): Promise<VendorAnswer> {
  const { outside, evidence, forbidden } = context;
  const { what, request, locked, kept, fixed } = artefact;
  const { url, headers } = request;
  const differs = (known: Claim, found: Claim) => refuse(changed(url, what, known, found), evidence);

  async function fromCache(why?: string): Promise<VendorAnswer | undefined> {
    const answer = await kept?.answer();
    if (!answer || !kept) return undefined;
    if (locked !== undefined && locked !== kept.digest)
      return differs({ who: "the lock", digest: locked }, { who: "the cache", digest: kept.digest });
    evidence.served(what, "cache", why);
    return answer;
  }

  if (forbidden !== undefined) return (await fromCache()) ?? refuse(absent(url, forbidden), evidence);
  const agreed = locked === undefined || locked === kept?.digest;
  const hit = artefact.current && agreed ? await fromCache() : undefined;
  if (hit) return hit;
  const { authorization } = headers;
  const asked = await outside.ask({ method: "GET", url, accept: artefact.accept, authorization });
  const failure = failureOf(context, url, asked);
  if (failure !== undefined) return (await fromCache(failure)) ?? passOn(context, url, asked);
  if ("unreachable" in asked || asked.status !== 200) return passOn(context, url, asked);
  const digest = digestOf(asked.body);
  const upstream: Claim = { who: "upstream", digest };
  if (locked !== undefined && locked !== digest)
    return differs({ who: "the lock", digest: locked }, upstream);
  if (fixed && locked === undefined && kept && kept.digest !== digest)
    return differs({ who: "the cache", digest: kept.digest }, upstream);
  const answer = await artefact.keep(asked, digest);
  evidence.served(what, "upstream");
  return answer;
}
