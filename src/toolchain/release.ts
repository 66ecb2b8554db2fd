import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { packageRoot } from "../runner/package-root.ts";

/** Stands at the top of a released package; a checkout of a branch has none. */
export const releaseFile = "release.json";

const releaseSchema = z.strictObject({
  toolchain: z.strictObject({
    /** The address of its archives, in which `{key}`, `{os}` and `{arch}` are replaced. */
    archive: z.string(),
    /** Checksums, in lower case, by `<os>-<arch>`. */
    sha256: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
  }),
});

/** What a release knows of what was published with it. */
export type Release = z.infer<typeof releaseSchema>;

/** Of this package; undefined where it is no release. */
export async function readRelease(folder: string = packageRoot()): Promise<Release | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, releaseFile), "utf8");
  } catch {
    return undefined;
  }
  return parseRelease(text);
}

/** Throws where the text is none. */
export function parseRelease(text: string): Release {
  return releaseSchema.parse(JSON.parse(text));
}
