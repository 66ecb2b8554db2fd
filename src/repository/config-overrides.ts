import type { Config } from "./config.ts";

/** What a command line or a workflow asks for, which wins over any configuration file. */
export interface ConfigOverrides {
  /** From the top of the repository. */
  roots?: readonly string[] | undefined;
  /** How the roots were asked for, such as `--root`. */
  rootsFrom?: string | undefined;
  timeoutMs?: number | undefined;
  /** Whether nothing may be fetched from other hosts. */
  offline?: boolean | undefined;
  /** The folder with what is kept of other hosts; absolute. */
  cache?: string | undefined;
  /** The context of the kubeconfig. */
  context?: string | undefined;
  /** Absolute. */
  toolchainDirectory?: string | undefined;
  /** The URL of a release archive, and its checksum. */
  toolchainArchive?: { url: string; sha256: string | undefined } | undefined;
}

/** The configuration with what was asked for. */
export function override(config: Config, overrides: ConfigOverrides = {}): Config {
  const { roots, rootsFrom = "--root", timeoutMs, context, offline, cache } = overrides;
  const { existing, toolchain, vendor } = config;
  return {
    ...config,
    roots: roots?.map((path) => ({ path, place: { file: rootsFrom } })) ?? config.roots,
    timeoutMs: timeoutMs ?? config.timeoutMs,
    offline: offline ?? config.offline,
    vendor: cache === undefined ? vendor : { ...vendor, cache },
    existing:
      context === undefined || context === existing.context
        ? existing
        : { ...existing, context, named: false },
    toolchain: overrideToolchain(toolchain, overrides),
  };
}

function overrideToolchain(toolchain: Config["toolchain"], overrides: ConfigOverrides): Config["toolchain"] {
  const { toolchainDirectory: directory, toolchainArchive: archive } = overrides;
  return {
    ...toolchain,
    ...(directory === undefined ? {} : { directory }),
    ...(archive === undefined ? {} : { archive: archive.url, archiveSha256: archive.sha256?.toLowerCase() }),
  };
}
