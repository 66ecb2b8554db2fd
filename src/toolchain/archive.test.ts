import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { InfrastructureError, UsageError } from "../runner/errors.ts";
import { releaseFile } from "./release.ts";
import { resolveToolchain } from "./resolve.ts";
import { serve } from "./testing/file-server.ts";
import { tempFolder } from "./testing/temp-folder.ts";
import { makeWorld } from "./testing/tiny-toolchain.ts";

/** A PATH without Go: what the build resolver says then is known. Undone after the test. */
async function hideGo(): Promise<void> {
  vi.stubEnv("PATH", await tempFolder());
  onTestFinished(() => void vi.unstubAllEnvs());
}

describe("a release archive", () => {
  it("is found by key and platform, checked against the checksum beside it, and becomes the cache", async () => {
    const world = await makeWorld(await tempFolder());
    const { key, platform, folder } = world.context;
    const path = `/v1/toolchain-${key}-${platform.os}-${platform.arch}.tar.zst`;
    const server = await serve({ [path]: world.archive, [`${path}.sha256`]: `${world.archive}.sha256` });
    const options = { ...world.options, archive: `${server.url}/v1/toolchain-{key}-{os}-{arch}.tar.zst` };

    const toolchain = await resolveToolchain(options);
    expect(server.requests).toEqual([`${path}.sha256`, path]);
    expect(toolchain.origin).toBe(`from ${basename(path)}`);
    expect(toolchain.bin).toBe(`${folder}/bin`);
    expect(toolchain.versions.argocd).toBe("v3.9.1");
    expect(await readFile(toolchain.program("etcd"), "utf8")).toContain("# etcd");
    expect(await readdir(world.options.cache)).toEqual([basename(folder)]);

    expect((await resolveToolchain(options)).origin).toBe("cache");
    expect(server.requests).toHaveLength(2);
  });

  it("is the one that the release tells of, where nobody names another", async () => {
    const world = await makeWorld(await tempFolder());
    const { os, arch } = world.context.platform;
    const server = await serve({ "/a": world.archive });
    const folder = await tempFolder();
    const release = {
      toolchain: { archive: `${server.url}/a`, sha256: { [`${os}-${arch}`]: world.sha256 } },
    };
    await writeFile(join(folder, releaseFile), JSON.stringify(release));
    const toolchain = await resolveToolchain({ ...world.options, package: folder });
    expect(toolchain.origin).toBe("from a");
    expect(server.requests).toEqual(["/a"]);
  });

  it("may have its checksum in the configuration", async () => {
    const world = await makeWorld(await tempFolder());
    const server = await serve({ "/a": world.archive });
    const archive = `${server.url}/a`;
    await resolveToolchain({ ...world.options, archive, archiveSha256: world.sha256.toUpperCase() });
    expect(server.requests).toEqual(["/a"]);
  });

  it("with other bytes than the checksum promises is never used", async () => {
    const world = await makeWorld(await tempFolder());
    const server = await serve({ "/a": world.archive });
    const wrong = createHash("sha256").update("something else").digest("hex");
    const failure = resolveToolchain({
      ...world.options,
      archive: `${server.url}/a`,
      archiveSha256: wrong,
    });
    await expect(failure).rejects.toThrow(InfrastructureError);
    await expect(failure).rejects.toThrow(
      `the checksum of ${server.url}/a is ${world.sha256}, and ${wrong} was expected`,
    );
    expect(await readdir(world.options.cache)).toEqual([]);
  });

  it("that breaks off is asked for again", async () => {
    const world = await makeWorld(await tempFolder());
    const bytes = readFileSync(world.archive);
    let round = 0;
    const server = await serve({
      "/a": (response) => {
        round++;
        response.writeHead(200, { "content-length": bytes.length });
        if (round > 1) response.end(bytes);
        else response.write(bytes.subarray(0, 1000), () => response.destroy());
      },
      "/a.sha256": `${world.archive}.sha256`,
    });
    const toolchain = await resolveToolchain({ ...world.options, archive: `${server.url}/a` });
    expect(toolchain.origin).toBe("from a");
    expect(server.requests).toEqual(["/a.sha256", "/a", "/a"]);
  });

  it("that does not exist leaves it to the build, which says so where it fails", async () => {
    const world = await makeWorld(await tempFolder());
    const server = await serve({});
    await hideGo();
    const failure = resolveToolchain({ ...world.options, archive: `${server.url}/{key}.tgz` });
    await expect(failure).rejects.toThrow(UsageError);
    await expect(failure).rejects.toThrow(
      `the toolchain has to be built, and no Go is on the PATH (${server.url}/${world.context.key}.tgz.sha256: 404 Not Found)`,
    );
    expect(world.log.lines).toContain(
      `warn: No release archive: ${server.url}/${world.context.key}.tgz.sha256: 404 Not Found. The toolchain is built from source instead.`,
    );
  });

  it("on a server out of reach leaves it to the build", async () => {
    const world = await makeWorld(await tempFolder());
    const server = await serve({ "/a.sha256": (response) => response.destroy() });
    await hideGo();
    const failure = resolveToolchain({ ...world.options, archive: `${server.url}/a` });
    await expect(failure).rejects.toThrow(`no Go is on the PATH (${server.url}/a.sha256: other side closed)`);
    expect(server.requests).toHaveLength(3);
  });

  it.each([
    ["another toolchain", { key: "0123456789abcdef" }, "holds toolchain 0123456789abcdef and not "],
    ["another platform", { arch: "m68k" }, "is for linux/m68k and this is "],
  ])("for %s is not used", async (_, about, why) => {
    const world = await makeWorld(await tempFolder(), about);
    const server = await serve({ "/a": world.archive, "/a.sha256": `${world.archive}.sha256` });
    await hideGo();
    const failure = resolveToolchain({ ...world.options, archive: `${server.url}/a` });
    await expect(failure).rejects.toThrow(
      why.replace("linux", process.platform === "darwin" ? "darwin" : "linux"),
    );
    expect(await readdir(world.options.cache)).toEqual([]);
  });

  it.each([
    ["ftp://example.test/a", undefined, "is not the address of a toolchain archive"],
    ["https://example.test/{version}", undefined, "is not the address of a toolchain archive"],
    ["no address", undefined, "is not the address of a toolchain archive"],
    ["https://example.test/a", "abc", '"abc" is not a SHA-256 checksum'],
  ])("at %j with checksum %j is the user's mistake", async (archive, archiveSha256, message) => {
    const world = await makeWorld(await tempFolder());
    const failure = resolveToolchain({ ...world.options, archive, archiveSha256 });
    await expect(failure).rejects.toThrow(UsageError);
    await expect(failure).rejects.toThrow(message);
  });

  it("is asked for with the credentials of its address, which no message shows", async () => {
    const world = await makeWorld(await tempFolder());
    const seen: (string | undefined)[] = [];
    const server = await serve({
      "/a?token=s3cret": (response) => {
        seen.push(response.req.headers.authorization);
        response.writeHead(500).end();
      },
    });
    await hideGo();
    const address = new URL(`${server.url}/a?token=s3cret`);
    address.username = "someone";
    address.password = "pa55";
    const failure = resolveToolchain({
      ...world.options,
      archive: address.href,
      archiveSha256: world.sha256,
    });
    await expect(failure).rejects.toThrow(`(${server.url}/a: 500 Internal Server Error)`);
    expect(seen[0]).toBe(`Basic ${Buffer.from("someone:pa55").toString("base64")}`);
    expect(world.log.lines.join("\n")).not.toMatch(/s3cret|pa55/);
  });

  it("stops downloading when aborted, and leaves nothing", async () => {
    const world = await makeWorld(await tempFolder());
    const abort = new AbortController();
    const server = await serve({
      "/a": (response) => {
        response.writeHead(200, { "content-length": 1_000_000 });
        response.write("x".repeat(1000), () => abort.abort(new Error("enough")));
      },
    });
    const failure = resolveToolchain({
      ...world.options,
      archive: `${server.url}/a`,
      archiveSha256: world.sha256,
      signal: abort.signal,
    });
    await expect(failure).rejects.toThrow("enough");
    expect(await readdir(world.options.cache)).toEqual([]);
  });
});
