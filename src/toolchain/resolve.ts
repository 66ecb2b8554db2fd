import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { InfrastructureError, isExpected, UsageError } from "../runner/errors.ts";
import { fromArchive } from "./archive.ts";
import { fromBuild } from "./build.ts";
import { fromCache, inspectCache } from "./cache.ts";
import { type ToolchainContext, type ToolchainOptions, toolchainContext } from "./context.ts";
import { fromDirectory } from "./directory.ts";
import { codeOf, explainFileError } from "./disk.ts";
import { takeLock } from "./lock.ts";
import { describeFolder, writeManifest } from "./manifest.ts";
import { probePrograms } from "./probe.ts";
import type { Producer, Workplace } from "./producer.ts";
import { type Toolchain, toolchainIn } from "./toolchain.ts";

/** Asked in this order; each gives undefined where its way leads nowhere. */
const resolvers = [fromDirectory, fromCache, produced] satisfies ((
  context: ToolchainContext,
) => Promise<Toolchain | undefined>)[];

/** Ways to fill our cache, in this order. */
const producers: readonly Producer[] = [fromArchive, fromBuild];

/**
 * Gives a complete toolchain: of the user's directory, our cache, a release archive, or `go build`.
 * Throws UsageError where the directory is unfit or Go is needed and missing, InfrastructureError where
 * disk, network, checksum or compiler fail, and the signal's reason where that aborts.
 */
export async function resolveToolchain(options: ToolchainOptions): Promise<Toolchain> {
  const context = await toolchainContext(options);
  for (const resolve of resolvers) {
    const toolchain = await resolve(context);
    if (toolchain === undefined) continue;
    context.log.debug(`toolchain ${context.key}: ${toolchain.origin}, ${toolchain.bin}`);
    return toolchain;
  }
  throw new Error("the last resolver gave nothing");
}

/** Makes the toolchain and installs it in our cache; one process at a time. */
async function produced(context: ToolchainContext): Promise<Toolchain> {
  try {
    await using lock = await takeLock({ path: context.folder, log: context.log, signal: context.signal });
    const cached = await inspectCache(context); // the process that had the lock may have filled it
    if (cached.state === "usable") return toolchainIn(context.folder, context.versions, "cache");
    if (cached.state === "damaged") {
      context.log.warn(`The toolchain in ${context.folder} is damaged: ${cached.why}. It is replaced.`);
    }
    await removeLeftovers(context);
    const staging = `${context.folder}.staging-${randomBytes(4).toString("hex")}`;
    try {
      await mkdir(staging);
      const origin = await produceInto(context, { staging, signal: lock.signal, announce: lock.announce });
      lock.signal.throwIfAborted();
      await install(context, staging);
      return toolchainIn(context.folder, context.versions, origin);
    } finally {
      await rm(staging, { recursive: true, force: true, maxRetries: 3 });
    }
  } catch (error) {
    throw explainFileError(error, context.cache);
  }
}

async function produceInto(context: ToolchainContext, workplace: Workplace): Promise<string> {
  const passed: string[] = [];
  for (const produce of producers) {
    try {
      const result = await produce(context, workplace);
      if ("passed" in result) {
        passed.push(result.passed);
        continue;
      }
      await finish(context, workplace, result.origin);
      return result.origin;
    } catch (error) {
      throw withReasons(error, passed);
    }
  }
  throw new Error("no producer made a toolchain");
}

/** An error of the last way mentions why the ways before it were not taken. */
function withReasons(error: unknown, passed: readonly string[]): unknown {
  const reasons = passed.filter((reason) => reason !== "");
  if (!isExpected(error) || reasons.length === 0) return error;
  const message = `${error.message} (${reasons.join("; ")})`;
  const details = { where: error.where, fix: error.fix, cause: error };
  return error instanceof UsageError
    ? new UsageError(message, details)
    : new InfrastructureError(message, details);
}

/** Checks that every program runs here, and writes the manifest. */
async function finish(
  context: ToolchainContext,
  { staging, signal, announce }: Workplace,
  origin: string,
): Promise<void> {
  announce("checking the programs");
  const { key, platform } = context;
  await writeManifest(staging, await describeFolder(staging, { key, platform, origin }));
  const broken = (await probePrograms(join(staging, "bin"), signal)).filter((probe) => !probe.runs);
  if (broken.length === 0) return;
  const list = broken.map((probe) => `${probe.program} (${probe.why})`).join(", ");
  throw new InfrastructureError(`programs ${origin} do not run on this machine: ${list}`);
}

/** Puts a finished folder in place by renaming, so that nobody ever sees half of it. */
async function install({ folder }: ToolchainContext, staging: string): Promise<void> {
  const old = `${folder}.old-${randomBytes(4).toString("hex")}`;
  await rename(folder, old).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
  });
  await rename(staging, folder);
  await rm(old, { recursive: true, force: true });
}

/** What a killed process left half-made. Safe under the lock. */
async function removeLeftovers({ cache, folder }: ToolchainContext): Promise<void> {
  const prefixes = [".staging-", ".old-"].map((suffix) => `${basename(folder)}${suffix}`);
  for (const name of await readdir(cache)) {
    if (prefixes.some((prefix) => name.startsWith(prefix))) {
      await rm(join(cache, name), { recursive: true, force: true });
    }
  }
}
