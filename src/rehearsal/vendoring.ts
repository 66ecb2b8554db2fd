import type { ArgoCdSettings } from "../argocd/settings.ts";
import type { Config } from "../repository/config.ts";
import type { Roots } from "../repository/roots.ts";
import { openTree } from "../repository/tree.ts";
import { withhold } from "../runner/process.ts";
import { resolveCredentials } from "../vendor/credentials.ts";
import { jointLock, readLock } from "../vendor/lock-file.ts";
import { systemAuthorities } from "../vendor/outside/trust.ts";
import { createUpstream } from "../vendor/outside/upstream.ts";
import { defaultStoreFolder, openStore } from "../vendor/store.ts";
import { openVendor, type Vendor, type VendorOptions } from "../vendor/vendor.ts";
import { declaredSources } from "./declared-sources.ts";
import type { ExaminedChange } from "./examine-change.ts";

/** What is known of other hosts before anything is asked of them. */
export type Vendoring = Omit<VendorOptions, "upstream" | "forbidden"> & {
  offline: boolean;
  egress: "open" | "restricted";
};

/** Throws UsageError for a lock or credentials that are not valid, ChangeError where the change's lock contradicts the base's. */
export async function vendoringOf(
  { request, world, content }: Pick<ExaminedChange, "request" | "world" | "content">,
  known: { roots: Roots; settings: ArgoCdSettings; isRepository: (url: string) => boolean },
): Promise<Vendoring> {
  const { config, checkout } = request;
  const [base, change] = await Promise.all(
    [world.base, world.merge].map(async (commit) =>
      readLock(await openTree(world.gitDir, commit), checkout.scope),
    ),
  );
  const { sources } = await declaredSources({ ...known, content, configFile: config.file });
  const git = sources.flatMap((source) =>
    source.kind === "git" ? [{ url: source.url, revision: source.version }] : [],
  );
  return {
    store: openStore(config.vendor.cache ?? defaultStoreFolder()),
    lock: base && change ? jointLock(base, change) : { entries: [] },
    credentials: resolveCredentials(config.credentials, process.env),
    declared: sources.map(({ url }) => url),
    files: sources.flatMap(({ kind, url }) => (kind === "file" ? [url] : [])),
    git,
    offline: config.offline,
    egress: config.egress ?? "open",
  };
}

/**
 * What the declared credentials hold, to be kept out of all that is told. No program that is started from now on
 * finds them in its environment. Throws UsageError.
 */
export function guardedSecrets({ credentials }: Pick<Config, "credentials">): readonly string[] {
  withhold(credentials.flatMap(({ usernameFrom = [], passwordFrom }) => [passwordFrom].concat(usernameFrom)));
  return resolveCredentials(credentials, process.env).secrets();
}

/**
 * Opens it for clients of the rehearsal. `loopback` is whether they may reach this machine through it. Egress
 * that is restricted leaves them what is in the cache: hosts that the change declares are the change's word.
 */
export async function openVendoring(
  { offline, egress, ...options }: Vendoring,
  { loopback }: { loopback: boolean },
): Promise<Vendor> {
  const restricted = egress === "restricted" ? "egress is restricted" : undefined;
  return openVendor({
    ...options,
    forbidden: offline ? "--offline forbids asking for it" : restricted,
    upstream: createUpstream({
      loopback,
      authorities: await systemAuthorities(),
      environment: process.env,
    }),
  });
}
