import { mkdir, readdir } from "node:fs/promises";
import { basename } from "node:path";
import { setInterval } from "node:timers/promises";
import { tryRunGroup } from "../runner/process-group.ts";
import { type BuildPlan, describeBuild } from "./build-progress.ts";
import { explainGoFailure } from "./go.ts";
import type { Recipe } from "./recipe.ts";

export interface GoBuildRequest {
  /** The module's folder, which holds go.mod. */
  folder: string;
  recipe: Recipe;
  /** Receives one file per program, named as Go does. */
  output: string;
  /** For Go's intermediate files. */
  temp: string;
  /** Told what is going on, in words, at most twice a second. */
  report: (detail: string) => void;
  /** Called when a program is there, by the name of its file. */
  onLinked?: (name: string) => void;
  /** Called with what is about to be compiled; may throw to prevent it. */
  onPlan?: (plan: BuildPlan) => Promise<void> | void;
  signal?: AbortSignal | undefined;
}

const pollMs = 500;

/**
 * Compiles all programs of a recipe in one go command, so that they share packages and processors.
 * Downloads what Go's module cache lacks first. Throws InfrastructureError with the reason where Go fails.
 */
export async function goBuild(request: GoBuildRequest): Promise<void> {
  await mkdir(request.output, { recursive: true });
  await mkdir(request.temp, { recursive: true });
  const plan = await planBuild(request);
  await request.onPlan?.(plan);

  const messages: string[] = [];
  const state = { compiled: 0, linked: new Set<string>(), elapsedMs: 0, changedMs: 0 };
  const started = Date.now();
  const look = async () => {
    state.elapsedMs = Date.now() - started;
    for (const name of await readdir(request.output)) {
      if (!plan.programs.has(name) || state.linked.has(name)) continue;
      state.linked.add(name);
      state.changedMs = state.elapsedMs;
      request.onLinked?.(name);
    }
    request.report(describeBuild(plan, state));
  };
  const watching = new AbortController();
  const watch = watchUntil(watching.signal, look);
  try {
    const result = await tryRunGroup(
      "go",
      ["build", "-v", ...request.recipe.flags, "-o", `${request.output}/`, ...request.recipe.packages],
      {
        cwd: request.folder,
        env: { ...request.recipe.env, GOTMPDIR: request.temp },
        signal: request.signal,
        onLine: (line) => {
          if (!plan.stale.has(line)) {
            messages.push(line);
            return;
          }
          state.compiled++;
          state.changedMs = Date.now() - started;
        },
      },
    );
    if (result.exitCode !== 0) throw explainGoFailure("building the toolchain", messages.join("\n"));
  } finally {
    watching.abort();
    await watch;
  }
  state.compiled = plan.stale.size;
  await look();
}

async function watchUntil(end: AbortSignal, look: () => Promise<void>): Promise<void> {
  try {
    for await (const _ of setInterval(pollMs, undefined, { signal: end })) await look();
  } catch (error) {
    if (!end.aborted) throw error;
  }
}

const listFormat = "{{.ImportPath}}\t{{.Stale}}\t{{.DepOnly}}\t{{len .Deps}}\t{{.StaleReason}}";

/** Go's words for a program that is compiled and not linked: programs are never in its cache. */
const onlyToLink = "not installed but available in build cache";

/** Asks Go what there is to compile; this downloads the Go release and the modules where they are missing. */
async function planBuild(request: GoBuildRequest): Promise<BuildPlan> {
  let downloads = 0;
  request.report("reading the modules");
  const result = await tryRunGroup(
    "go",
    ["list", "-deps", ...request.recipe.flags, "-f", listFormat, ...request.recipe.packages],
    {
      cwd: request.folder,
      env: { ...request.recipe.env, GOTMPDIR: request.temp },
      signal: request.signal,
      onLine: (line) => {
        const what = /^go: downloading (\S+)/.exec(line)?.[1];
        if (what === undefined) return;
        downloads++;
        request.report(
          what.startsWith("go1") ? `downloading ${what}` : `downloading modules: ${downloads} so far`,
        );
      },
    },
  );
  if (result.exitCode !== 0) throw explainGoFailure("reading the toolchain's modules", result.stderr);

  const packages = result.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [path = "", stale, dependencyOnly, dependencies, reason] = line.split("\t");
      return {
        path,
        stale: stale === "true" && reason !== onlyToLink,
        root: dependencyOnly === "false",
        dependencies: Number(dependencies),
      };
    });
  return {
    packages: packages.length,
    stale: new Set(packages.filter((entry) => entry.stale).map((entry) => entry.path)),
    programs: new Map(
      packages
        .filter((entry) => entry.root)
        .map((entry) => [goProgramName(entry.path), entry.dependencies] as const),
    ),
  };
}

/** The file name that `go build` gives a program: the last element of its path that is no major version. */
export function goProgramName(importPath: string): string {
  return basename(importPath.replace(/\/v\d+$/, ""));
}
