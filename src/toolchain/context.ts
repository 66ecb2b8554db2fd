import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Log } from "../runner/log.ts";
import { packageRoot } from "../runner/package-root.ts";
import { pinnedVersions, readGoModules } from "./go-module.ts";
import { type Platform, thisPlatform } from "./platform.ts";
import { type ModuleBuild, toolchainBuilds, toolchainKey } from "./recipe.ts";
import { readRelease } from "./release.ts";
import type { ToolchainVersions } from "./toolchain.ts";

export interface ToolchainOptions {
  /** A folder of the user's with `bin/` and `argocd/`, to be used as it is. */
  directory?: string | undefined;
  /** URL of a release archive, in which `{key}`, `{os}` and `{arch}` are replaced. */
  archive?: string | undefined;
  /** Of the archive, as hexadecimal digits; without it, `<url>.sha256` is asked. */
  archiveSha256?: string | undefined;
  /** Where the release that this is tells of an archive, for those who name none. Default: this package. */
  package?: string | undefined;
  /** The folder that holds toolchains, one per key and platform. Default: `defaultCacheFolder()`. */
  cache?: string | undefined;
  /** The folder of the modules that pin the programs. Default: `ci/toolchain` of this package. */
  module?: string | undefined;
  log: Log;
  signal?: AbortSignal | undefined;
}

/** What the ways to come by a toolchain have in common. */
export interface ToolchainContext {
  options: ToolchainOptions;
  log: Log;
  signal: AbortSignal | undefined;
  builds: readonly ModuleBuild[];
  versions: ToolchainVersions;
  platform: Platform;
  key: string;
  /** Holds toolchains, locks and what is in the making. */
  cache: string;
  /** Where the toolchain for this key and platform is, or will be. */
  folder: string;
}

/** Throws UsageError where this platform cannot run the toolchain. */
export async function toolchainContext(options: ToolchainOptions): Promise<ToolchainContext> {
  const platform = thisPlatform();
  const modules = await readGoModules(options.module ?? join(packageRoot(), "ci/toolchain"));
  const builds = toolchainBuilds(modules, platform);
  const key = await toolchainKey(builds);
  const released = await releasedArchive(options, platform);
  const cache = options.cache ?? defaultCacheFolder();
  return {
    options: { ...options, ...released },
    log: options.log,
    signal: options.signal,
    builds,
    versions: pinnedVersions(modules),
    platform,
    key,
    cache,
    folder: join(cache, `${key}-${platform.os}-${platform.arch}`),
  };
}

/** What a release published for this platform, where the user names nothing else. */
async function releasedArchive(
  options: ToolchainOptions,
  { os, arch }: Platform,
): Promise<Pick<ToolchainOptions, "archive" | "archiveSha256">> {
  const { toolchain } = (options.archive === undefined && (await readRelease(options.package))) || {};
  const sum = toolchain?.sha256[`${os}-${arch}`];
  return sum === undefined ? {} : { archive: toolchain?.archive, archiveSha256: sum };
}

/** `$XDG_CACHE_HOME/rehearsal/toolchain`; the specification has relative values ignored. */
export function defaultCacheFolder(): string {
  const configured = process.env.XDG_CACHE_HOME;
  const base = configured !== undefined && isAbsolute(configured) ? configured : join(homedir(), ".cache");
  return join(base, "rehearsal/toolchain");
}
