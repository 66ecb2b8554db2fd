import { stringify } from "yaml";

/** The source of an Application in the repository that these tests rehearse. */
export const ours = { repoURL: "https://git.example/you/homelab", targetRevision: "main" };

export function application(name: string, source: object): string {
  return stringify({
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name, namespace: "argocd" },
    spec: {
      project: "default",
      source,
      destination: { server: "https://kubernetes.default.svc", namespace: name === "root" ? "argocd" : name },
      syncPolicy: { automated: {}, syncOptions: ["CreateNamespace=true"] },
    },
  });
}

export function configMap(name: string): string {
  return stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { name } });
}
