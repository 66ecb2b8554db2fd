import { rm } from "node:fs/promises";
import { join } from "node:path";
import { requireGo } from "../../src/toolchain/go.ts";
import { goBuild } from "../../src/toolchain/go-build.ts";
import { readGoModule } from "../../src/toolchain/go-module.ts";
import { thisPlatform } from "../../src/toolchain/platform.ts";
import { moduleRecipe, toolchainKey } from "../../src/toolchain/recipe.ts";
import { cached, type Workshop } from "./cache.ts";

/** Folders with a go.mod each, as one module has one version of everything. */
export type ProgramModule = "programs" | "containers" | "kubernetes" | "dns" | "local-path" | "registry";

/** Where the programs of a module are, and a key over all that they are made from. */
export interface Programs {
  folder: string;
  key: string;
}

/**
 * Compiles the programs of one module, or finds them in the cache. The flags are the toolchain's: Go then has
 * most packages compiled already.
 */
export async function buildPrograms(workshop: Workshop, name: ProgramModule): Promise<Programs> {
  const { signal } = workshop;
  const module = await readGoModule(join(import.meta.dirname, name));
  const recipe = moduleRecipe(module, thisPlatform());
  const key = await toolchainKey([{ module, recipe }]);
  const title = `Building the stand-in's ${name} from source (once)`;
  const folder = await cached(workshop, { name, key, title }, async (staging, step) => {
    await requireGo(signal);
    const temp = join(staging, "go-temp");
    await goBuild({
      folder: module.folder,
      recipe,
      output: staging,
      temp,
      signal,
      report: (detail) => step.update(detail),
    });
    await rm(temp, { recursive: true });
  });
  return { folder, key };
}
