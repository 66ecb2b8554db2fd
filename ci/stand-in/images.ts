import { copyFile, link, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { asStep } from "../../src/runner/log.ts";
import { run, tryRun } from "../../src/runner/process.ts";
import { folderKey, keyOf, standInCache, type Workshop } from "./cache.ts";

/** An image, made from `images/<name>/Dockerfile`. */
export interface ImageRecipe {
  name: string;
  /** Files for the Dockerfile: path in the context, and where each comes from. `images/<name>` is there too. */
  files: Record<string, string>;
  /** Keys of whatever `files` and `base` are made from. */
  madeFrom: readonly string[];
  /** The image that the Dockerfile's argument BASE names. */
  base?: string;
  /** Adds to the context what has to be made first. */
  prepare?: (context: string) => Promise<void>;
}

const recipesFolder = join(import.meta.dirname, "images");

/** Builds the image unless Docker has it, and gives its name: `stand-in/<name>:<key>`. */
export async function buildImage(workshop: Workshop, recipe: ImageRecipe): Promise<string> {
  const { name, base, madeFrom, files } = recipe;
  const recipeFolder = join(recipesFolder, name);
  const key = keyOf(await folderKey(recipeFolder), base, madeFrom, Object.keys(files));
  return provide(workshop, name, key, async (image) => {
    const context = await mkdtemp(join(standInCache(), "context-"));
    try {
      for (const entry of await readdir(recipeFolder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || entry.name === "Dockerfile") continue;
        const source = join(entry.parentPath, entry.name);
        await place(source, join(context, source.slice(recipeFolder.length)));
      }
      for (const [path, source] of Object.entries(files)) await place(source, join(context, path));
      await recipe.prepare?.(context);
      const argument = base === undefined ? [] : ["--build-arg", `BASE=${base}`];
      const file = join(recipeFolder, "Dockerfile");
      await run("docker", ["build", "--quiet", ...argument, "--tag", image, "--file", file, context], {
        signal: workshop.signal,
      });
    } finally {
      await rm(context, { recursive: true, force: true });
    }
  });
}

/** The image of a root file system. */
export async function importImage(
  workshop: Workshop,
  name: string,
  { path, key }: { path: string; key: string },
): Promise<string> {
  return provide(workshop, name, key, async (image) => {
    await run("docker", ["import", path, image], { signal: workshop.signal });
  });
}

/** Gives an image one more name. */
export async function nameImage(image: string, name: string): Promise<void> {
  await run("docker", ["tag", image, name]);
}

async function provide(
  workshop: Workshop,
  name: string,
  key: string,
  make: (image: string) => Promise<void>,
): Promise<string> {
  const image = `stand-in/${name}:${key}`;
  const { signal } = workshop;
  if ((await tryRun("docker", ["image", "inspect", image], { signal })).exitCode === 0) return image;
  await asStep(workshop.log, `Making the image ${name}`, () => make(image));
  const { stdout } = await run("docker", [
    "image",
    "ls",
    "--format",
    "{{.Repository}}:{{.Tag}}",
    `stand-in/${name}`,
  ]);
  // Older ones; those that a container uses stay.
  for (const other of stdout.split("\n"))
    if (/:[0-9a-f]{16}$/.test(other) && other !== image) await tryRun("docker", ["image", "rm", other]);
  return image;
}

/** A hard link where that is possible, as programs are big. */
async function place(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await link(source, target).catch(() => copyFile(source, target));
}
