import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StageText } from "../engine/engine.ts";
import type { Config } from "../repository/config.ts";
import type { Tree } from "../repository/tree.ts";
import { messageOf, type Place, UsageError } from "../runner/errors.ts";

const isYaml = (path: string) => /\.ya?ml$/.test(path);

/** The YAML files that `simulated.stages` names, as a commit has them. Throws UsageError for a folder without any. */
export async function stagesInTree({ simulated }: Config, tree: Tree): Promise<StageText[]> {
  const texts = await Promise.all(
    simulated.stages.map(async ({ path, place }) => {
      const files = tree.below(path).filter((file) => isYaml(file.path));
      if (files.length === 0) throw missing(path, place, "on the base");
      return Promise.all(
        files.map(async (file) => ({ path: file.path, text: (await tree.read(file.path)) ?? "" })),
      );
    }),
  );
  return texts.flat();
}

/** The same, of the checkout whose top is given. */
export async function stagesOnDisk({ simulated }: Config, top: string): Promise<StageText[]> {
  const texts = await Promise.all(
    simulated.stages.map(async ({ path, place }) => {
      const names = await readdir(join(top, path), { recursive: true }).catch(() => []);
      const files = names.filter(isYaml).sort();
      if (files.length === 0) throw missing(path, place, "in the checkout");
      return Promise.all(files.map((name) => readStage(top, `${path}/${name}`, place)));
    }),
  );
  return texts.flat();
}

async function readStage(top: string, path: string, where: Place): Promise<StageText> {
  try {
    return { path, text: await readFile(join(top, path), "utf8") };
  } catch (cause) {
    throw new UsageError(`the stage ${path} cannot be read: ${messageOf(cause)}`, { where, cause });
  }
}

function missing(path: string, where: Place, place: string): UsageError {
  return new UsageError(`there is no YAML file below ${path} ${place}`, {
    where,
    fix: "Correct simulated.stages, or merge the stages first: they are never read from the change.",
  });
}
