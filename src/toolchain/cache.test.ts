import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { packToolchain } from "./archive-format.ts";
import { readManifest, writeManifest } from "./manifest.ts";
import { resolveToolchain } from "./resolve.ts";
import { serve } from "./testing/file-server.ts";
import { recordingLog } from "./testing/recording-log.ts";
import { tempFolder } from "./testing/temp-folder.ts";
import { makeWorld } from "./testing/tiny-toolchain.ts";

/** A cache that an archive has filled, and can fill again. */
async function filledCache() {
  const world = await makeWorld(await tempFolder());
  const server = await serve({ "/a": world.archive, "/a.sha256": `${world.archive}.sha256` });
  const options = { ...world.options, archive: `${server.url}/a` };
  await resolveToolchain(options);
  server.requests.length = 0;
  world.log.lines.length = 0;
  const { folder } = world.context;
  return { ...world, options, folder, helm: join(folder, "bin/helm"), requests: server.requests };
}

let world: Awaited<ReturnType<typeof filledCache>>;
beforeEach(async () => {
  world = await filledCache();
});

async function expectReplaced(why: string): Promise<void> {
  const toolchain = await resolveToolchain(world.options);
  expect(toolchain.origin).toBe("from a");
  expect(world.log.lines).toContain(
    `warn: The toolchain in ${world.folder} is damaged: ${why}. It is replaced.`,
  );
  expect(await readFile(world.helm, "utf8")).toContain("# helm");
  expect((await resolveToolchain(world.options)).origin).toBe("cache");
  expect(await readdir(world.options.cache)).toEqual([basename(world.folder)]);
}

describe("a cached toolchain is replaced when a program", () => {
  it("is missing", async () => {
    await rm(world.helm);
    await expectReplaced("bin/helm is missing");
  });

  it("was cut short", async () => {
    const { size } = await stat(world.helm);
    await truncate(world.helm, 12);
    await expectReplaced(`bin/helm has 12 bytes instead of ${size.toLocaleString("en-US")}`);
  });

  it("has other contents of the same size", async () => {
    await writeFile(world.helm, (await readFile(world.helm, "utf8")).replace("v1.2.3", "v6.6.6"));
    await expectReplaced("bin/helm has other contents");
  });

  it("is not executable", async () => {
    await chmod(world.helm, 0o644);
    await expectReplaced("bin/helm is not executable");
  });

  it("or a file of Argo CD's is missing", async () => {
    await rm(join(world.folder, "argocd/hack"), { recursive: true });
    await expectReplaced("argocd/hack/git-ask-pass.sh is missing (and 2 more)");
  });
});

describe("a cached toolchain is replaced when its manifest", () => {
  it("is missing", async () => {
    await rm(join(world.folder, "manifest.json"));
    await expectReplaced("manifest.json is missing or unreadable");
  });

  it("is no JSON", async () => {
    await writeFile(join(world.folder, "manifest.json"), '{ "format": 1, ');
    await expectReplaced("manifest.json is missing or unreadable");
  });

  it("names another platform", async () => {
    const manifest = await readManifest(world.folder);
    if (manifest === undefined) throw new Error("no manifest");
    await writeManifest(world.folder, { ...manifest, platform: { os: "plan9", arch: "m68k" } });
    const { os, arch } = world.context.platform;
    await expectReplaced(`it was made for plan9/m68k, this is ${os}/${arch}`);
  });

  it("does not list all programs", async () => {
    const manifest = await readManifest(world.folder);
    if (manifest === undefined) throw new Error("no manifest");
    const { "bin/redis": _, ...files } = manifest.files;
    await writeManifest(world.folder, { ...manifest, files });
    await expectReplaced("bin/redis is not in the manifest");
  });
});

describe("a cached toolchain", () => {
  it("that was copied, so that only times differ, is kept, and read just once", async () => {
    await utimes(world.helm, 1_700_000_000, 1_700_000_000);
    expect((await resolveToolchain(world.options)).origin).toBe("cache");
    expect((await readManifest(world.folder))?.files["bin/helm"]?.mtimeMs).toBe(1_700_000_000_000);
    expect(world.requests).toEqual([]);
    expect(world.log.lines.filter((line) => !line.startsWith("debug: "))).toEqual([]);
  });

  it("is not used for another go.sum", async () => {
    await writeFile(join(world.module, "go.sum"), "example.test/x v1.0.0 h1:x\n");
    const abort = new AbortController();
    const log = recordingLog();
    const updated = resolveToolchain({ ...world.options, archive: undefined, log, signal: abort.signal });
    await expect.poll(() => log.lines[0]).toBe("step: Building the toolchain from source (once)");
    abort.abort(new Error("enough"));
    await expect(updated).rejects.toThrow("enough");
  });

  it("is made once by two processes at once", async () => {
    await rm(world.folder, { recursive: true });
    const [one, other] = await Promise.all([
      resolveToolchain(world.options),
      resolveToolchain({ ...world.options, log: recordingLog() }),
    ]);
    expect([one.origin, other.origin].sort()).toEqual(["cache", "from a"]);
    expect(world.requests).toEqual(["/a.sha256", "/a"]);
  });

  it("leaves nothing of a process that was killed while it made one", async () => {
    await rm(world.folder, { recursive: true });
    await mkdir(`${world.folder}.staging-00000000/bin`, { recursive: true });
    await writeFile(`${world.folder}.staging-00000000/bin/etcd`, "half");
    await resolveToolchain(world.options);
    expect(await readdir(world.options.cache)).toEqual([basename(world.folder)]);
  });

  it("that is genuine but does not run here is refused, and says which program", async () => {
    const other = await makeWorld(await tempFolder());
    const broken = join(other.source, "bin/kwok");
    const script = "#!/bin/sh\necho no such instruction >&2\nexit 132\n";
    await writeFile(broken, script);
    const sha256 = createHash("sha256").update(script).digest("hex");
    const entry = { size: script.length, sha256, executable: true };
    const manifest = { ...other.manifest, files: { ...other.manifest.files, "bin/kwok": entry } };
    await packToolchain(other.source, manifest, other.archive);
    const server = await serve({ "/a": other.archive, "/a.sha256": `${other.archive}.sha256` });
    await expect(resolveToolchain({ ...other.options, archive: `${server.url}/a` })).rejects.toThrow(
      "programs from a do not run on this machine: kwok (code 132: no such instruction)",
    );
    expect(await readdir(other.options.cache)).toEqual([]);
  });
});
