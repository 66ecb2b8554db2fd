import type { KubeClient } from "../kubernetes/client.ts";

/**
 * Makes the AppProject `default` as argocd-server does when it first starts, where there is none: without
 * a server (a core installation, `server.replicas: 0`) nobody else does. Throws ApiError.
 */
export async function ensureDefaultProject(client: KubeClient, namespace: string): Promise<void> {
  const project = { apiVersion: "argoproj.io/v1alpha1", kind: "AppProject", name: "default", namespace };
  if (await client.read(project)) return;
  await client.apply({
    apiVersion: project.apiVersion,
    kind: project.kind,
    metadata: { name: project.name, namespace },
    spec: {
      sourceRepos: ["*"],
      destinations: [{ server: "*", namespace: "*" }],
      clusterResourceWhitelist: [{ group: "*", kind: "*" }],
    },
  });
}
