import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ToolchainVersions } from "./toolchain.ts";

/** What a go.mod says about the programs to build. */
export interface GoModule {
  folder: string;
  /** Of the `go` line, such as `1.27.0`. */
  goVersion: string;
  /** Import paths of the `tool` lines. */
  tools: readonly string[];
  /** Version by module path. */
  requires: ReadonlyMap<string, string>;
}

/** Reads `folder`/go.mod. */
export async function readGoModule(folder: string): Promise<GoModule> {
  return { folder, ...parseGoMod(await readFile(join(folder, "go.mod"), "utf8")) };
}

/** The lines that matter to us; https://go.dev/ref/mod#go-mod-file has the grammar. */
export function parseGoMod(text: string): Omit<GoModule, "folder"> {
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
const modules = {
  kubernetes: "k8s.io/kubernetes",
  argocd: "github.com/argoproj/argo-cd",
  helm: "helm.sh/helm",
  kustomize: "sigs.k8s.io/kustomize/kustomize",
} as const satisfies Record<keyof ToolchainVersions, string>;

/** The path of a module that the toolchain is made of, with its major version where it has one. */
export function modulePath(module: GoModule, name: keyof typeof modules): string {
  const base = modules[name];
  const found = [...module.requires.keys()].find(
    (path) => path === base || (path.startsWith(`${base}/v`) && /^\d+$/.test(path.slice(base.length + 2))),
  );
  if (found === undefined) throw new Error(`${module.folder}/go.mod requires no ${base}`);
  return found;
}

/** The versions that go.mod pins. */
export function pinnedVersions(module: GoModule): ToolchainVersions {
  const version = (name: keyof typeof modules) => module.requires.get(modulePath(module, name)) ?? "";
  return {
    kubernetes: version("kubernetes"),
    argocd: version("argocd"),
    helm: version("helm"),
    kustomize: version("kustomize"),
  };
}
