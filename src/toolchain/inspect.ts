import { readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { InfrastructureError, isExpected } from "../runner/errors.ts";
import { tryRun } from "../runner/process.ts";
import { archiveSpace, archiveUrl, expectedSum } from "./archive.ts";
import { buildSpace, goCaches, goReleases, hasModules } from "./build.ts";
import { inspectCache } from "./cache.ts";
import { type ToolchainContext, type ToolchainOptions, toolchainContext } from "./context.ts";
import { inspectDirectory } from "./directory.ts";
import { codeOf, freeSpace } from "./disk.ts";
import { showUrl } from "./download.ts";
import { installedGo, isGoNewEnough, minimumGo } from "./go.ts";
import { findProblems } from "./inspect-problems.ts";
import type { ProgramReport, SourceReport, ToolchainReport } from "./inspect-report.ts";
import { readManifest, verifyFolder } from "./manifest.ts";
import { type Probe, probePrograms } from "./probe.ts";
import { type Program, programs } from "./toolchain.ts";
import { formatBytes } from "./wording.ts";

const patienceMs = 5_000;

/**
 * Looks at everything that `resolveToolchain` would, changes nothing, and reads every byte of what is cached.
 * What it finds wrong is a problem in the report; only an abort is thrown, and an unsupported platform.
 */
export async function inspectToolchain(options: ToolchainOptions): Promise<ToolchainReport> {
  const context = await toolchainContext(options);
  const { directory } = options;
  const folder = directory === undefined ? context.folder : resolve(directory);
  const go = await installedGo(context.signal);
  const [sources, programReports, git, disks, outdated] = await Promise.all([
    inspectSources(context, go),
    inspectPrograms(folder, context.signal),
    installedGit(context.signal),
    inspectDisks(context),
    findOutdated(context),
  ]);
  const facts = {
    key: context.key,
    platform: context.platform,
    versions: context.versions,
    sources,
    folder,
    programs: programReports,
    system: { node: process.versions.node, git, go },
    disks,
    outdated,
  };
  return { ...facts, problems: findProblems(facts) };
}

function inspectSources(context: ToolchainContext, go: string | undefined): Promise<SourceReport[]> {
  return Promise.all([
    directorySource(context),
    cacheSource(context),
    archiveSource(context),
    buildSource(context, go),
  ]);
}

async function directorySource({ options, signal }: ToolchainContext): Promise<SourceReport> {
  const name = "directory";
  if (options.directory === undefined) return { name, state: "unset", detail: "none is named" };
  const { unfit } = await inspectDirectory(resolve(options.directory), signal);
  return unfit === undefined
    ? { name, state: "ready", detail: options.directory }
    : { name, state: "broken", detail: `${options.directory}: ${unfit}` };
}

async function cacheSource(context: ToolchainContext): Promise<SourceReport> {
  const name = "cache";
  const found = await inspectCache(context, { full: true });
  if (found.state === "absent")
    return { name, state: "absent", detail: `${context.folder} is not there yet` };
  return found.state === "usable"
    ? { name, state: "ready", detail: `${context.folder} (${found.origin})` }
    : { name, state: "broken", detail: `${context.folder}: ${found.why}` };
}

async function archiveSource(context: ToolchainContext): Promise<SourceReport> {
  const name = "archive";
  const { archive } = context.options;
  if (archive === undefined) return { name, state: "unset", detail: "no address is configured" };
  try {
    const url = archiveUrl(archive, context);
    const timeout = AbortSignal.timeout(patienceMs);
    const signal = context.signal === undefined ? timeout : AbortSignal.any([timeout, context.signal]);
    const sum = await expectedSum(context, url, signal).catch((error: unknown) => {
      context.signal?.throwIfAborted();
      if (timeout.aborted) return { unreachable: `${showUrl(url)}: no answer in ${patienceMs / 1000} s` };
      throw error;
    });
    if ("got" in sum) {
      return { name, state: "possible", detail: `${showUrl(url)}, sha256 ${sum.got}`, needs: archiveSpace };
    }
    return { name, state: "absent", detail: "absent" in sum ? sum.absent : sum.unreachable };
  } catch (error) {
    if (!isExpected(error)) throw error;
    return { name, state: "broken", detail: error.message };
  }
}

async function buildSource(context: ToolchainContext, go: string | undefined): Promise<SourceReport> {
  const name = "build";
  if (go === undefined) return { name, state: "absent", detail: "no Go on the PATH" };
  if (!isGoNewEnough(go)) {
    return {
      name,
      state: "broken",
      detail: `Go ${go} is older than ${minimumGo.major}.${minimumGo.minor}`,
    };
  }
  const caches = await goCaches(context.signal);
  const { modules, ...rest } = buildSpace;
  const isDownloaded = await hasModules(context.builds, caches.modules);
  const toCome = isDownloaded ? "" : `; ${formatBytes(modules)} of modules are to be downloaded`;
  return {
    name,
    state: "possible",
    detail: `Go ${go}, running as ${goReleases(context.builds)}${toCome}`,
    needs: Object.values(rest).reduce((sum, bytes) => sum + bytes, isDownloaded ? 0 : modules),
  };
}

async function inspectPrograms(folder: string, signal: AbortSignal | undefined): Promise<ProgramReport[]> {
  if ((await sizeOf(folder)) === undefined) return [];
  const manifest = await readManifest(folder);
  const [probes, verdict] = await Promise.all([
    probePrograms(join(folder, "bin"), signal),
    manifest === undefined ? undefined : verifyFolder(folder, manifest, { full: true }),
  ]);
  const differing = new Set(verdict?.discrepancies.map((discrepancy) => discrepancy.path));
  return Promise.all(
    programs.map(async (name) => ({
      name,
      path: join(folder, "bin", name),
      bytes: await sizeOf(join(folder, "bin", name)),
      version: versionOf(probes, name),
      checksum: verdict === undefined ? "unknown" : differing.has(`bin/${name}`) ? "differs" : "ok",
    })),
  );
}

function versionOf(probes: readonly Probe[], name: Program): string | undefined {
  const probe = probes.find((candidate) => candidate.program === name);
  return probe?.runs ? probe.version : undefined;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

async function installedGit(signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    const { stdout } = await tryRun("git", ["--version"], { signal, timeoutMs: patienceMs });
    return /(\d+\.\d+(?:\.\d+)*)/.exec(stdout)?.[1];
  } catch (error) {
    if (error instanceof InfrastructureError) return undefined;
    throw error;
  }
}

async function inspectDisks(context: ToolchainContext): Promise<ToolchainReport["disks"]> {
  const places = [
    { what: "toolchain cache", folder: context.cache },
    { what: "temporary files", folder: tmpdir() },
  ];
  return Promise.all(
    places.map(async (place) => ({ ...place, freeBytes: (await freeSpace(place.folder)).bytes })),
  );
}

async function findOutdated({ cache, folder }: ToolchainContext): Promise<ToolchainReport["outdated"]> {
  const names = await readdir(cache).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const other = join(cache, name);
      const manifest = other === folder ? undefined : await readManifest(other).catch(() => undefined);
      if (manifest === undefined) return [];
      const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.size, 0);
      return [{ folder: other, bytes }];
    }),
  );
  return found.flat();
}
