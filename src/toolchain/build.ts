import { copyFile, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { formatDuration } from "../runner/duration.ts";
import { InfrastructureError } from "../runner/errors.ts";
import { run } from "../runner/process.ts";
import type { ToolchainContext } from "./context.ts";
import { requireSpace } from "./disk.ts";
import { requireGo } from "./go.ts";
import { goBuild } from "./go-build.ts";
import { pinOf } from "./go-module.ts";
import type { Produced, Workplace } from "./producer.ts";
import { type ModuleBuild, programName } from "./recipe.ts";
import { argocdManifestsFolder, argocdScriptFiles, programs } from "./toolchain.ts";

/** Bytes, measured with Go 1.27 on linux/amd64; preflights and `doctor` go by them. */
export const buildSpace = {
  /** Go's module cache, when it has none of the modules. */
  modules: 2.4e9,
  /** Go's build cache, when it has none of the packages. */
  compiled: 4e9,
  /** Go keeps every package that it compiled a second time, in its temporary folder, until it ends. */
  temporary: 4e9,
  /** The programs, and one while it is linked. */
  programs: 1.1e9,
} as const;

/** Compiles all programs with `go build`, into `staging`. */
export async function fromBuild(context: ToolchainContext, workplace: Workplace): Promise<Produced> {
  const { staging, signal } = workplace;
  await requireGo(signal);
  const caches = await goCaches(signal);
  if (!(await hasModules(context.builds, caches.modules))) {
    await requireSpace("downloading the toolchain's modules", [
      { folder: caches.modules, bytes: buildSpace.modules, what: "Go's modules" },
    ]);
  }
  const output = join(staging, "go-output");
  const temp = join(staging, "go-temp");
  const started = Date.now();
  const step = context.log.step("Building the toolchain from source (once)");
  try {
    for (const { module, recipe } of context.builds) {
      await goBuild({
        folder: module.folder,
        recipe,
        output,
        temp,
        signal,
        onPlan: ({ packages, stale }) =>
          requireSpace("building the toolchain", [
            {
              folder: caches.builds,
              bytes: (buildSpace.compiled * stale.size) / packages,
              what: "Go's build cache",
            },
            {
              folder: staging,
              bytes: buildSpace.programs + (buildSpace.temporary * stale.size) / packages,
              what: "the programs",
            },
          ]),
        report: (detail) => {
          step.update(detail);
          workplace.announce(`building: ${detail}`);
        },
        onLinked: (name) =>
          context.log.debug(`linked ${programName(name)} after ${formatDuration(Date.now() - started)}`),
      });
    }
    await gatherPrograms(output, join(staging, "bin"));
    await gatherArgocdFiles(context, join(staging, "argocd"), signal);
    await rm(output, { recursive: true });
    await rm(temp, { recursive: true });
  } catch (error) {
    step.failed();
    if (signal.aborted) {
      context.log.info(
        "The build was interrupted. What is compiled stays in Go's build cache: the next start goes on from there.",
      );
    }
    throw error;
  }
  step.done(`${programs.length} programs in ${formatDuration(Date.now() - started)}`);
  return { origin: `built from source with Go ${goReleases(context.builds)}` };
}

/** The folders of Go's caches. Asked from elsewhere and `local`, so that nothing is downloaded for it. */
export async function goCaches(signal?: AbortSignal): Promise<{ builds: string; modules: string }> {
  const { stdout } = await run("go", ["env", "-json", "GOCACHE", "GOMODCACHE"], {
    cwd: tmpdir(),
    env: { GOTOOLCHAIN: "local" },
    signal,
  });
  const env = JSON.parse(stdout) as { GOCACHE: string; GOMODCACHE: string };
  return { builds: env.GOCACHE, modules: env.GOMODCACHE };
}

/** The releases of Go that the builds ask for, for people. */
export function goReleases(builds: readonly ModuleBuild[]): string {
  return [...new Set(builds.map(({ module }) => module.goVersion))].join(" and ");
}

/** Whether the big modules are downloaded. Their paths have no capitals, which Go would escape. */
export async function hasModules(builds: readonly ModuleBuild[], cache: string): Promise<boolean> {
  const modules = builds.map(({ module }) => module);
  const big = (["kubernetes", "argocd", "helm", "k3d"] as const).map((name) => pinOf(modules, name));
  const found = await Promise.all(
    big.map(({ path, version }) =>
      stat(join(cache, `${path}@${version}`)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}

async function gatherPrograms(output: string, bin: string): Promise<void> {
  await mkdir(bin);
  for (const name of await readdir(output)) await rename(join(output, name), join(bin, programName(name)));
  const made = await readdir(bin);
  const missing = programs.filter((program) => !made.includes(program));
  if (missing.length > 0) throw new Error(`no tool line in go.mod makes ${missing.join(", ")}`);
}

/** What Argo CD's image carries besides the program comes from its module, which is downloaded by now. */
async function gatherArgocdFiles(
  { builds }: ToolchainContext,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const { path, by } = pinOf(
    builds.map(({ module }) => module),
    "argocd",
  );
  const { stdout } = await run("go", ["list", "-m", "-f", "{{.Dir}}", path], {
    cwd: by.folder,
    env: builds.find(({ module }) => module === by)?.recipe.env ?? {},
    signal,
  });
  const source = stdout.trim();
  if (source === "") throw new InfrastructureError(`Go's module cache has lost ${path}`);
  const files = [
    ...argocdScriptFiles.map((file) => file.slice("argocd/".length)),
    ...(await filesBelow(source, argocdManifestsFolder.slice("argocd/".length))),
  ];
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    // Not `cp`: it would take over the read-only folders of the module cache.
    await copyFile(join(source, file), join(folder, file));
  }
}

async function filesBelow(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}
