import { UsageError } from "../../src/runner/errors.ts";
import type { Release } from "../../src/toolchain/release.ts";

/**
 * What a release says of its archives: `downloads` is the address of the folder that they are downloaded
 * from, `sums` the texts of their checksum files, as `sha256sum` writes them. Throws UsageError where there is
 * none, or where they are of more than one toolchain.
 */
export function releaseOf(downloads: string, sums: readonly string[]): Release {
  const archives = sums.map((text) => {
    const [, sum = "", key = "", platform = ""] =
      /^([0-9a-f]{64}) {2}rehearsal-toolchain-([0-9a-f]+)-([a-z]+-[a-z0-9]+)\.tar\.zst\n?$/.exec(text) ?? [];
    if (sum === "") throw new UsageError(`this is no checksum of a toolchain archive: ${text.trim()}`);
    return { sum, key, platform };
  });
  if (archives.length === 0) {
    throw new UsageError("there is no checksum of a toolchain archive", {
      fix: "npm run toolchain:pack makes archives and their checksums.",
    });
  }
  const keys = [...new Set(archives.map(({ key }) => key))];
  if (keys.length > 1) {
    throw new UsageError(`the archives are of different toolchains: ${keys.join(", ")}`, {
      fix: "Pack all of them from the same commit.",
    });
  }
  return {
    toolchain: {
      archive: `${downloads}/rehearsal-toolchain-{key}-{os}-{arch}.tar.zst`,
      sha256: Object.fromEntries(archives.map(({ platform, sum }) => [platform, sum])),
    },
  };
}
