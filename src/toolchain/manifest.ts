import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
import { codeOf } from "./disk.ts";
import type { Platform } from "./platform.ts";
import { argocdManifestsFolder, argocdScriptFiles, programs } from "./toolchain.ts";
import { formatCount } from "./wording.ts";

const fileSchema = z.object({
  size: z.int(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  executable: z.boolean(),
  /** Absent in an archive: unpacking makes new times. */
  mtimeMs: z.number().optional(),
});

const manifestSchema = z.object({
  format: z.literal(1),
  key: z.string(),
  platform: z.object({ os: z.string(), arch: z.string() }),
  /** How it came to be, for people. */
  origin: z.string(),
  /** By path relative to the toolchain's folder, with slashes. */
  files: z.record(z.string(), fileSchema),
});

/** What belongs to a toolchain, and so what may be trusted of a folder. Lies beside `bin/` as manifest.json. */
export type Manifest = z.infer<typeof manifestSchema>;

export const manifestName = "manifest.json";

/** Files without which Argo CD or an engine cannot run; there are more. */
const essentialFiles = [
  ...programs.map((program) => `bin/${program}`),
  ...argocdScriptFiles,
  `${argocdManifestsFolder}/install.yaml`,
];

/** Undefined where there is none, or none of ours. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  try {
    const parsed = manifestSchema.safeParse(
      JSON.parse(await readFile(join(folder, manifestName), "utf8")) as unknown,
    );
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return;
    throw error;
  }
}

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, manifestName);
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(manifest, undefined, 1)}\n`);
  await rename(draft, path);
}

/** Takes stock of a finished folder; sets the modes of its files to what the manifest says. */
export async function describeFolder(
  folder: string,
  about: { key: string; platform: Platform; origin: string },
): Promise<Manifest> {
  const files: Manifest["files"] = {};
  for (const path of await listFiles(folder)) {
    const executable = path.startsWith("bin/") || path.endsWith(".sh");
    await chmod(join(folder, path), executable ? 0o755 : 0o644);
    const { size, mtimeMs } = await stat(join(folder, path));
    files[path] = { size, sha256: await sha256Of(join(folder, path)), executable, mtimeMs };
  }
  return { format: 1, key: about.key, platform: about.platform, origin: about.origin, files };
}

/** Paths of all files below `folder`, sorted, with slashes, without the manifest. */
async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => path !== manifestName)
    .sort();
}

/** The difference between a file and what the manifest says of it. */
export interface Discrepancy {
  path: string;
  /** Follows the path in a sentence: `is missing`. */
  what: string;
}

/**
 * Compares a folder with its manifest. A file whose size and time are as recorded is taken as unchanged,
 * unless `full`; of any other file the contents decide. `touched` are unchanged files with another time.
 */
export async function verifyFolder(
  folder: string,
  manifest: Manifest,
  { full = false } = {},
): Promise<{ discrepancies: Discrepancy[]; touched: Map<string, number> }> {
  const discrepancies: Discrepancy[] = essentialFiles
    .filter((path) => manifest.files[path] === undefined)
    .map((path) => ({ path, what: "is not in the manifest" }));
  const touched = new Map<string, number>();
  await Promise.all(
    Object.entries(manifest.files).map(async ([path, expected]) => {
      const found = await stat(join(folder, path)).catch((error: unknown) => {
        if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
        throw error;
      });
      if (found === undefined) return discrepancies.push({ path, what: "is missing" });
      if (found.size !== expected.size) {
        const sizes = `${formatCount(found.size)} bytes instead of ${formatCount(expected.size)}`;
        return discrepancies.push({ path, what: `has ${sizes}` });
      }
      if (expected.executable && (found.mode & 0o111) === 0) {
        return discrepancies.push({ path, what: "is not executable" });
      }
      if (!full && found.mtimeMs === expected.mtimeMs) return;
      if ((await sha256Of(join(folder, path))) !== expected.sha256) {
        return discrepancies.push({ path, what: "has other contents" });
      }
      if (found.mtimeMs !== expected.mtimeMs) touched.set(path, found.mtimeMs);
      return;
    }),
  );
  return { discrepancies: discrepancies.sort((a, b) => (a.path < b.path ? -1 : 1)), touched };
}

/** The checksum of a file, as hexadecimal digits. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}
