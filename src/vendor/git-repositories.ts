import { httpsUrlOf } from "../repository/repository-url.ts";
import { type Log, silentLog } from "../runner/log.ts";
import { CommandError, lastLines } from "../runner/process.ts";
import { takeLock } from "../toolchain/lock.ts";
import { type BareRepository, findBareRepository, makeBareRepository } from "./bare-repository.ts";
import type { Credentials } from "./credentials.ts";
import type { VendorEvidenceLog } from "./evidence.ts";
import type { Lock } from "./lock.ts";
import { authorityOfUrl } from "./outside/authority.ts";
import { type GitRelayFailure, openGitRelay } from "./outside/git-relay.ts";
import type { Upstream } from "./outside/upstream.ts";
import { absent, type Refusal } from "./refusal.ts";
import type { Store } from "./store.ts";

/** What of a repository has to be here. `listing`: nothing yet but the word of its host that it exists. */
export type WantedOfRepository =
  | { kind: "listing" }
  | { kind: "everything" }
  /** `HEAD` where it is undefined. */
  | { kind: "revision"; revision: string | undefined };

export type Brought =
  | { kind: "here"; from: "cache" | "upstream"; repository: BareRepository }
  /** Upstream says that there is no such revision. */
  | { kind: "missing"; repository: BareRepository }
  /** Upstream refuses: 401, 403, 404 and the like. */
  | { kind: "answered"; status: number }
  /** Neither the cache nor upstream has it. */
  | { kind: "unavailable"; message: string }
  /** Upstream may not be asked, or says something else than the lock. */
  | { kind: "refused"; refusal: Refusal };

/** Repositories of other hosts: in the store, brought there from upstream where that may be asked. */
export interface GitRepositories {
  /**
   * Has the store hold what is wanted, as upstream has it now; once for each URL, where it succeeded. `url` in any
   * spelling, https. Never throws but where the disk or Git fails.
   */
  bring(url: string, wanted: WantedOfRepository, options?: BringOptions): Promise<Brought>;
  /** What was kept of a repository, by whichever run; undefined where nothing was. */
  kept(url: string): Promise<BareRepository | undefined>;
  /** Whether a URL is one of a repository that was kept, or leads into it. */
  holds(url: URL): Promise<boolean>;
}

/** What an Application follows in another repository. */
export interface FollowedRevision {
  url: string;
  /** `HEAD` where it is undefined. */
  revision: string | undefined;
}

export interface BringOptions {
  /** A client's own `Authorization`, for where no credentials are declared. */
  authorization?: string | undefined;
}

export interface GitRepositoriesOptions {
  store: Store;
  lock: Lock;
  upstream: Upstream;
  credentials: Credentials;
  evidence: VendorEvidenceLog;
  /** Why upstream may not be asked, as a clause; undefined where it may. */
  forbidden: string | undefined;
  /** A cache that lacks one of them is not complete: it is older than the wish for it. */
  followed?: readonly FollowedRevision[];
  log?: Log;
  signal?: AbortSignal | undefined;
}

const fullCommit = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

