import { join } from "node:path";

/** The programs that engines and Argo CD need, by the name under which each is called. */
export const programs = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok",
  "argocd",
  "helm",
  "kustomize",
  "redis",
  "k3d",
] as const;

export type Program = (typeof programs)[number];

/** With a leading `v`. */
export interface ToolchainVersions {
  kubernetes: string;
  argocd: string;
  helm: string;
  kustomize: string;
  k3d: string;
}

/** A complete, verified set of programs. */
export interface Toolchain {
  /** Absolute path of a program. */
  program(name: Program): string;
  /** The folder with all programs in it, for a PATH. */
  readonly bin: string;
  /** The folder with the data that Argo CD's release carries beside its binary: `manifests/`, `hack/`. */
  readonly argocdFiles: string;
  /** The folder with the scripts that Argo CD's repo-server calls by name, for its PATH. */
  readonly argocdScripts: string;
  /** As pinned by the go.mod files of ci/toolchain; those of a user's own folder as its programs state them. */
  readonly versions: ToolchainVersions;
  /** Where it came from, for people: `cache`, `built from source`, the archive's or folder's name. */
  readonly origin: string;
}

/** Files that Argo CD needs besides its program, relative to a toolchain's folder. */
export const argocdScriptFiles = [
  "argocd/hack/git-verify-wrapper.sh",
  "argocd/hack/gpg-wrapper.sh",
  "argocd/hack/git-ask-pass.sh",
] as const;

export const argocdManifestsFolder = "argocd/manifests";

/** The toolchain laid out in `folder` (`bin/`, `argocd/`), which the caller has verified. */
export function toolchainIn(folder: string, versions: ToolchainVersions, origin: string): Toolchain {
  const bin = join(folder, "bin");
  return {
    program: (name) => join(bin, name),
    bin,
    argocdFiles: join(folder, "argocd"),
    argocdScripts: join(folder, "argocd/hack"),
    versions,
    origin,
  };
}
