import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ToolchainVersions } from "./toolchain.ts";

/** What a module says about the programs to build. */
export interface GoModule {
  /** Holds go.mod. */
  folder: string;
  /** Programs of its own, as Go names their packages: `./redis`. */
  own: readonly string[];
  /** Of the `go` line, such as `1.27.0`. */
  goVersion: string;
  /** Import paths of the `tool` lines. */
  tools: readonly string[];
  /** Version by module path. */
  requires: ReadonlyMap<string, string>;
}

/** Reads `folder`/go.mod, and which folders beside it are programs. */
export async function readGoModule(folder: string): Promise<GoModule> {
  const parsed = parseGoMod(await readFile(join(folder, "go.mod"), "utf8"));
  const own = (await foldersIn(folder))
    .filter(({ files }) => !files.includes("go.mod") && files.some((file) => file.endsWith(".go")))
    .map(({ name }) => `./${name}`);
  return { folder, own, ...parsed };
}

/**
 * The module in `folder`, and those in folders directly below it: for programs whose dependencies exclude
 * each other, as one module has one version of everything.
 */
export async function readGoModules(folder: string): Promise<GoModule[]> {
  const nested = (await foldersIn(folder)).filter(({ files }) => files.includes("go.mod"));
  return Promise.all([folder, ...nested.map(({ name }) => join(folder, name))].map(readGoModule));
}

/** Sorted by name. */
async function foldersIn(folder: string): Promise<{ name: string; files: string[] }[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  return Promise.all(names.map(async (name) => ({ name, files: await readdir(join(folder, name)) })));
}

/** The lines that matter to us; https://go.dev/ref/mod#go-mod-file has the grammar. */
export function parseGoMod(text: string): Omit<GoModule, "folder" | "own"> {
  const tools: string[] = [];
  const requires = new Map<string, string>();
  let goVersion = "";
  let block: string | undefined;
  for (const raw of text.split("\n")) {
    const words = raw
      .replace(/\/\/.*/, "")
      .trim()
      .split(/\s+/);
    if (words[0] === "") continue;
    if (words[0] === ")") {
      block = undefined;
      continue;
    }
    if (block === undefined && words[1] === "(") {
      block = words[0];
      continue;
    }
    const [verb, first, second] = block === undefined ? words : [block, ...words];
    if (first === undefined) continue;
    if (verb === "go") goVersion = first;
    if (verb === "tool") tools.push(first);
    if (verb === "require" && second !== undefined) requires.set(first, second);
  }
  return { goVersion, tools, requires };
}

/** Paths without their major version, which changes with an upgrade. */
const requirements = {
  kubernetes: "k8s.io/kubernetes",
  argocd: "github.com/argoproj/argo-cd",
  helm: "helm.sh/helm",
  kustomize: "sigs.k8s.io/kustomize/kustomize",
  k3d: "github.com/k3d-io/k3d",
} as const satisfies Record<keyof ToolchainVersions, string>;

export type Requirement = keyof typeof requirements;

/** A module that the toolchain is made of, as pinned. */
export interface Pin {
  /** With the major version, where it has one. */
  path: string;
  /** With a leading `v`. */
  version: string;
  /** Of the modules of ours, the one that requires it. */
  by: GoModule;
}

/** Where a requirement is pinned; undefined where none of the modules has it. */
export function findPin(modules: readonly GoModule[], name: Requirement): Pin | undefined {
  const base = requirements[name];
  for (const by of modules) {
    for (const [path, version] of by.requires) {
      if (path === base || (path.startsWith(`${base}/v`) && /^\d+$/.test(path.slice(base.length + 2))))
        return { path, version, by };
    }
  }
  return undefined;
}

/** Like `findPin`, for what has to be there. */
export function pinOf(modules: readonly GoModule[], name: Requirement): Pin {
  const found = findPin(modules, name);
  if (found !== undefined) return found;
  const files = modules.map(({ folder }) => `${folder}/go.mod`).join(" and ");
  throw new Error(`no require of ${requirements[name]} in ${files}`);
}

/** The versions that the go.mod files pin. */
export function pinnedVersions(modules: readonly GoModule[]): ToolchainVersions {
  const version = (name: Requirement) => pinOf(modules, name).version;
  return {
    kubernetes: version("kubernetes"),
    argocd: version("argocd"),
    helm: version("helm"),
    kustomize: version("kustomize"),
    k3d: version("k3d"),
  };
}
