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
] as const;

export type Program = (typeof programs)[number];

/** A complete, verified set of programs. */
export interface Toolchain {
  /** Absolute path of a program. */
  program(name: Program): string;
  /** The folder with all programs in it, for a PATH. */
  readonly bin: string;
  /** The folder with the data that Argo CD's release carries beside its binary: `manifests/`, `hack/`. */
  readonly argocdFiles: string;
  /** Versions as pinned by ci/toolchain/go.mod, with a leading `v`. */
  readonly versions: { kubernetes: string; argocd: string; helm: string; kustomize: string };
  /** Where it came from, for people: `cache`, `built from source`, the archive's or folder's name. */
  readonly origin: string;
}
