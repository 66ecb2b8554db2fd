/**
 * Names of what a change may not weaken in Argo CD's own settings until `allow` of the base's configuration
 * lists it. `src/rehearsal/protection` says which settings belong to each.
 */
export const protectedSettings = [
  /** Config management plugins: programs that the repository names. */
  "argocd-plugins",
  /** Options and versions of kustomize, which may run programs and read files outside. */
  "argocd-kustomize",
  /** Containers, volumes, variables and arguments of Argo CD's own workloads; Helm's schemes for values. */
  "argocd-tools",
  /** Where images of Argo CD come from. */
  "argocd-images",
  /** Where the chart or the manifests of Argo CD come from. */
  "argocd-source",
  /** Who may do what. */
  "argocd-rbac",
  /** Who may log in, and how; the terminal. */
  "argocd-access",
  /** Credentials of repositories and clusters. */
  "argocd-credentials",
  /** Hosts, certificates and keys that are trusted. */
  "argocd-trust",
  /** What projects permit. */
  "argocd-projects",
  /** When a resource counts as healthy, and what may be done to it. */
  "argocd-health",
  /** Which differences and resources Argo CD does not look at. */
  "argocd-exclusions",
  /** Where Applications may stand, and whom Argo CD asks. */
  "argocd-namespaces",
  /** Any other setting of Argo CD that is not known to be harmless. */
  "argocd-settings",
] as const;

export type ProtectedSetting = (typeof protectedSettings)[number];
