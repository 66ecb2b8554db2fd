import { readContent } from "../repository/content.ts";
import type { GitSource, RemoteSource, RemoteSources, UnknownSource } from "../repository/remote-source.ts";
import { findRemoteSources, folderRemoteSources } from "../repository/remote-sources.ts";
import { sameRepository } from "../repository/repository-url.ts";
import { openTree } from "../repository/tree.ts";
import { asStep, type Log } from "../runner/log.ts";
import { getFile } from "./get-file.ts";
import { type GotRepository, getGitRepository } from "./get-git-repository.ts";
import { type GetChart, getHelmChart } from "./get-helm-chart.ts";
import { getOciChart } from "./get-oci-chart.ts";
import type { Vendored } from "./vendored.ts";

export interface VendorSourcesRequest extends GetChart {
  sources: RemoteSources;
  log: Log;
  signal: AbortSignal;
}

/** What became of everything that a repository takes from other hosts, and what nobody can know. */
export interface VendoredSources {
  sources: readonly Vendored[];
  unknown: readonly UnknownSource[];
}

/** Asked for at once. */
const most = 4;
/** Bases that include bases that include bases. */
const deepest = 8;

/** Has the cache hold each source, and what other repositories take from elsewhere in their turn. */
export async function vendorSources(request: VendorSourcesRequest): Promise<VendoredSources> {
  return asStep(request.log, "Getting what other hosts have", async (step) => {
    return walkSources(request.sources, request.signal, async (source) => {
      step.update(nameOf(source));
      return get(source, request);
    });
  });
}

/**
 * Visits each source once, and those that the repositories among them name. `get` says where a repository is,
 * once it is here.
 */
export async function walkSources(
  start: RemoteSources,
  signal: AbortSignal,
  get: (source: RemoteSource) => Promise<GotRepository>,
): Promise<VendoredSources> {
  const seen = new Set<string>();
  const sources: Vendored[] = [];
  const unknown = [...start.unknown];
  let level: readonly RemoteSource[] = start.sources;
  for (let depth = 0; level.length > 0 && depth < deepest; depth++) {
    const fresh = level.filter((source) => !seen.has(keyOf(source)));
    for (const source of fresh) seen.add(keyOf(source));
    const found: RemoteSource[] = [];
    await inParallel(fresh, async (source) => {
      signal.throwIfAborted();
      const { at, ...outcome } = await get(source);
      sources.push({ source, ...outcome });
      if (!at || source.kind !== "git" || source.folder === undefined) return;
      const inner = await sourcesIn(source, at.repository.gitDir, at.commit);
      found.push(...inner.sources);
      unknown.push(...inner.unknown);
    });
    level = found;
  }
  return { sources: sources.toSorted((a, b) => (keyOf(a.source) < keyOf(b.source) ? -1 : 1)), unknown };
}

/** Places are within that repository; whoever named it is where to look. */
async function sourcesIn(source: GitSource, gitDir: string, commit: string): Promise<RemoteSources> {
  const folder = source.folder ?? "";
  const content = await readContent(await openTree(gitDir, commit), folder);
  const isThisRepository = (url: string) => sameRepository(url, source.url);
  const found = [
    await folderRemoteSources(folder, content, source.by),
    ...(source.reads === "everything" ? [await findRemoteSources({ content, isThisRepository })] : []),
  ];
  const by = `${source.by}, by way of ${source.url}`;
  const optional = source.optional ? { optional: true } : {};
  return {
    sources: found.flatMap(({ sources }) =>
      sources.map((one) => ({ ...one, ...optional, by, place: source.place })),
    ),
    unknown: found.flatMap(({ unknown }) =>
      unknown.map(({ why }) => ({ why: `${source.url}: ${why}`, place: source.place })),
    ),
  };
}

function get(source: RemoteSource, request: VendorSourcesRequest): Promise<GotRepository> {
  switch (source.kind) {
    case "helm":
      return getHelmChart(source, request);
    case "oci":
      return getOciChart(source, request);
    case "file":
      return getFile(source, request.vendor, request.lock);
    case "git":
      return getGitRepository(source, request.vendor, request.lock);
  }
}

/** For people: `traefik 41.3.0 of https://traefik.github.io/charts`. */
export function nameOf(source: RemoteSource): string {
  if (source.kind === "file") return source.url;
  if (source.kind === "git") return `${source.version ?? "HEAD"} of ${source.url}`;
  return `${[source.name, source.version].filter(Boolean).join(" ")} of ${source.url}`;
}

function keyOf(source: RemoteSource): string {
  const { place: _, by: __, optional: ___, ...rest } = source;
  return JSON.stringify(rest);
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: most }, worker));
}
