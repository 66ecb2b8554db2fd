import { execFileSync } from "node:child_process";
import { mkdir, readFile, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { InfrastructureError } from "../runner/errors.ts";
import { packToolchain, unpackToolchain } from "./archive-format.ts";
import { readManifest, sha256Of, verifyFolder } from "./manifest.ts";
import { tempFolder } from "./testing/temp-folder.ts";
import { makeToolchainFolder } from "./testing/tiny-toolchain.ts";

const about = { key: "0123456789abcdef", platform: { os: "linux", arch: "amd64" } };

async function packed() {
  const folder = await tempFolder();
  const source = join(folder, "source");
  const manifest = await makeToolchainFolder(source, about);
  const path = join(folder, "a.tar.zst");
  return { folder, source, manifest, path, ...(await packToolchain(source, manifest, path)) };
}

async function emptyFolder(): Promise<string> {
  const folder = join(await tempFolder(), "out");
  await mkdir(folder);
  return folder;
}

describe("an archive", () => {
  it("unpacks to what was packed, with its modes", async () => {
    const { path, manifest } = await packed();
    const out = await emptyFolder();
    await unpackToolchain(path, out);
    const stated = await readManifest(out);
    expect(stated).toMatchObject({ ...about, format: 1 });
    expect(Object.keys(stated?.files ?? {}).sort()).toEqual(Object.keys(manifest.files).sort());
    expect((await verifyFolder(out, manifest)).discrepancies).toEqual([]);
    expect((await stat(join(out, "bin/etcd"))).mode & 0o777).toBe(0o755);
    expect((await stat(join(out, "argocd/manifests/install.yaml"))).mode & 0o777).toBe(0o644);
  });

  it("has the same bytes whenever and wherever it is packed", async () => {
    const one = await packed();
    const other = await packed();
    await utimes(join(other.source, "bin/etcd"), 1, 1);
    const again = join(other.folder, "again.tar.zst");
    expect((await packToolchain(other.source, other.manifest, again)).sha256).toBe(one.sha256);
    expect(await readFile(`${one.path}.sha256`, "utf8")).toBe(`${await sha256Of(one.path)}  a.tar.zst\n`);
  });

  it("is a tar that other programs read", async () => {
    const { path, folder } = await packed();
    await writeFile(join(folder, "a.tar"), zstdDecompressSync(await readFile(path)));
    const listing = execFileSync("tar", ["-tf", join(folder, "a.tar")], { encoding: "utf8" }).split("\n");
    expect(listing[0]).toBe("manifest.json");
    expect(listing).toContain("bin/kube-apiserver");
  });

  it("may be gzip, whatever its name", async () => {
    const { path, manifest, folder } = await packed();
    const zipped = join(folder, "download");
    await writeFile(zipped, gzipSync(zstdDecompressSync(await readFile(path))));
    const out = await emptyFolder();
    await unpackToolchain(zipped, out);
    expect((await verifyFolder(out, manifest)).discrepancies).toEqual([]);
  });

  it("is not packed from a file that differs from the manifest", async () => {
    const { source, manifest, folder } = await packed();
    const path = join(source, "bin/helm");
    await writeFile(path, (await readFile(path, "utf8")).replace("v1.2.3", "v6.6.6"));
    const out = join(folder, "b.tar.zst");
    await expect(packToolchain(source, manifest, out)).rejects.toThrow(
      "bin/helm changed while it was packed",
    );
    await expect(stat(out)).rejects.toThrow("ENOENT");
  });

  it("that was cut short cannot be unpacked", async () => {
    const { path, folder } = await packed();
    const bytes = await readFile(path);
    await writeFile(join(folder, "cut.tar.zst"), bytes.subarray(0, bytes.length / 2));
    const failure = unpackToolchain(join(folder, "cut.tar.zst"), await emptyFolder());
    await expect(failure).rejects.toThrow(InfrastructureError);
    await expect(failure).rejects.toThrow("cut.tar.zst cannot be unpacked: ");
  });

  it("that is no archive is refused", async () => {
    const file = join(await tempFolder(), "page.html");
    await writeFile(file, "<!doctype html>");
    await expect(unpackToolchain(file, await emptyFolder())).rejects.toThrow("neither zstd nor gzip");
  });

  it.each([
    [
      "a link",
      "bin/escape (SymbolicLink)",
      (folder: string) => symlink("/etc/passwd", join(folder, "bin/escape")),
    ],
    ["a file elsewhere", "other.txt (File)", (folder: string) => writeFile(join(folder, "other.txt"), "x")],
  ])("with %s in it is refused, and that is not written", async (_, what, add) => {
    const folder = await tempFolder();
    await mkdir(join(folder, "in/bin"), { recursive: true });
    await add(join(folder, "in"));
    const tarball = join(folder, "x.tgz");
    execFileSync("tar", ["-czf", tarball, "-C", join(folder, "in"), "."]);
    const out = await emptyFolder();
    await expect(unpackToolchain(tarball, out)).rejects.toThrow(`holds what no toolchain has: ./${what}`);
    await expect(stat(join(out, what.replace(/ .*/, "")))).rejects.toThrow("ENOENT");
  });

  it("cannot write outside its folder", async () => {
    const folder = await tempFolder();
    await mkdir(join(folder, "in/bin"), { recursive: true });
    await writeFile(join(folder, "in/evil"), "x");
    const tarball = join(folder, "x.tgz");
    execFileSync("tar", ["-czf", tarball, "-P", "-C", join(folder, "in/bin"), "../evil"]);
    const out = await emptyFolder();
    await expect(unpackToolchain(tarball, out)).rejects.toThrow("holds what no toolchain has: ../evil");
    await expect(stat(join(out, "../evil"))).rejects.toThrow("ENOENT");
  });
});