export function createGitRepositories(options: GitRepositoriesOptions): GitRepositories {
  const { store, evidence, forbidden } = options;
  const settled = new Map<string, Promise<Brought>>();

  /** By one URL for all spellings of a repository. */
  const folderOf = (url: string) => store.gitFolder(keyOf(url).toLowerCase());

  async function fromCache(url: string, wanted: WantedOfRepository): Promise<Brought | undefined> {
    const repository = await findBareRepository(folderOf(url));
    if (!repository || !(await satisfies(repository, wanted))) return undefined;
    const missing = wanted.kind === "everything" ? await lacking(url, repository) : undefined;
    return missing === undefined ? { kind: "here", from: "cache", repository } : undefined;
  }

  /** A followed revision that is not here. */
  async function lacking(url: string, repository: BareRepository): Promise<string | undefined> {
    for (const { url: other, revision } of options.followed ?? []) {
      if (folderOf(other) !== folderOf(url)) continue;
      if ((await repository.resolve(revision)) === undefined) return revision ?? "HEAD";
    }
    return undefined;
  }

  async function absentFrom(url: string, wanted: WantedOfRepository, forbidden: string): Promise<Refusal> {
    const refusal = absent(new URL(keyOf(url)), forbidden);
    const repository = await findBareRepository(folderOf(url));
    if (wanted.kind === "listing" || !repository) return refusal;
    const revision =
      wanted.kind === "revision"
        ? (wanted.revision ?? "HEAD")
        : (await repository.isComplete())
          ? await lacking(url, repository)
          : undefined;
    return { ...refusal, message: `${revision ?? "the whole"} of ${refusal.message}` };
  }

  async function bringOnce(url: string, wanted: WantedOfRepository, given: BringOptions): Promise<Brought> {
    const cached = await fromCache(url, wanted);
    if (forbidden !== undefined) {
      if (cached) return checked(url, cached);
      return { kind: "refused", refusal: await absentFrom(url, wanted, forbidden) };
    }
    // A commit does not change.
    if (cached && wanted.kind === "revision" && fullCommit.test(wanted.revision ?? "")) return cached;
    const fetched = await fetchFrom(url, wanted, given);
    if (fetched.kind !== "unavailable" || !cached) return checked(url, fetched);
    return checked(url, cached, fetched.message);
  }

  async function fetchFrom(url: string, wanted: WantedOfRepository, given: BringOptions): Promise<Brought> {
    const { upstream, credentials, signal, log = silentLog } = options;
    await using relay = await openGitRelay({ url, upstream, credentials, ...given });
    const refused = await relay.probe();
    if (refused) return failed(url, refused);
    const folder = folderOf(url);
    const waiting = `Waiting for another rehearsal to fetch ${keyOf(url)}`;
    await using lock = await takeLock({ path: folder, log, signal, waiting });
    const repository = await makeBareRepository(folder);
    try {
      if (wanted.kind === "everything") await repository.fetchEverything(relay.url, lock.signal);
      const found =
        wanted.kind !== "revision" ||
        (await repository.fetchRevision(relay.url, wanted.revision, lock.signal));
      return found ? { kind: "here", from: "upstream", repository } : { kind: "missing", repository };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      signal?.throwIfAborted();
      const failure = relay.failure();
      if (failure) return failed(url, failure);
      const stderr = error.result.stderr.replaceAll(relay.url, url);
      // Of a commit that nobody has.
      if (/not our ref|couldn't find remote ref/i.test(stderr)) return { kind: "missing", repository };
      return { kind: "unavailable", message: `${keyOf(url)} cannot be fetched: ${lastLines(stderr, 1)}` };
    }
  }

  /** Notes where it came from, and holds tags against the lock: those do not move. */
  async function checked(url: string, brought: Brought, why?: string): Promise<Brought> {
    if (brought.kind !== "here") return brought;
    const own = keyOf(url);
    const isOwn = (source: string) => keyOf(source).toLowerCase() === own.toLowerCase();
    for (const entry of options.lock.entries) {
      if (entry.kind !== "git" || !isOwn(entry.source)) continue;
      const found = await brought.repository.tag(entry.version);
      if (found === undefined || found === entry.commit) continue;
      const message = `the commit of ${entry.version} of ${own} has changed: the lock has ${entry.commit}, ${brought.from === "cache" ? "the cache" : "upstream"} has ${found}`;
      return {
        kind: "refused",
        refusal: { kind: "changed", what: own.replace(/^https?:\/\//, ""), message },
      };
    }
    evidence.served(own, brought.from, why);
    return brought;
  }

  return {
    bring(url, wanted, given = {}) {
      const key = JSON.stringify([keyOf(url).toLowerCase(), wanted]);
      const known =
        settled.get(key) ?? (wanted.kind === "listing" ? settled.get(everything(url)) : undefined);
      if (known) return known;
      const work = bringOnce(url, wanted, given);
      settled.set(key, work);
      // What failed may succeed later, with other credentials too.
      const forget = () => settled.delete(key);
      work.then(
        (brought) => (brought.kind === "here" || brought.kind === "missing" ? undefined : forget()),
        forget,
      );
      return work;
    },
    kept: (url) => findBareRepository(folderOf(url)),
    async holds({ origin, pathname }) {
      const parts = pathname.split("/").filter(Boolean);
      const prefixes = parts.map((_, index) => [origin, ...parts.slice(0, index + 1)].join("/"));
      const found = await Promise.all(prefixes.map((prefix) => findBareRepository(folderOf(prefix))));
      return found.some(Boolean);
    },
  };
}

function everything(url: string): string {
  return JSON.stringify([keyOf(url).toLowerCase(), { kind: "everything" }]);
}

async function satisfies(repository: BareRepository, wanted: WantedOfRepository): Promise<boolean> {
  switch (wanted.kind) {
    case "listing":
      return true;
    case "everything":
      return repository.isComplete();
    case "revision":
      return (await repository.resolve(wanted.revision)) !== undefined;
  }
}

function failed(url: string, failure: GitRelayFailure): Brought {
  if (failure.kind === "status") return { kind: "answered", status: failure.status };
  return {
    kind: "unavailable",
    message: `${authorityOfUrl(new URL(url))} cannot be reached: ${failure.reason}`,
  };
}

/** As the lock and the store have it. */
export function keyOf(url: string): string {
  return httpsUrlOf(url) ?? url;
}
