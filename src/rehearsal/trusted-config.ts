import { readFile, realpath } from "node:fs/promises";
import { join, posix, relative, resolve, sep } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { EngineName, EngineSettings, StageText } from "../engine/engine.ts";
import type { Checkout } from "../repository/checkout.ts";
import {
  type Config,
  configFileName,
  emptyConfig,
  type K3dConfigFile,
  parseConfig,
} from "../repository/config.ts";
import { type ConfigOverrides, override } from "../repository/config-overrides.ts";
import { inside, type Tree } from "../repository/tree.ts";
import { messageOf, UsageError } from "../runner/errors.ts";
import type { ConfigFrom } from "./request.ts";
import { stagesInTree, stagesOnDisk } from "./stage-texts.ts";

export interface TrustedConfigRequest {
  checkout: Checkout;
  /** As it lies in the checkout, which may be the change itself, or in the file that the user named. */
  config: Config;
  from: ConfigFrom;
  overrides?: ConfigOverrides | undefined;
  base: Tree;
}

/** The configuration by which a change is rehearsed. */
export interface TrustedConfig {
  config: Config;
  /** Throws UsageError where a file that they name is not there. */
  settings(engine: EngineName): Promise<EngineSettings>;
  /** Where the change would have it otherwise. */
  notes: readonly string[];
}

/**
 * The configuration from where the change cannot edit it. A host volume in a k3d configuration, a toolchain and
 * the choice of a cluster are all code execution, so those never come from the change; of a change that is
 * somebody else's, nothing does. Throws UsageError where there is no configuration that can be trusted.
 */
export async function trustedConfig(request: TrustedConfigRequest): Promise<TrustedConfig> {
  if (request.from === "named") return vouchedFor(request);
  return request.from === "base" ? wholeBase(request) : partOfBase(request);
}

function vouchedFor({ checkout, config, overrides }: TrustedConfigRequest): TrustedConfig {
  const asked = override(config, overrides);
  return {
    config: asked,
    async settings(engine) {
      const file = engine === "k3d" ? asked.k3d.config : undefined;
      const text = file && (await readFromDisk(join(checkout.top, file.path), file.path));
      return settingsOf(asked, text, engine === "simulated" ? await stagesOnDisk(asked, checkout.top) : []);
    },
    notes: [],
  };
}

/**
 * Where the base's own is invalid, there is nothing to go by: a change that mends it is rehearsed by nobody's
 * rules, so it is for a maintainer to merge. `reviewOwnConfig` keeps a change from breaking it.
 */
async function wholeBase({ checkout, overrides, base }: TrustedConfigRequest): Promise<TrustedConfig> {
  const trusted = await readConfig(base, checkout).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`the configuration on the base is invalid: ${error.message}`, {
      where: error.where,
      fix: "No change can be rehearsed by it. Mend it on the base, past the gate: a change's own does not count.",
      cause: error,
    });
  });
  await refuseToolchainOfCheckout(trusted, checkout);
  const config = override(trusted, overrides);
  await refuseCacheOfCheckout(config, checkout);
  return {
    config: { ...config, existing: contextOf(config, trusted) },
    settings: (engine) => settingsFrom(base, engine, { ...config, existing: contextOf(config, trusted) }),
    notes: [],
  };
}

async function partOfBase(request: TrustedConfigRequest): Promise<TrustedConfig> {
  const { checkout, overrides, base } = request;
  const asked = override(request.config, overrides);
  // One that is invalid says nothing: the change may be the one that mends it.
  let trusted = emptyConfig();
  const notes: string[] = [];
  try {
    trusted = await readConfig(base, checkout);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    notes.push(
      `The base says nothing of an engine or a toolchain, as its configuration is invalid: ${error.message}.`,
    );
  }
  if (!isDeepStrictEqual(comparable(trusted), comparable(request.config))) {
    notes.push(
      `The engine, its settings, the toolchain, the cache, credentials and what is allowed are those of the base; what ${configFileName} says of them here counts after the merge.`,
    );
  }
  const config: Config = {
    ...asked,
    engine: trusted.engine,
    simulated: trusted.simulated,
    k3d: trusted.k3d,
    existing: contextOf(asked, trusted),
    toolchain: override(trusted, overrides).toolchain,
    vendor: override(trusted, overrides).vendor,
    credentials: trusted.credentials,
    allow: trusted.allow,
    hostAccess: trusted.hostAccess,
  };
  return {
    config,
    settings: (engine) => settingsFrom(base, engine, config),
    notes,
  };
}

