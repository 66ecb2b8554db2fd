import { stat } from "node:fs/promises";
import type { ToolchainContext } from "./context.ts";
import { codeOf } from "./disk.ts";
import { type Manifest, readManifest, verifyFolder, writeManifest } from "./manifest.ts";
import { type Toolchain, toolchainIn } from "./toolchain.ts";

export type CacheState =
  | { state: "absent" }
  /** `refreshed` is the manifest to write where files have another time than recorded. */
  | { state: "usable"; origin: string; refreshed: Manifest | undefined }
  | { state: "damaged"; why: string };

/** The toolchain in our cache; undefined where it is absent or damaged. */
export async function fromCache(context: ToolchainContext): Promise<Toolchain | undefined> {
  const found = await inspectCache(context);
  if (found.state !== "usable") return undefined;
  if (found.refreshed !== undefined) {
    // Saves the next start from reading all files; a cache that cannot be written to serves as well.
    await writeManifest(context.folder, found.refreshed).catch(() => undefined);
  }
  return toolchainIn(context.folder, context.versions, "cache");
}

/** Looks at the toolchain in our cache; `full` reads every byte of it. */
export async function inspectCache(
  context: Pick<ToolchainContext, "folder" | "key" | "platform">,
  { full = false } = {},
): Promise<CacheState> {
  const { folder, key, platform } = context;
  const manifest = await readManifest(folder);
  if (manifest === undefined) {
    return (await exists(folder))
      ? { state: "damaged", why: "manifest.json is missing or unreadable" }
      : { state: "absent" };
  }
  if (manifest.key !== key) return { state: "damaged", why: `it was made for key ${manifest.key}` };
  if (manifest.platform.os !== platform.os || manifest.platform.arch !== platform.arch) {
    return {
      state: "damaged",
      why: `it was made for ${manifest.platform.os}/${manifest.platform.arch}, this is ${platform.os}/${platform.arch}`,
    };
  }
  const { discrepancies, touched } = await verifyFolder(folder, manifest, { full });
  const [first] = discrepancies;
  if (first !== undefined) {
    const more = discrepancies.length === 1 ? "" : ` (and ${discrepancies.length - 1} more)`;
    return { state: "damaged", why: `${first.path} ${first.what}${more}` };
  }
  const refreshed = touched.size === 0 ? undefined : withTimes(manifest, touched);
  return { state: "usable", origin: manifest.origin, refreshed };
}

function withTimes(manifest: Manifest, times: ReadonlyMap<string, number>): Manifest {
  const files = Object.entries(manifest.files).map(([path, file]) => [
    path,
    { ...file, mtimeMs: times.get(path) ?? file.mtimeMs },
  ]);
  return { ...manifest, files: Object.fromEntries(files) as Manifest["files"] };
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}
