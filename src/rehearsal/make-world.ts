import { join } from "node:path";
import { prepareWorld, type World } from "../mirror/world.ts";
import { resolveRevision } from "../repository/checkout.ts";
import { type Identity, identifyRepository } from "../repository/identity.ts";
import { openTree, type Tree } from "../repository/tree.ts";
import { asStep } from "../runner/log.ts";
import type { RehearsalRequest } from "./request.ts";
import { reviewOwnConfig, type TrustedConfig, trustedConfig } from "./trusted-config.ts";

export interface MadeWorld {
  world: World;
  /** The two sides of the merge, before anything was rewritten. */
  base: Tree;
  merged: Tree;
  trusted: TrustedConfig;
}

/**
 * Makes the world after the merge, and says by which configuration it is rehearsed. Of a change that is
 * somebody else's, the URLs too by which the repository is known come from the base: a change that has all
 * Applications follow a repository of its own would otherwise be served from here. Throws the user's errors.
 */
export async function makeWorld(
  request: RehearsalRequest,
  where: { folder: string; signal: AbortSignal },
): Promise<MadeWorld> {
  return asStep(request.log, "Merging head into base", () =>
    request.configFrom === "base" ? fromBase(request, where) : fromCheckout(request, where),
  );
}

async function fromBase(request: RehearsalRequest, where: Where): Promise<MadeWorld> {
  const { checkout } = request;
  // Not the file's baseBranch: which branch is the base decides which file is read.
  let seen: { base: Tree; trusted: TrustedConfig; identity: Identity } | undefined;
  const world = await merge(request, where, request.baseBranch, async ({ gitDir, commit }) => {
    const base = await openTree(gitDir, commit);
    const trusted = await trust(request, base);
    const identity = await identifyRepository(checkout, trusted.config.repository, base);
    seen = { base, trusted, identity };
    return identity.urls;
  });
  if (!seen) throw new Error("a world without a base");
  const { base, trusted, identity } = seen;
  const merged = await openTree(world.gitDir, world.mergedTree);
  const pending = await reviewOwnConfig(trusted.config, merged, checkout);
  const notes = [...trusted.notes, ...pending];
  return {
    world: { ...world, notes: [...identity.notes, ...world.notes] },
    ...{ base, merged },
    trusted: { ...trusted, notes },
  };
}

async function fromCheckout(request: RehearsalRequest, where: Where): Promise<MadeWorld> {
  const { checkout, config } = request;
  const head = await resolveRevision(checkout, request.head ?? "HEAD", where.signal);
  const identity = await identifyRepository(
    checkout,
    config.repository,
    await openTree(checkout.gitDir, head),
  );
  const baseBranch = request.baseBranch ?? config.baseBranch;
  const world = await merge(request, where, baseBranch, identity.urls);
  const [base, merged] = await Promise.all([
    openTree(world.gitDir, world.base),
    openTree(world.gitDir, world.mergedTree),
  ]);
  return {
    world: { ...world, notes: [...identity.notes, ...world.notes] },
    ...{ base, merged },
    trusted: await trust(request, base),
  };
}

interface Where {
  folder: string;
  signal: AbortSignal;
}

function trust(request: RehearsalRequest, base: Tree): Promise<TrustedConfig> {
  const { checkout, config, configFrom: from, overrides } = request;
  return trustedConfig({ checkout, config, from, overrides, base });
}

function merge(
  request: RehearsalRequest,
  { folder, signal }: Where,
  baseBranch: string | undefined,
  urls: Parameters<typeof prepareWorld>[0]["urls"],
): Promise<World> {
  const { checkout, base, head, worktree, pullRequest, log, overrides } = request;
  const fetch = request.fetch && !overrides?.offline;
  return prepareWorld({
    ...{ checkout, base, baseBranch, head, worktree, pullRequest, urls, fetch, log, signal },
    folder: join(folder, "world"),
  });
}
