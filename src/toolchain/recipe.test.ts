import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readGoModule } from "./go-module.ts";
import { toolchainKey, toolchainRecipe } from "./recipe.ts";
import { tempFolder } from "./testing/temp-folder.ts";
import { makeTinyModule } from "./testing/tiny-toolchain.ts";

const linux = { os: "linux", arch: "amd64" };

async function keyOf(folder: string, platform = linux): Promise<string> {
  const module = await readGoModule(folder);
  return toolchainKey(module, toolchainRecipe(module, platform));
}

describe("the recipe", () => {
  it("stamps the versions that go.mod pins", async () => {
    const folder = await tempFolder();
    await makeTinyModule(folder);
    const { flags, env } = toolchainRecipe(await readGoModule(folder), linux);
    const linker = flags[flags.indexOf("-ldflags") + 1];
    expect(linker).toContain("-X k8s.io/component-base/version.gitVersion=v1.99.1 ");
    expect(linker).toContain("-X k8s.io/component-base/version.gitMinor=99 ");
    expect(linker).toContain("-X github.com/argoproj/argo-cd/v3/common.version=3.9.1 ");
    expect(env.GOTOOLCHAIN).toMatch(/^go\d+\.\d+\.\d+$/);
  });
});

describe("the key", () => {
  it.each(["go.mod", "go.sum", "redis/main.go"])("changes with %s", async (file) => {
    const folder = await tempFolder();
    await makeTinyModule(folder);
    const before = await keyOf(folder);
    expect(before).toMatch(/^[0-9a-f]{16}$/);
    await writeFile(join(folder, file), "// changed\n", { flag: "a" });
    expect(await keyOf(folder)).not.toBe(before);
  });

  it("is the same on every platform and in every folder", async () => {
    const [one, other] = [await tempFolder(), await tempFolder()];
    await makeTinyModule(one);
    await makeTinyModule(other);
    expect(await keyOf(one)).toBe(await keyOf(other, { os: "darwin", arch: "arm64" }));
  });
});
