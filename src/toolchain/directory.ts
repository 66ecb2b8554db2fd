import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UsageError } from "../runner/errors.ts";
import type { ToolchainContext } from "./context.ts";
import { type Probe, probePrograms } from "./probe.ts";
import {
  argocdManifestsFolder,
  argocdScriptFiles,
  type Program,
  type Toolchain,
  toolchainIn,
} from "./toolchain.ts";
import { joinNames } from "./wording.ts";

/** The folder that the user names; undefined where none is. Throws UsageError naming what it lacks. */
export async function fromDirectory(context: ToolchainContext): Promise<Toolchain | undefined> {
  const { directory } = context.options;
  if (directory === undefined) return undefined;
  const folder = resolve(directory);
  const { unfit, probes } = await inspectDirectory(folder, context.signal);
  if (unfit !== undefined) {
    throw new UsageError(`the toolchain folder ${directory} cannot be used: ${unfit}`, {
      fix: "It needs bin/ and argocd/ as `npm run toolchain:pack` packs them; without the option we bring our own.",
    });
  }
  return toolchainIn(folder, { ...context.versions, ...statedVersions(probes) }, directory);
}

/** Why a folder is no toolchain, if so: `it lacks bin/helm and bin/kwok; bin/etcd does not run (code 2)`. */
export async function inspectDirectory(
  folder: string,
  signal?: AbortSignal,
): Promise<{ unfit: string | undefined; probes: Probe[] }> {
  const probes = await probePrograms(join(folder, "bin"), signal);
  const missing: string[] = [];
  const broken: string[] = [];
  for (const probe of probes) {
    if (probe.runs) continue;
    if (probe.why === "missing") missing.push(`bin/${probe.program}`);
    else broken.push(`bin/${probe.program} does not run (${probe.why})`);
  }
  for (const path of [...argocdScriptFiles, `${argocdManifestsFolder}/install.yaml`]) {
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (found === undefined) missing.push(path);
    else if (path.endsWith(".sh") && (found.mode & 0o111) === 0) broken.push(`${path} is not executable`);
  }
  const parts = [...(missing.length === 0 ? [] : [`it lacks ${joinNames(missing)}`]), ...broken];
  return { unfit: parts.length === 0 ? undefined : parts.join("; "), probes };
}

function statedVersions(probes: readonly Probe[]): Partial<Toolchain["versions"]> {
  const of = (program: Program) => {
    const probe = probes.find((candidate) => candidate.program === program);
    return probe?.runs ? probe.version : "unknown";
  };
  return {
    kubernetes: of("kube-apiserver"),
    argocd: of("argocd"),
    helm: of("helm"),
    kustomize: of("kustomize"),
    k3d: of("k3d"),
  };
}
