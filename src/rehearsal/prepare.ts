import { join } from "node:path";
import { type FetchedChart, fetchChart } from "../argocd/chart.ts";
import { helmEnvironment } from "../argocd/install.ts";
import type { ArgoCdSettings } from "../argocd/settings.ts";
import { prepareWorld, type World } from "../mirror/world.ts";
import { resolveRevision } from "../repository/checkout.ts";
import { type Content, readContent } from "../repository/content.ts";
import { identifyRepository } from "../repository/identity.ts";
import { sameRepository } from "../repository/repository-url.ts";
import { findRoots, type Roots } from "../repository/roots.ts";
import { openTree } from "../repository/tree.ts";
import { asStep } from "../runner/log.ts";
import type { Toolchain } from "../toolchain/toolchain.ts";
import { argoCdSettings } from "./argocd-settings.ts";
import type { RehearsalRequest } from "./request.ts";

/** Everything that is known before a cluster is needed. */
export interface Prepared {
  world: World;
  content: Content;
  roots: Roots;
  settings: ArgoCdSettings;
  chart: FetchedChart | { unavailable: string };
  isRepository(url: string): boolean;
  notes: readonly string[];
}

interface Where {
  folder: string;
  toolchain: Toolchain;
  signal: AbortSignal;
}

/** Makes the world after the merge, under the URLs by which the repository is known. Throws the user's errors. */
export async function makeWorld(request: RehearsalRequest, where: Where): Promise<World> {
  const { checkout, config, log } = request;
  const { signal } = where;
  const identity = await identifyRepository(
    checkout,
    config.repository,
    await resolveRevision(checkout, request.head ?? "HEAD", signal),
  );
  const world = await asStep(log, "Merging head into base", () =>
    prepareWorld({
      checkout,
      base: request.base,
      baseBranch: request.baseBranch ?? config.baseBranch,
      head: request.head,
      worktree: request.worktree,
      pullRequest: request.pullRequest,
      urls: identity.urls,
      folder: join(where.folder, "world"),
      fetch: request.fetch,
      log,
      signal,
    }),
  );
  return { ...world, notes: [...identity.notes, ...world.notes] };
}

/**
 * Works out what to rehearse: the roots in the merge result, and how the repository wants Argo CD.
 * Throws the user's errors in all of that.
 */
export async function prepare(request: RehearsalRequest, world: World, where: Where): Promise<Prepared> {
  const { checkout, config } = request;
  const isRepository = (url: string) => world.urls.some((known) => sameRepository(known, url));
  const content = await readContent(await openTree(world.gitDir, world.merge), checkout.scope);
  const roots = await findRoots({ content, configured: config.roots, isThisRepository: isRepository });
  const { settings, notes } = await argoCdSettings(config.argocd, content, isRepository);
  const chart = await fetchChart(settings, {
    folder: where.folder,
    toolchain: where.toolchain,
    env: helmEnvironment(where.folder),
    signal: where.signal,
  });
  return {
    world,
    content,
    roots,
    settings,
    chart,
    isRepository,
    notes: [...world.notes, ...notes],
  };
}
