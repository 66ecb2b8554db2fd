import { cp, readdir, readFile, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { packageRoot } from "../../src/runner/package-root.ts";

/** What a release commit carries of this repository, as far as a job reads it; `dist` is the caller's to build. */
const released = [
  "action.yml",
  "actions",
  "dist",
  ".github/workflows",
  "ci/toolchain",
  "schema",
  "package.json",
];

/** Copies the files of this checkout that a job would get from a release. */
export async function releasedTree(folder: string): Promise<void> {
  for (const path of [...released, "src/engine/simulated/stages"])
    await cp(join(packageRoot(), path), join(folder, path), { recursive: true });
}

/** Copies the stand-ins; they import what this checkout has installed. Gives their folders by name. */
export async function standIns(folder: string): Promise<Map<string, string>> {
  const source = join(import.meta.dirname, "actions");
  const names = (await readdir(source, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const found = new Map<string, string>();
  for (const { name } of names) {
    await cp(join(source, name), join(folder, name), { recursive: true });
    await symlink(join(packageRoot(), "node_modules"), join(folder, name, "node_modules"));
    found.set(`actions/${name}`, join(folder, name));
  }
  return found;
}

/** All that workflows name with `uses:` and that comes from another repository, as `owner/name@revision`. */
export async function usedRepositories(files: readonly string[]): Promise<string[]> {
  const used = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, child] of Object.entries(value)) {
      if (key === "uses" && typeof child === "string" && !child.startsWith("./")) {
        const [, repository, revision] = /^([^/@]+\/[^/@]+)[^@]*@(.+)$/.exec(child) ?? [];
        if (repository === undefined) throw new Error(`uses: ${child} is not owner/name@revision`);
        used.add(`${repository}@${revision}`);
      } else visit(child);
    }
  };
  for (const file of files) visit(parse(await readFile(file, "utf8")));
  return [...used];
}

/** Files of a folder with workflows. */
export async function workflowFiles(folder: string): Promise<string[]> {
  const names = await readdir(join(packageRoot(), folder));
  return names
    .filter((name) => /\.ya?ml$/.test(basename(name)))
    .map((name) => join(packageRoot(), folder, name));
}
