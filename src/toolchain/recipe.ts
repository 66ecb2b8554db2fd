import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type GoModule, modulePath, pinnedVersions } from "./go-module.ts";
import type { Platform } from "./platform.ts";
import type { Program } from "./toolchain.ts";

/** How the programs are compiled. Whatever changes their bytes belongs here, and so into the key. */
export interface Recipe {
  /** Go's flags, the same for `go list` and `go build`: they select the entries of Go's build cache. */
  flags: readonly string[];
  packages: readonly string[];
  /** Added to the environment of every go command. */
  env: Record<string, string | undefined>;
}

/** Bump to have toolchains made anew though no input changed: another layout of the folder, say. */
const layoutVersion = 1;

/** The recipe for the whole toolchain. */
export function toolchainRecipe(module: GoModule, platform: Platform): Recipe {
  return {
    flags: [
      "-trimpath",
      "-buildvcs=false",
      "-pgo=off",
      "-gcflags=all=-dwarf=false", // the linker would strip it all the same
      "-ldflags",
      `-s -w ${stamps(module)}`,
    ],
    packages: ["./redis", "tool"],
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

/** Versions that releases get by linker flags; without them charts' `kubeVersion` constraints fail. */
function stamps(module: GoModule): string {
  const { kubernetes, argocd, helm } = pinnedVersions(module);
  const [major, minor] = kubernetes.slice(1).split(".");
  const component = "k8s.io/component-base/version";
  const values = {
    [`${component}.gitVersion`]: kubernetes,
    [`${component}.gitMajor`]: major,
    [`${component}.gitMinor`]: minor,
    [`${component}.gitTreeState`]: "clean",
    [`${component}.gitCommit`]: "0".repeat(40),
    [`${component}.buildDate`]: "1970-01-01T00:00:00Z",
    [`${modulePath(module, "argocd")}/common.version`]: argocd.slice(1),
    [`${modulePath(module, "helm")}/internal/version.version`]: helm,
  };
  return Object.entries(values)
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
export async function toolchainKey(module: GoModule, recipe: Recipe): Promise<string> {
  const hash = createHash("sha256");
  const { GOOS, GOARCH, ...env } = recipe.env;
  hash.update(JSON.stringify({ layoutVersion, ...recipe, env, programsByGoName }));
  for (const file of ["go.mod", "go.sum", ...(await redisSources(module.folder))]) {
    hash.update(`\0${file}\0`).update(await readFile(join(module.folder, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

async function redisSources(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, "redis"));
  return names
    .filter((name) => name.endsWith(".go"))
    .sort()
    .map((name) => `redis/${name}`);
}
