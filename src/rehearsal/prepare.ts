import type { ArgoCdSettings } from "../argocd/settings.ts";
import type { World } from "../mirror/world.ts";
import type { ChangedFile } from "../repository/changed-files.ts";
import type { Content } from "../repository/content.ts";
import { sameRepository } from "../repository/repository-url.ts";
import { findRoots, type Roots } from "../repository/roots.ts";
import type { Toolchain } from "../toolchain/toolchain.ts";
import { argoCdSettings } from "./argocd-settings.ts";
import { type BootstrapChart, fetchBootstrapChart } from "./bootstrap-chart.ts";
import type { ExaminedChange } from "./examine-change.ts";
import { type Vendoring, vendoringOf } from "./vendoring.ts";
import type { WeakenedSetting } from "./verdict.ts";

/** Everything that is known before a cluster is needed. */
export interface Prepared {
  world: World;
  content: Content;
  roots: Roots;
  settings: ArgoCdSettings;
  bootstrap: BootstrapChart;
  vendoring: Vendoring;
  isRepository(url: string): boolean;
  changed: readonly ChangedFile[];
  weakened: readonly WeakenedSetting[];
  notes: readonly string[];
}

interface Where {
  folder: string;
  toolchain: Toolchain;
  signal: AbortSignal;
}

/**
 * Works out what to rehearse: the roots in the merge result, and how the repository wants Argo CD.
 * Throws the user's errors in all of that.
 */
export async function prepare(examined: ExaminedChange, where: Where): Promise<Prepared> {
  const { request, world, content, changed, weakened } = examined;
  const { config } = request;
  const isRepository = (url: string) => world.urls.some((known) => sameRepository(known, url));
  const roots = await findRoots({ content, configured: config.roots, isThisRepository: isRepository });
  const { settings, notes } = await argoCdSettings(config.argocd, content, isRepository);
  const vendoring = await vendoringOf(examined, { roots, settings, isRepository });
  const bootstrap = await fetchBootstrapChart(settings, { ...where, world, vendoring });
  return {
    world,
    content,
    roots,
    settings,
    bootstrap,
    vendoring,
    isRepository,
    ...{ changed, weakened },
    notes: [...examined.notes, ...notes],
  };
}
