import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../runner/package-root.ts";
import { goProgramName } from "./go-build.ts";
import { findPin, parseGoMod, pinnedVersions, pinOf, readGoModules } from "./go-module.ts";
import { programName } from "./recipe.ts";
import { programs } from "./toolchain.ts";

describe("go.mod", () => {
  it("gives the release of Go, the tools and the versions", () => {
    const module = parseGoMod(`// require nothing.example v1.0.0
module example.test/x // a comment

go 1.30.2
toolchain go1.31.0

require one.example/a v1.0.0
require (
	two.example/b/v2 v2.0.0 // indirect
)
tool one.example/a/cmd/a
tool (
	two.example/b/v2/cmd
)
replace (
	one.example/a => one.example/fork v9.9.9
)
`);
    expect(module.goVersion).toBe("1.30.2");
    expect(module.tools).toEqual(["one.example/a/cmd/a", "two.example/b/v2/cmd"]);
    expect([...module.requires]).toEqual([
      ["one.example/a", "v1.0.0"],
      ["two.example/b/v2", "v2.0.0"],
    ]);
  });

  it("of ours makes every program that the toolchain has", async () => {
    const modules = await readGoModules(join(packageRoot(), "ci/toolchain"));
    const made = modules
      .flatMap(({ own, tools }) => [
        ...own.map((path) => path.slice("./".length)),
        ...tools.map(goProgramName),
      ])
      .map(programName);
    expect(made.sort()).toEqual([...programs].sort());
  });

  it("of ours pins all versions, whatever the major version of a module", async () => {
    const modules = await readGoModules(join(packageRoot(), "ci/toolchain"));
    expect(pinOf(modules, "argocd").path).toMatch(/^github\.com\/argoproj\/argo-cd\/v\d+$/);
    expect(pinOf(modules, "k3d").by.folder).toBe(join(packageRoot(), "ci/toolchain/k3d"));
    for (const version of Object.values(pinnedVersions(modules))) expect(version).toMatch(/^v\d+\.\d+\.\d+/);
  });

  it("must require what versions are asked of", () => {
    const modules = ["x", "y"].map((folder) => ({
      folder,
      own: [],
      ...parseGoMod("module x\nrequire helm.sh/helm-not/v4 v4.0.0\n"),
    }));
    expect(findPin(modules, "helm")).toBeUndefined();
    expect(() => pinOf(modules, "helm")).toThrow("no require of helm.sh/helm in x/go.mod and y/go.mod");
  });
});
