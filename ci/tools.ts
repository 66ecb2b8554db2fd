import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { InfrastructureError } from "../src/runner/errors.ts";
import { packageRoot } from "../src/runner/package-root.ts";
import { lastLines, tryRun } from "../src/runner/process.ts";
import { defaultCacheFolder } from "../src/toolchain/context.ts";
import { installedGo, isGoNewEnough } from "../src/toolchain/go.ts";
import { goBuild } from "../src/toolchain/go-build.ts";
import { readGoModule } from "../src/toolchain/go-module.ts";
import { takeLock } from "../src/toolchain/lock.ts";
import { thisPlatform } from "../src/toolchain/platform.ts";
import { moduleRecipe, toolchainKey } from "../src/toolchain/recipe.ts";
import { cached, type Workshop } from "./stand-in/cache.ts";

/** Programs by name, each a command and its first arguments; or why this machine cannot have them. */
export type Tools<Name extends string> =
  | Record<Name, readonly [string, ...string[]]>
  | { unavailable: string };

const folder = () => join(packageRoot(), "ci/tools");

/**
 * What runs workflows, and what checks them: pinned by ci/tools/go.mod, compiled once into a cache. Throws
 * InfrastructureError where Go is there and the build fails.
 */
export async function goTools(workshop: Workshop): Promise<Tools<"act" | "actionlint">> {
  const version = await installedGo(workshop.signal);
  if (version === undefined || !isGoNewEnough(version))
    return { unavailable: version === undefined ? "no Go on the PATH" : `Go ${version} is too old` };
  const module = await readGoModule(folder());
  const recipe = moduleRecipe(module, thisPlatform());
  const key = await toolchainKey([{ module, recipe }]);
  const title = "Building act and actionlint from source (once)";
  const bin = await inCache(workshop, { name: "go", key, title }, async (output, report, signal) => {
    const temp = join(output, "go-temp");
    await goBuild({ folder: module.folder, recipe, output, temp, signal, report });
    await rm(temp, { recursive: true });
  });
  return { act: [join(bin, "act")], actionlint: [join(bin, "actionlint")] };
}

/**
 * Checkers that are Python packages, pinned with their hashes by ci/tools/requirements.txt, in a virtual
 * environment in the cache. Throws InfrastructureError where Python is there and pip fails.
 */
export async function pythonTools(workshop: Workshop): Promise<Tools<"zizmor" | "check-jsonschema">> {
  const unavailable = await missingPython(workshop.signal);
  if (unavailable !== undefined) return { unavailable };
  const requirements = join(folder(), "requirements.txt");
  const version = await tryRun("python3", ["--version"]);
  const key = createHash("sha256")
    .update(version.stdout + (await readFile(requirements, "utf8")))
    .digest("hex")
    .slice(0, 16);
  const title = "Installing zizmor and check-jsonschema (once)";
  const made = await inCache(workshop, { name: "python", key, title }, async (output, report, signal) => {
    await succeed(["-m", "venv", output], "python3", signal);
    const pip = ["-m", "pip", "install", "--require-hashes", "--no-input", "--disable-pip-version-check"];
    report("pip install");
    await succeed([...pip, "-q", "-r", requirements], join(output, "bin/python3"), signal);
  });
  // Scripts name the folder that they were installed into, which was another; programs and modules do not.
  return {
    zizmor: [join(made, "bin/zizmor")],
    "check-jsonschema": [join(made, "bin/python3"), "-m", "check_jsonschema"],
  };
}

async function inCache(
  { log, signal }: Workshop,
  part: { name: string; key: string; title: string },
  make: (output: string, report: (detail: string) => void, signal: AbortSignal) => Promise<void>,
): Promise<string> {
  const cache = join(dirname(defaultCacheFolder()), "ci-tools");
  await using lock = await takeLock({ path: cache, log, signal });
  return cached({ log, signal: lock.signal }, { ...part, cache }, (output, step) =>
    make(output, (detail) => step.update(detail), lock.signal),
  );
}

async function missingPython(signal: AbortSignal | undefined): Promise<string | undefined> {
  const probe = "import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 10))";
  try {
    const { exitCode } = await tryRun("python3", ["-c", probe], { signal });
    return exitCode === 0 ? undefined : "python3 is older than 3.10, or lacks venv or ensurepip";
  } catch (error) {
    if (error instanceof InfrastructureError) return "no python3 on the PATH";
    throw error;
  }
}

async function succeed(args: readonly string[], python: string, signal: AbortSignal): Promise<void> {
  const { exitCode, stderr } = await tryRun(python, args, { signal });
  if (exitCode !== 0)
    throw new InfrastructureError(`installing the checkers of workflows failed: ${lastLines(stderr, 3)}`);
}
