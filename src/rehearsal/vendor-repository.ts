import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { createOwnRepository } from "../mirror/own-repository.ts";
import { commitWorktree } from "../mirror/worktree-commit.ts";
import { type Checkout, findCommit, mainRemote, resolveRevision } from "../repository/checkout.ts";
import { type Config, configFileName } from "../repository/config.ts";
import type { ConfigOverrides } from "../repository/config-overrides.ts";
import { type Content, readContent } from "../repository/content.ts";
import { identifyRepository } from "../repository/identity.ts";
import type { RemoteSources, UnknownSource } from "../repository/remote-source.ts";
import { sameRepository } from "../repository/repository-url.ts";
import { findRoots, type Roots } from "../repository/roots.ts";
import { openTree, type Tree } from "../repository/tree.ts";
import { isExpected } from "../runner/errors.ts";
import { asStep, type Log } from "../runner/log.ts";
import { checkSources } from "../vendor/check-sources.ts";
import { noCredentials, resolveCredentials } from "../vendor/credentials.ts";
import { emptyLock, formatLock, type Lock, type LockEntry, lockFileName, parseLock } from "../vendor/lock.ts";
import { systemAuthorities } from "../vendor/outside/trust.ts";
import { createUpstream } from "../vendor/outside/upstream.ts";
import { openSeeds } from "../vendor/seeds.ts";
import { defaultStoreFolder, openStore } from "../vendor/store.ts";
import { openVendor, type Vendor } from "../vendor/vendor.ts";
import { vendorSources } from "../vendor/vendor-sources.ts";
import type { Vendored } from "../vendor/vendored.ts";
import { argoCdSettings } from "./argocd-settings.ts";
import { declaredSources } from "./declared-sources.ts";
import { trustedConfig } from "./trusted-config.ts";

export interface VendorRepositoryRequest {
  /** Opened at the folder whose Applications are rehearsed. */
  checkout: Checkout;
  /** As it lies in the checkout, or in the file that the user named. */
  config: Config;
  configFrom: "checkout" | "named";
  /** Of these, `cache` and `offline` count. */
  overrides: ConfigOverrides;
  /** Folders of archives. */
  seeds: readonly string[];
  /** The lock's file, absolute; undefined for the one beside the configuration. */
  lockFile: string | undefined;
  /** Only look: nothing is fetched or written. */
  check: boolean;
  log: Log;
  signal: AbortSignal;
}

/** What a repository takes from other hosts, and whether it is in the cache. */
export interface VendorReport {
  /** Whether the cache, and the lock, have everything that a rehearsal cannot do without. */
  complete: boolean;
  sources: readonly Vendored[];
  /** What a commit does not tell. */
  unknown: readonly UnknownSource[];
  /** Entries of the lock that nothing asks for. A lock that is written has none. */
  stale: readonly LockEntry[];
  cache: string;
  lock: { file: string; written: boolean };
  notes: readonly string[];
}

/**
 * Has the cache hold what lies in the checkout, committed or not, takes from other hosts, and writes the lock once all
 * of it is there. Throws the user's errors.
 */
