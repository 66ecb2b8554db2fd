import type { ChartSource, GitSource, RemoteSource, RemoteSources } from "../repository/remote-source.ts";
import type { Digest } from "./digest.ts";
import { chartKey, chartVersions, ociTags, remoteFiles } from "./entry-kinds.ts";
import type { GotRepository } from "./get-git-repository.ts";
import { lockedCommit } from "./get-git-repository.ts";
import { describe, type Lock, type LockEntry } from "./lock.ts";
import { fileKey, ociKey, repositoryKey } from "./source-url.ts";
import type { Vendor } from "./vendor.ts";
import { nameOf, type VendoredSources, walkSources } from "./vendor-sources.ts";
import { resolveVersion } from "./version-range.ts";

/**
 * Looks whether the lock and the cache have each source, and say the same of it. Nothing is fetched or written.
 * `stale` are entries of the lock that nothing asks for.
 */
export async function checkSources(request: {
  sources: RemoteSources;
  vendor: Vendor;
  lock: Lock;
  signal: AbortSignal;
}): Promise<VendoredSources & { stale: readonly LockEntry[] }> {
  const { vendor, lock } = request;
  const used = new Set<LockEntry>();
  const found = await walkSources(request.sources, request.signal, async (source) => {
    const entry = lockedEntry(source, lock);
    if (!entry) return incomplete(`${nameOf(source)} is not in the lock`);
    used.add(entry);
    if (source.kind === "git") return checkGit(source, entry, vendor);
    const kept = await keptDigest(entry, vendor);
    if (kept === undefined) return incomplete(`${describe(entry)} is not in the cache`);
    if (entry.kind === "git" || entry.digest === kept) return { entry, from: "cache" };
    const message = `the digest of ${describe(entry)} has changed: the lock has ${entry.digest}, the cache has ${kept}`;
    return { problem: { kind: "changed", message } };
  });
  return { ...found, stale: lock.entries.filter((entry) => !used.has(entry)) };
}

function incomplete(message: string): GotRepository {
  return { problem: { kind: "incomplete", message } };
}

/** For a range, the highest version that the lock has of it. */
function lockedEntry(source: RemoteSource, lock: Lock): LockEntry | undefined {
  if (source.kind === "file") {
    const key = fileKey(source.url);
    return lock.entries.find((entry) => entry.kind === "file" && entry.source === key);
  }
  if (source.kind === "git") {
    const commit = lockedCommit(source, lock);
    return lock.entries.find(
      (entry) => entry.kind === "git" && entry.source === source.url && entry.commit === commit,
    );
  }
  const of = lock.entries.filter((entry) => isOf(source, entry));
  const best = resolveVersion(
    source.version,
    of.flatMap((entry) => ("version" in entry ? [entry.version] : [])),
  );
  return of.find((entry) => "version" in entry && entry.version === best);
}

function isOf({ kind, url, name }: ChartSource, entry: LockEntry): boolean {
  if (entry.kind !== kind || entry.name !== name) return false;
  return kind === "oci"
    ? ociKey(entry.source) === ociKey(url)
    : repositoryKey(entry.source) === repositoryKey(url);
}

async function checkGit(
  source: GitSource,
  entry: LockEntry,
  { repositories }: Vendor,
): Promise<GotRepository> {
  const repository = await repositories.kept(source.url);
  const commit = entry.kind === "git" ? entry.commit : "";
  const enough = repository && (source.reads === "revision" || (await repository.isComplete()));
  if (!repository || !enough || !(await repository.hasCommit(commit))) {
    return incomplete(`${nameOf(source)} is not in the cache`);
  }
  const kept = await repository.resolve(source.version);
  if (kept === commit) return { entry, from: "cache", at: { repository, commit } };
  const message = `the commit of ${nameOf(source)} has changed: the lock has ${commit}, the cache has ${kept ?? "none"}`;
  return { problem: { kind: "changed", message } };
}

async function keptDigest(entry: LockEntry, { store }: Vendor): Promise<Digest | undefined> {
  const digest = await digestOfEntry(entry, store);
  return digest && (await store.readBlob(digest)) ? digest : undefined;
}

async function digestOfEntry(entry: LockEntry, store: Vendor["store"]): Promise<Digest | undefined> {
  switch (entry.kind) {
    case "helm": {
      const kept = await store.entries(chartVersions, entry.source).read(chartKey(entry.name, entry.version));
      return kept?.digest;
    }
    case "oci": {
      const tags = store.entries(ociTags, ociKey(`${entry.source}/${entry.name}`));
      return (await tags.read(entry.version.replaceAll("+", "_")))?.digest;
    }
    case "file":
      return (await store.entries(remoteFiles, entry.source).read("file"))?.digest;
    case "git":
      return undefined;
  }
}
