import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { EngineName, EngineSettings } from "../engine/engine.ts";
import type { Checkout } from "../repository/checkout.ts";
import { type Config, configFileName, type K3dConfigFile, parseConfig } from "../repository/config.ts";
import type { Tree } from "../repository/tree.ts";
import { messageOf, UsageError } from "../runner/errors.ts";

export interface EngineChoiceRequest {
  checkout: Checkout;
  /** As it lies in the checkout, which may be the change itself. */
  config: Config;
  /** Whether the user named the configuration file, and so vouches for it. */
  vouched: boolean;
  /** The base, read where it is needed. */
  base(): Promise<Tree>;
}

export interface EngineChoice {
  /** The engine that the configuration names. */
  engine: EngineName | undefined;
  settings: EngineSettings;
  /** Where the change would have it otherwise. */
  notes: readonly string[];
}

/**
 * Which engine the configuration names and what it is told, from where the change cannot edit it: a host
 * volume in a k3d configuration is code execution, and so is the choice of a cluster. That is the base, or the
 * file that the user named. Throws UsageError where a file that it names is not there.
 */
export async function engineChoice(request: EngineChoiceRequest): Promise<EngineChoice> {
  const { checkout, config } = request;
  if (request.vouched) {
    const file = config.k3d.config;
    const text = file && (await readFromDisk(join(checkout.top, file.path), file.path));
    return { engine: config.engine, settings: withText(config, text), notes: [] };
  }
  const base = await request.base();
  const { trusted, notes } = await configOf(base, checkout);
  const file = trusted.k3d.config;
  const text = file && (await base.read(file.path));
  if (file && text === undefined) throw missing(file);
  const differs = !isDeepStrictEqual(comparable(trusted), comparable(config));
  return {
    engine: trusted.engine,
    settings: withText({ k3d: trusted.k3d, existing: contextOf(config, trusted) }, text),
    notes: differs
      ? [
          ...notes,
          `The engine and its settings are those of the base; what ${configFileName} says of them here counts after the merge.`,
        ]
      : notes,
  };
}

/** A context of the command line stays; only the base can say that one which looks like production is meant. */
function contextOf(config: Config, trusted: Config): Config["existing"] {
  const asked = config.existing.named ? undefined : config.existing.context;
  const context = asked ?? trusted.existing.context;
  return {
    ...trusted.existing,
    context,
    named: context !== undefined && context === trusted.existing.context,
  };
}

/** One that is invalid says nothing: the change may be the one that mends it. */
async function configOf(
  tree: Tree,
  { top, scope }: Checkout,
): Promise<{ trusted: Config; notes: readonly string[] }> {
  const nothing = () => parseConfig("", { top, file: join(top, configFileName) });
  for (const path of new Set([posix.join(scope, configFileName), configFileName])) {
    const text = await tree.read(path);
    if (text === undefined) continue;
    try {
      return { trusted: parseConfig(text, { top, file: join(top, path) }), notes: [] };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return {
        trusted: nothing(),
        notes: [`The base says nothing of an engine, as its configuration is invalid: ${error.message}.`],
      };
    }
  }
  return { trusted: nothing(), notes: [] };
}

function withText({ k3d, existing }: EngineSettings, text: string | undefined): EngineSettings {
  return { k3d: { ...k3d, config: k3d.config && { ...k3d.config, text } }, existing };
}

/** What a change may not decide for itself. A context of the command line is no part of it. */
function comparable({ engine, k3d: { config, ...k3d }, existing: { mirror } }: Config): unknown {
  return { engine, k3d, config: config?.path, mirror };
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
