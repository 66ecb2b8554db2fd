import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { EngineSettings } from "../engine/engine.ts";
import type { Checkout } from "../repository/checkout.ts";
import { type Config, configFileName, parseConfig } from "../repository/config.ts";
import type { Tree } from "../repository/tree.ts";
import { messageOf, UsageError } from "../runner/errors.ts";

export interface EngineSettingsRequest {
  checkout: Checkout;
  /** As it lies in the checkout, which may be the change itself. */
  config: Config;
  /** Whether the user named the configuration file, and so vouches for it. */
  vouched: boolean;
  /** The base, read where it is needed. */
  base(): Promise<Tree>;
}

/**
 * What the engine is told, from where the change cannot edit it: a host volume in a k3d configuration is
 * code execution, and so is the choice of a cluster. That is the base, or the file that the user named.
 * Notes say where the change differs. Throws UsageError where a file that it names is not there.
 */
export async function engineSettings(
  request: EngineSettingsRequest,
): Promise<{ settings: EngineSettings; notes: readonly string[] }> {
  const { checkout, config } = request;
  if (request.vouched) {
    const file = config.k3d.config;
    const text = file && (await readFromDisk(join(checkout.top, file.path), file.path));
    return { settings: withText(config, text), notes: [] };
  }
  const base = await request.base();
  const trusted = await configOf(base, checkout);
  const file = trusted.k3d.config;
  const text = file && (await base.read(file.path));
  if (file && text === undefined) throw missing(file.path, "on the base", file.place);
  const differs =
    !isDeepStrictEqual(comparable(trusted.k3d), comparable(config.k3d)) ||
    !isDeepStrictEqual(trusted.existing.mirror, config.existing.mirror);
  return {
    settings: withText({ k3d: trusted.k3d, existing: contextOf(config, trusted) }, text),
    notes: differs
      ? [
          `The engine's settings are those of the base; what ${configFileName} says here counts after the merge.`,
        ]
      : [],
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

async function configOf(tree: Tree, { top, scope }: Checkout): Promise<Config> {
  for (const path of new Set([posix.join(scope, configFileName), configFileName])) {
    const text = await tree.read(path);
    if (text !== undefined) return parseConfig(text, { top, file: join(top, path) });
  }
  return parseConfig("", { top, file: join(top, configFileName) });
}

function withText({ k3d, existing }: EngineSettings, text: string | undefined): EngineSettings {
  return { k3d: { ...k3d, config: k3d.config && { ...k3d.config, text } }, existing };
}

function comparable({ config, ...rest }: Config["k3d"]): unknown {
  return { ...rest, config: config?.path };
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

function missing(path: string, where: string, place: UsageError["where"]): UsageError {
  return new UsageError(`there is no k3d configuration ${path} ${where}`, {
    where: place,
    fix: "Correct k3d.config, or merge the file first: it is never read from the change.",
  });
}
