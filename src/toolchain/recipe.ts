import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { findPin, type GoModule, type Requirement } from "./go-module.ts";
import type { Platform } from "./platform.ts";
import type { Program } from "./toolchain.ts";

/** How the programs of one module are compiled. Whatever changes their bytes belongs here, and so into the key. */
export interface Recipe {
  /** Go's flags, the same for `go list` and `go build`: they select the entries of Go's build cache. */
  flags: readonly string[];
  packages: readonly string[];
  /** Added to the environment of every go command. */
  env: Record<string, string | undefined>;
}

/** Bump to have toolchains made anew though no input changed: another layout of the folder, say. */
const layoutVersion = 1;

/** One `go build` of those that make a toolchain. */
export interface ModuleBuild {
  module: GoModule;
  recipe: Recipe;
}

/** The builds that make the whole toolchain, in their order. */
export function toolchainBuilds(modules: readonly GoModule[], platform: Platform): ModuleBuild[] {
  return modules.map((module) => ({ module, recipe: moduleRecipe(module, platform) }));
}

/** The recipe for the programs of one module. */
export function moduleRecipe(module: GoModule, platform: Platform): Recipe {
  return {
    flags: [
      "-trimpath",
      "-buildvcs=false",
      "-pgo=off",
      "-gcflags=all=-dwarf=false", // the linker would strip it all the same
      "-ldflags",
      `-s -w ${stamps(module)}`,
    ],
    packages: [...module.own, "tool"],
    env: goEnvironment(module, platform),
  };
}

/** Shields a go command from whatever the user's environment would change in its result. */
export function goEnvironment(
  module: Pick<GoModule, "goVersion">,
  platform: Platform,
): Record<string, string | undefined> {
  return {
    GOTOOLCHAIN: `go${module.goVersion}`,
    GOOS: platform.os,
    GOARCH: platform.arch,
    GOAMD64: undefined,
    GOARM64: undefined,
    GOEXPERIMENT: undefined,
    GOWORK: "off",
    GOFLAGS: "-mod=readonly", // not empty: Go would then fall back to what `go env -w` wrote
    CGO_ENABLED: "0",
    // The compiler's own garbage collector: a third less time for a cold build (measured on 2 cores).
    GOGC: "800",
  };
}

/**
 * Variables that a project's own releases get by linker flags. Without them, charts' `kubeVersion` constraints
 * fail, and k3d asks for the newest of its images in place of those that belong to it.
 */
const stamped: Partial<Record<Requirement, (path: string, version: string) => Record<string, string>>> = {
  kubernetes(_, version) {
    const [major = "", minor = ""] = version.slice(1).split(".");
    const component = "k8s.io/component-base/version";
    return {
      [`${component}.gitVersion`]: version,
      [`${component}.gitMajor`]: major,
      [`${component}.gitMinor`]: minor,
      [`${component}.gitTreeState`]: "clean",
      [`${component}.gitCommit`]: "0".repeat(40),
      [`${component}.buildDate`]: "1970-01-01T00:00:00Z",
    };
  },
  argocd: (path, version) => ({ [`${path}/common.version`]: version.slice(1) }),
  helm: (path, version) => ({ [`${path}/internal/version.version`]: version }),
  k3d: (path, version) => ({ [`${path}/version.Version`]: version }),
};

function stamps(module: GoModule): string {
  return (Object.keys(stamped) as Requirement[])
    .flatMap((name) => {
      const pin = findPin([module], name);
      return pin === undefined ? [] : Object.entries(stamped[name]?.(pin.path, pin.version) ?? {});
    })
    .map(([name, value]) => `-X ${name}=${value}`)
    .join(" ");
}

/** Go names a program after its package's folder, which for these two says too little. */
const programsByGoName: Record<string, Program> = { cmd: "argocd", server: "etcd" };

/** The name of ours for a file that `go build` made. */
export function programName(goName: string): string {
  return programsByGoName[goName] ?? goName;
}

/** 16 hexadecimal digits over all that a toolchain is made from, platform excepted. */
export async function toolchainKey(builds: readonly ModuleBuild[]): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify({ layoutVersion, programsByGoName }));
  for (const [index, { module, recipe }] of builds.entries()) {
    const { GOOS, GOARCH, ...env } = recipe.env;
    const name = index === 0 ? "" : basename(module.folder);
    hash.update(`\0\0${JSON.stringify({ name, ...recipe, env })}`);
    for (const file of ["go.mod", "go.sum", ...(await ownSources(module))]) {
      hash.update(`\0${file}\0`).update(await readFile(join(module.folder, file)));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

/** Files of a module's own programs, relative to its folder. */
async function ownSources({ folder, own }: GoModule): Promise<string[]> {
  const sources = await Promise.all(
    own.map(async (program) => {
      const names = await readdir(join(folder, program));
      return names.filter((name) => name.endsWith(".go")).map((name) => join(program, name));
    }),
  );
  return sources.flat().sort();
}
