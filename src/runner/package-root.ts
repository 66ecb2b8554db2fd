import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The folder of this package, which holds the data that is not code (`ci/toolchain`, stages, schema).
 * Found by walking up, because the bundle and the source lie at different depths.
 */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "ci/toolchain/go.mod"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no ci/toolchain/go.mod above ${import.meta.dirname}`);
    folder = parent;
  }
  return folder;
}

/** As package.json states it. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as {
    version: string;
  };
  return manifest.version;
}
