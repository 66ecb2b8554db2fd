import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../runner/package-root.ts";
import { goProgramName } from "./go-build.ts";
import { modulePath, parseGoMod, pinnedVersions, readGoModule } from "./go-module.ts";
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
    const module = await readGoModule(join(packageRoot(), "ci/toolchain"));
    const made = ["redis", ...module.tools.map(goProgramName)].map(programName);
    expect(made.sort()).toEqual([...programs].sort());
  });

  it("of ours pins all versions, whatever the major version of a module", async () => {
    const module = await readGoModule(join(packageRoot(), "ci/toolchain"));
    expect(modulePath(module, "argocd")).toMatch(/^github\.com\/argoproj\/argo-cd\/v\d+$/);
    for (const version of Object.values(pinnedVersions(module))) expect(version).toMatch(/^v\d+\.\d+\.\d+/);
  });

  it("must require what versions are asked of", () => {
    const module = { folder: "x", ...parseGoMod("module x\nrequire helm.sh/helm-not/v4 v4.0.0\n") };
    expect(() => modulePath(module, "helm")).toThrow("x/go.mod requires no helm.sh/helm");
  });
});
