import { posix } from "node:path";
import { UsageError } from "../runner/errors.ts";
import type { Checkout } from "./checkout.ts";
import { readDeclared } from "./manifests.ts";
import { httpsUrlOf, parseRepositoryUrl, sameRepository } from "./repository-url.ts";
import type { Tree } from "./tree.ts";

/** Under which URLs manifests name the repository under rehearsal. */
export interface Identity {
  urls: readonly string[];
  notes: readonly string[];
}

/**
 * The URLs of the configuration and of the checkout's remotes. A clone of a local folder has none, and a
 * fork has another than its manifests say: there the URL that the manifests themselves follow is taken,
 * if most of the paths that they follow there exist here. `tree` is whose manifests count. Throws UsageError where that leaves it open.
 */
export async function identifyRepository(
  checkout: Checkout,
  configured: { url: string | undefined; aliases: readonly string[] },
  tree: Tree,
): Promise<Identity> {
  const named = [...(configured.url === undefined ? [] : [configured.url]), ...configured.aliases];
  const remotes = checkout.remotes
    .flatMap(({ url, configuredUrl }) => [url, configuredUrl])
    .filter(parseRepositoryUrl);
  const known = [...named, ...remotes];
  const followed = await followedRepositories(tree, checkout.scope);
  if (followed.length === 0 || followed.some(({ url }) => known.some((own) => sameRepository(own, url)))) {
    if (known.length > 0) return { urls: known, notes: [] };
    throw unidentified("no remote says what its URL is");
  }
  const own = followed.find(
    ({ url, plausible }) =>
      plausible && (remotes.length === 0 || remotes.some((remote) => isFork(remote, url))),
  );
  if (!own || named.length > 0) {
    throw unidentified(
      `its manifests follow ${followed.map(({ url }) => url).join(", ")}, and it is ${known.map(httpsUrlOf).join(", ") || "a clone of a folder"}`,
    );
  }
  return {
    urls: [own.url, ...known],
    notes: [
      `This checkout was taken for ${own.url}, which its Applications follow; no remote of it says so.`,
    ],
  };
}

function unidentified(why: string): UsageError {
  return new UsageError(`it is not clear which of the URLs in the manifests is this repository: ${why}`, {
    fix: "Set repository.url in .rehearsal.yaml to the URL that the manifests use.",
  });
}

/** The repositories that Applications take folders from, most followed first. `plausible`: most of them exist here, and the change may have broken the others. */
async function followedRepositories(
  tree: Tree,
  scope: string,
): Promise<{ url: string; plausible: boolean }[]> {
  const { applications, applicationSets } = await readDeclared(tree, scope);
  const sources = [...applications, ...applicationSets]
    .flatMap((declared) => declared.sources)
    .filter((source) => source.chart === undefined && !source.repoURL.includes("{{"));
  const byUrl = Map.groupBy(sources, (source) => httpsUrlOf(source.repoURL) ?? source.repoURL);
  return [...byUrl]
    .toSorted(([, left], [, right]) => right.length - left.length)
    .map(([url, all]) => ({
      url,
      plausible: all.filter(({ path }) => existsIn(tree, path)).length * 2 > all.length,
    }));
}

function existsIn(tree: Tree, path: string | undefined): boolean {
  if (path === undefined || path.includes("{{")) return true;
  return tree.hasFolder(posix.normalize(path).replace(/^\.$|\/$/g, ""));
}

/** Forks keep the name: `me/homelab` of `you/homelab`. */
function isFork(remote: string, url: string): boolean {
  const [mine, theirs] = [parseRepositoryUrl(remote), parseRepositoryUrl(url)];
  return (
    mine !== undefined &&
    theirs !== undefined &&
    posix.basename(mine.path).toLowerCase() === posix.basename(theirs.path).toLowerCase()
  );
}
