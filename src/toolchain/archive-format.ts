import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { open, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { constants, createGunzip, createZstdCompress, createZstdDecompress } from "node:zlib";
import * as tar from "tar";
import { InfrastructureError, messageOf } from "../runner/errors.ts";
import { isFileError } from "./disk.ts";
import { type Manifest, manifestName } from "./manifest.ts";

/**
 * Level 12 packs in a quarter of a minute; 19 takes five times as long for a fifth less. The programs have
 * much in common over distances of a hundred megabytes, hence the window: 2^27 is the most that decoders
 * accept unasked.
 */
const compression = {
  [constants.ZSTD_c_compressionLevel]: 12,
  [constants.ZSTD_c_enableLongDistanceMatching]: 1,
  [constants.ZSTD_c_windowLog]: 27,
};

/** The file name under which a toolchain is released. */
export function archiveName({ key, platform }: Pick<Manifest, "key" | "platform">): string {
  return `rehearsal-toolchain-${key}-${platform.os}-${platform.arch}.tar.zst`;
}

/**
 * Packs a toolchain's folder to `path`, and its checksum to `<path>.sha256` as `sha256sum` writes it. The same
 * files give the same bytes, whoever packs them and when. Gives the checksum and the archive's size in bytes.
 */
export async function packToolchain(
  folder: string,
  manifest: Manifest,
  path: string,
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  const draft = `${path}.part`;
  const stated = Buffer.from(`${JSON.stringify(forEveryone(manifest), undefined, 1)}\n`);
  let bytes = 0;
  try {
    await pipeline(
      tarBlocks(folder, manifest, stated),
      createZstdCompress({ params: compression, pledgedSrcSize: tarSize(manifest, stated) }),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          bytes += chunk.length;
          yield chunk;
        }
      },
      createWriteStream(draft),
    );
    const sha256 = hash.digest("hex");
    await rename(draft, path);
    await writeFile(`${path}.sha256`, `${sha256}  ${basename(path)}\n`);
    return { sha256, bytes };
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function* tarBlocks(
  folder: string,
  manifest: Manifest,
  stated: Uint8Array,
): AsyncGenerator<Uint8Array> {
  yield tarHeader(manifestName, stated.length, false);
  yield stated;
  yield padding(stated.length);
  for (const [path, { size, sha256, executable }] of sortedFiles(manifest)) {
    yield tarHeader(path, size, executable);
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(join(folder, path), { highWaterMark: 1 << 20 })) {
      hash.update(chunk);
      yield chunk;
    }
    if (hash.digest("hex") !== sha256)
      throw new InfrastructureError(`${join(folder, path)} changed while it was packed`);
    yield padding(size);
  }
  yield Buffer.alloc(endOfArchive);
}

/** Two empty blocks. */
const endOfArchive = 1024;

/** Of what `tarBlocks` yields, in bytes. */
function tarSize(manifest: Manifest, stated: Uint8Array): number {
  const sizes = [stated.length, ...Object.values(manifest.files).map(({ size }) => size)];
  return sizes.reduce((sum, size) => sum + 512 + size + padding(size).length, endOfArchive);
}

function tarHeader(path: string, size: number, executable: boolean): Uint8Array {
  const header = new tar.Header({
    path,
    size,
    type: "File",
    mode: executable ? 0o755 : 0o644,
    mtime: new Date(0),
    uid: 0,
    gid: 0,
  });
  if (header.encode() || header.block === undefined) throw new Error(`${path} is too long for a plain tar`);
  return header.block;
}

function padding(size: number): Uint8Array {
  return Buffer.alloc((512 - (size % 512)) % 512);
}

/** A manifest without what differs from one machine to the next. */
function forEveryone(manifest: Manifest): Manifest {
  const files = sortedFiles(manifest).map(([path, { size, sha256, executable }]) => [
    path,
    { size, sha256, executable },
  ]);
  return { ...manifest, origin: "release archive", files: Object.fromEntries(files) as Manifest["files"] };
}

function sortedFiles(manifest: Manifest): [string, Manifest["files"][string]][] {
  return Object.entries(manifest.files).sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * Unpacks a `.tar.zst` or `.tar.gz` into `folder`: plain files below `bin/` and `argocd/` and a manifest,
 * and nothing else. Throws InfrastructureError where it holds anything else or is damaged; what was
 * written by then stays.
 */
export async function unpackToolchain(path: string, folder: string, signal?: AbortSignal): Promise<void> {
  let foreign: string | undefined;
  const accept = (name: string, entry: tar.ReadEntry | unknown): boolean => {
    const type = entry instanceof tar.ReadEntry ? entry.type : "unknown";
    const isOurs =
      type === "Directory" ? /^(\.\/)?((bin|argocd)\/.*)?$/.test(name) : type === "File" && isOurFile(name);
    if (!isOurs) foreign ??= `${name} (${type})`;
    return isOurs;
  };
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: 1 << 20 }),
      await decoderFor(path),
      tar.x({ cwd: folder, strict: true, noMtime: true, filter: accept }),
      { ...(signal === undefined ? {} : { signal }) },
    );
  } catch (error) {
    signal?.throwIfAborted();
    if (isFileError(error)) throw error;
    throw new InfrastructureError(`${basename(path)} cannot be unpacked: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (foreign !== undefined) {
    throw new InfrastructureError(`${basename(path)} holds what no toolchain has: ${foreign}`);
  }
}

function isOurFile(name: string): boolean {
  const path = name.replace(/^\.\//, "");
  return path === manifestName || /^(bin|argocd)\/[^/]/.test(path);
}

/** By the first bytes, as an address need not tell. */
async function decoderFor(path: string): Promise<NodeJS.ReadWriteStream> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (buffer.readUInt32LE(0) === 0xfd2fb528) return createZstdDecompress();
    if (buffer.readUInt16BE(0) === 0x1f8b) return createGunzip();
  } finally {
    await file.close();
  }
  throw new Error("it is neither zstd nor gzip");
}
