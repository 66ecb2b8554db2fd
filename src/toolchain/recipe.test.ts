import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readGoModules } from "./go-module.ts";
import { toolchainBuilds, toolchainKey } from "./recipe.ts";
import { tempFolder } from "./testing/temp-folder.ts";
import { makeTinyModule } from "./testing/tiny-toolchain.ts";

const linux = { os: "linux", arch: "amd64" };

async function keyOf(folder: string, platform = linux): Promise<string> {
  return toolchainKey(toolchainBuilds(await readGoModules(folder), platform));
}

describe("the recipe", () => {
  it("has a build for every module, of its tools and of what lies in its folder", async () => {
    const folder = await tempFolder();
    await makeTinyModule(folder, { "k3d/readme.md": "no program" });
    const builds = toolchainBuilds(await readGoModules(folder), linux);
    expect(builds.map(({ module, recipe }) => [module.folder, recipe.packages])).toEqual([
      [folder, ["./redis", "tool"]],
      [join(folder, "k3d"), ["tool"]],
    ]);
  });

  it("stamps each module with the versions that it pins itself", async () => {
    const folder = await tempFolder();
    await makeTinyModule(folder);
    const [first, second] = toolchainBuilds(await readGoModules(folder), linux).map(
      ({ recipe: { flags } }) => flags[flags.indexOf("-ldflags") + 1],
    );
    expect(first).toContain("argo-cd");
    expect(first).not.toContain("k3d");
    expect(second).toBe("-s -w -X github.com/k3d-io/k3d/v5/version.Version=v5.9.1");
  });

  it("stamps the versions that go.mod pins", async () => {
    const folder = await tempFolder();
    await makeTinyModule(folder);
    const [build] = toolchainBuilds(await readGoModules(folder), linux);
    if (build === undefined) throw new Error("no build");
    const { flags, env } = build.recipe;
    const linker = flags[flags.indexOf("-ldflags") + 1];
    expect(linker).toContain("-X k8s.io/component-base/version.gitVersion=v1.99.1 ");
    expect(linker).toContain("-X k8s.io/component-base/version.gitMinor=99 ");
    expect(linker).toContain("-X github.com/argoproj/argo-cd/v3/common.version=3.9.1 ");
    expect(env.GOTOOLCHAIN).toMatch(/^go\d+\.\d+\.\d+$/);
  });
});

describe("the key", () => {
  it.each(["go.mod", "go.sum", "redis/main.go", "k3d/go.mod", "k3d/go.sum"])(
    "changes with %s",
    async (file) => {
      const folder = await tempFolder();
      await makeTinyModule(folder);
      const before = await keyOf(folder);
      expect(before).toMatch(/^[0-9a-f]{16}$/);
      await writeFile(join(folder, file), "// changed\n", { flag: "a" });
      expect(await keyOf(folder)).not.toBe(before);
    },
  );

  it("is the same on every platform and in every folder", async () => {
    const [one, other] = [await tempFolder(), await tempFolder()];
    await makeTinyModule(one);
    await makeTinyModule(other);
    expect(await keyOf(one)).toBe(await keyOf(other, { os: "darwin", arch: "arm64" }));
  });
});