export async function vendorRepository(request: VendorRepositoryRequest): Promise<VendorReport> {
  const folder = await mkdtemp(join(tmpdir(), "rehearsal-vendor-"));
  try {
    return await vendorFrom(request, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function vendorFrom(request: VendorRepositoryRequest, folder: string): Promise<VendorReport> {
  const { checkout, check, log, signal } = request;
  const declared = await asStep(log, "Reading what the repository takes from other hosts", () =>
    findDeclared(request, folder),
  );
  const trusted = await readTrusted(request);
  const file = request.lockFile ?? lockFileOf(checkout, request.config);
  const lock = await readLockAt(file, checkout);
  const store = openStore(trusted.config.vendor.cache ?? defaultStoreFolder());
  await using vendor = await openVendorFor(declared.sources, { ...trusted, store, lock, check });
  const seeds = await openSeeds(request.seeds);
  const { sources } = declared;
  const found = check
    ? await checkSources({ sources, vendor, lock, signal })
    : { ...(await vendorSources({ sources, vendor, lock, seeds, log, signal })), stale: [] };
  const failed = found.sources.some((one) => "problem" in one && !one.source.optional);
  const written = !check && !failed;
  if (written) await writeFile(file, formatLock({ entries: entriesOf(found.sources) }));
  return {
    complete: !failed && found.stale.length === 0,
    ...found,
    cache: store.folder,
    lock: { file, written },
    notes: [...declared.notes, ...trusted.notes],
  };
}

/** Reads the checkout as it lies there, by way of a commit of our own. */
async function findDeclared(
  { checkout, config, signal }: VendorRepositoryRequest,
  folder: string,
): Promise<{ sources: RemoteSources; notes: string[] }> {
  const gitDir = join(folder, "own.git");
  const head = await resolveRevision(checkout, "HEAD", signal);
  const git = await createOwnRepository(gitDir, checkout, signal);
  const { commit } = await commitWorktree({ git, gitDir, checkout, head, signal });
  const tree = await openTree(gitDir, commit);
  const identity = await identifyRepository(checkout, config.repository, tree);
  const isRepository = (url: string) => identity.urls.some((known) => sameRepository(known, url));
  const content = await readContent(tree, checkout.scope);
  const { roots, notes } = await rootsOf(content, config, isRepository);
  const { settings } = await argoCdSettings(config.argocd, content, isRepository);
  const sources = await declaredSources({ content, settings, isRepository, roots, configFile: config.file });
  return { sources, notes: [...identity.notes, ...notes] };
}

async function rootsOf(
  content: Content,
  config: Config,
  isThisRepository: (url: string) => boolean,
): Promise<{ roots: Roots | undefined; notes: string[] }> {
  try {
    return { roots: await findRoots({ content, configured: config.roots, isThisRepository }), notes: [] };
  } catch (error) {
    if (!isExpected(error)) throw error;
    const note = `Sources of every Application were taken, whichever root brings it in, because there is no telling: ${error.message}.`;
    return { roots: undefined, notes: [note] };
  }
}

/** The cache, and who is told which secret, as the base has it. */
async function readTrusted(request: VendorRepositoryRequest) {
  const { checkout, config, configFrom: from, overrides } = request;
  const base = await baseTree(checkout, config.baseBranch);
  if (from === "checkout" && !base) {
    const { cache, offline } = overrides;
    const untold = config.credentials.length > 0 || config.vendor.cache !== undefined;
    const note =
      "No base branch is known here, so neither credentials nor a cache were taken from the configuration.";
    return {
      config: { vendor: { cache }, offline: offline ?? false },
      credentials: noCredentials,
      notes: untold ? [note] : [],
    };
  }
  const trusted = await trustedConfig({ checkout, config, from, overrides, base: base ?? emptyTree });
  return {
    config: trusted.config,
    credentials: resolveCredentials(trusted.config.credentials, process.env),
    notes: isDeepStrictEqual(trusted.config.credentials, config.credentials)
      ? []
      : [
          `Credentials are those of the base; what ${configFileName} says of them here counts after the merge.`,
        ],
  };
}

async function baseTree(checkout: Checkout, configured: string | undefined): Promise<Tree | undefined> {
  const branch = configured ?? checkout.defaultBranch;
  if (branch === undefined) return undefined;
  const remote = mainRemote(checkout.remotes)?.name;
  const names = [
    ...(remote === undefined ? [] : [`refs/remotes/${remote}/${branch}`]),
    `refs/heads/${branch}`,
  ];
  for (const name of names) {
    const commit = await findCommit(checkout, name);
    if (commit !== undefined) return openTree(checkout.gitDir, commit);
  }
  return undefined;
}

/** For a file that the user vouches for, no base is read. */
const emptyTree: Tree = {
  commit: "",
  files: [],
  hasFile: () => false,
  hasFolder: () => false,
  below: () => [],
  resolve: () => undefined,
  read: async () => undefined,
  async *readAll() {},
};

async function openVendorFor(
  { sources }: RemoteSources,
  options: Pick<Vendor, "store" | "credentials"> & {
    lock: Lock;
    check: boolean;
    config: { offline: boolean };
  },
): Promise<Vendor> {
  const { store, lock, credentials, check, config } = options;
  return openVendor({
    ...{ store, lock, credentials },
    declared: sources.map(({ url }) => url),
    files: sources.flatMap(({ kind, url }) => (kind === "file" ? [url] : [])),
    forbidden: check
      ? "--check forbids asking for it"
      : config.offline
        ? "--offline forbids asking for it"
        : undefined,
    upstream: createUpstream({
      loopback: true,
      authorities: await systemAuthorities(),
      environment: process.env,
    }),
  });
}

/** Beside the configuration, else in the folder that is rehearsed. */
function lockFileOf({ top, scope }: Checkout, { file }: Config): string {
  const folder = file?.endsWith(configFileName) ? file.slice(0, -configFileName.length) : scope;
  return join(top, folder, lockFileName);
}

async function readLockAt(file: string, { top }: Checkout): Promise<Lock> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? emptyLock : parseLock(text, relative(top, file));
}

/** One for each thing, whoever asks for it. */
function entriesOf(sources: readonly Vendored[]): LockEntry[] {
  const entries = sources.flatMap((one) => ("entry" in one ? [one.entry] : []));
  return [...new Map(entries.map((entry) => [JSON.stringify(entry), entry])).values()];
}
