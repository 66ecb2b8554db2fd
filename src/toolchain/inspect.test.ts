import { rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { inspectToolchain } from "./inspect.ts";
import { describeToolchain } from "./inspect-text.ts";
import { readManifest, writeManifest } from "./manifest.ts";
import { resolveToolchain } from "./resolve.ts";
import { serve } from "./testing/file-server.ts";
import { tempFolder } from "./testing/temp-folder.ts";
import { makeToolchainFolder, makeWorld } from "./testing/tiny-toolchain.ts";

async function filledWorld() {
  const world = await makeWorld(await tempFolder());
  const server = await serve({ "/a": world.archive, "/a.sha256": `${world.archive}.sha256` });
  const options = { ...world.options, archive: `${server.url}/a` };
  await resolveToolchain(options);
  return { ...world, options, folder: world.context.folder };
}

describe("doctor", () => {
  it("finds a filled cache in order, down to every program", async () => {
    const { options, folder, context, sha256 } = await filledWorld();
    const report = await inspectToolchain(options);
    expect(report.key).toBe(context.key);
    expect(report.sources.map(({ name, state }) => [name, state])).toEqual([
      ["directory", "unset"],
      ["cache", "ready"],
      ["archive", "possible"],
      ["build", "possible"],
    ]);
    expect(report.sources[2]?.detail).toContain(sha256);
    expect(report.programs).toHaveLength(10);
    for (const program of report.programs) {
      expect(program).toMatchObject({ version: "v1.2.3", checksum: "ok" });
      expect(program.path).toBe(join(folder, "bin", program.name));
    }
    expect(report.disks[0]?.freeBytes).toBeGreaterThan(0);
    expect(report.problems).toEqual([]);
    const text = describeToolchain(report);
    expect(text).toContain(`  ✓ cache     ${folder} (from a)`);
    expect(text.at(-1)).toBe("No problems.");
  });

  it("finds what is damaged, and repairs nothing", async () => {
    const { options, folder } = await filledWorld();
    await truncate(join(folder, "bin/helm"), 3);
    await rm(join(folder, "bin/kwok"));
    const report = await inspectToolchain(options);
    const of = (name: string) => report.programs.find((program) => program.name === name);
    expect(of("helm")).toMatchObject({ bytes: 3, version: undefined, checksum: "differs" });
    expect(of("kwok")).toMatchObject({ bytes: undefined, checksum: "differs" });
    expect(of("etcd")).toMatchObject({ version: "v1.2.3", checksum: "ok" });
    expect(report.problems).toEqual([
      {
        severity: "warning",
        what: expect.stringMatching(/^the cached toolchain is damaged: .*bin\/helm has 3 bytes instead of /),
        fix: "The next start replaces it.",
      },
    ]);
    expect((await inspectToolchain(options)).problems).toEqual(report.problems);
    expect(describeToolchain(report)).toContain("  ✗ kwok                    is missing");
  });

  it("says what is missing on a bare machine", async () => {
    const { options } = await makeWorld(await tempFolder());
    vi.stubEnv("PATH", await tempFolder());
    onTestFinished(() => void vi.unstubAllEnvs());
    const report = await inspectToolchain(options);
    expect(report.programs).toEqual([]);
    expect(report.system).toEqual({ node: process.versions.node, git: undefined, go: undefined });
    expect(report.problems.map(({ severity, what }) => [severity, what])).toEqual([
      ["error", "there is no toolchain, and neither an archive nor Go to make one"],
      ["error", "git is not on the PATH"],
    ]);
  });

  it("names an unfit folder, an archive that is not there, and toolchains of other versions", async () => {
    const { options, folder } = await filledWorld();
    const server = await serve({});
    const other = join(options.cache, "0123456789abcdef-linux-amd64");
    const platform = { os: "linux", arch: "amd64" };
    await writeManifest(other, await makeToolchainFolder(other, { key: "0123456789abcdef", platform }));
    const report = await inspectToolchain({
      ...options,
      directory: options.cache,
      archive: `${server.url}/b`,
    });
    expect(report.sources[0]).toMatchObject({ state: "broken" });
    expect(report.sources[2]).toMatchObject({
      state: "absent",
      detail: `${server.url}/b.sha256: 404 Not Found`,
    });
    expect(report.outdated.map((entry) => entry.folder)).toEqual([other]);
    expect(report.problems.map(({ severity }) => severity)).toEqual(["error", "warning"]);
    expect(report.problems[1]?.what).toMatch(/^toolchains of other versions take \d+ kB of the cache$/);
    expect(await readManifest(folder)).toBeDefined();
  });
});