/**
 * Looks at the configuration that the change would leave behind. Gives a note where that differs from the base's.
 * Throws UsageError where it is invalid: merged, it would make every later change fail.
 */
export async function reviewOwnConfig(trusted: Config, merged: Tree, checkout: Checkout): Promise<string[]> {
  const own = await readConfig(merged, checkout);
  if (own.file === trusted.file && isDeepStrictEqual(withoutPlaces(own), withoutPlaces(trusted))) return [];
  return [
    `This change edits ${own.file ?? trusted.file ?? configFileName}. It was rehearsed by that of the base; its own counts after the merge.`,
  ];
}

/** That of the scope, else of the top; an empty one where there is none. Throws UsageError. */
async function readConfig(tree: Tree, { top, scope }: Checkout): Promise<Config> {
  for (const path of new Set([posix.join(scope, configFileName), configFileName])) {
    const text = await tree.read(path);
    if (text !== undefined) return parseConfig(text, { top, file: join(top, path) });
  }
  return emptyConfig();
}

/** A folder of programs in the checkout is the change's, whoever names it. */
async function refuseToolchainOfCheckout({ toolchain, file }: Config, checkout: Checkout): Promise<void> {
  if (toolchain.directory === undefined || !(await liesIn(checkout, toolchain.directory))) return;
  throw new UsageError("toolchain.directory lies in the checkout, where the change can put any program", {
    where: file === undefined ? undefined : { file },
    fix: "Name a folder outside the checkout, or an archive with its checksum.",
  });
}

async function refuseCacheOfCheckout({ vendor: { cache } }: Config, checkout: Checkout): Promise<void> {
  if (cache === undefined || !(await liesIn(checkout, cache))) return;
  throw new UsageError(`the cache ${cache} lies in the checkout, where the change can put any chart`, {
    fix: "Name a folder outside the checkout, below ~/.cache or the runner's temporary folder.",
  });
}

async function liesIn({ top }: Checkout, folder: string): Promise<boolean> {
  const real = await realpath(folder).catch(() => resolve(folder));
  return [folder, real].some((path) => inside(relative(top, path).split(sep).join("/")) !== undefined);
}

/** A context of the command line stays; only the base can say that one which looks like production is meant. */
function contextOf(asked: Config, trusted: Config): Config["existing"] {
  const wanted = asked.existing.named ? undefined : asked.existing.context;
  const context = wanted ?? trusted.existing.context;
  return {
    ...trusted.existing,
    context,
    named: context !== undefined && context === trusted.existing.context,
  };
}

async function settingsFrom(base: Tree, engine: EngineName, config: Config): Promise<EngineSettings> {
  const text = engine === "k3d" ? await readFromBase(config, base) : undefined;
  return settingsOf(config, text, engine === "simulated" ? await stagesInTree(config, base) : []);
}

function settingsOf(
  { k3d, existing }: Config,
  text: string | undefined,
  stages: readonly StageText[],
): EngineSettings {
  const config = k3d.config && { ...k3d.config, text };
  return { simulated: { stages }, k3d: { ...k3d, config }, existing };
}

/** What a change may not decide for itself. A context of the command line is no part of it. */
function comparable(config: Config): unknown {
  const { engine, simulated, k3d, existing, toolchain, allow, hostAccess, vendor, credentials } = config;
  return {
    ...{ engine, toolchain, allow, hostAccess, vendor, credentials },
    stages: simulated.stages.map(({ path }) => path),
    k3d: { ...k3d, config: k3d.config?.path },
    mirror: existing.mirror,
  };
}

function withoutPlaces(config: Config): unknown {
  return JSON.parse(JSON.stringify(config, (key, value) => (key === "place" ? undefined : value)));
}

async function readFromBase({ k3d: { config } }: Config, base: Tree): Promise<string | undefined> {
  const text = config && (await base.read(config.path));
  if (config && text === undefined) throw missing(config);
  return text;
}

async function readFromDisk(file: string, shown: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`the k3d configuration ${shown} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function missing({ path, place }: K3dConfigFile): UsageError {
  return new UsageError(`there is no k3d configuration ${path} on the base`, {
    where: place,
    fix: "Correct k3d.config, or merge the file first: it is never read from the change.",
  });
}
