import type { PatchOperation, PodPatchSettings } from "./pod-patch.ts";
import type { PodTemplate } from "./pod-template.ts";

export const patchSettings: PodPatchSettings = {
  token: "token-of-this-rehearsal",
  name: "rehearsal-1",
  hosts: ["git.example.com", "www.git.example.com"],
  noProxy: ".svc,.cluster.local,10.43.0.0/16",
  mirror: { host: "host.k3d.internal", address: "172.18.0.1" },
  hostBundleKey: "ca-bundle.pem",
};

/** As the argo-cd chart 9 makes it, shortened, with what its values may add. */
export function repoServerPod(): PodTemplate {
  return {
    metadata: {
      labels: {
        "app.kubernetes.io/name": "argocd-repo-server",
        "app.kubernetes.io/component": "repo-server",
        "app.kubernetes.io/part-of": "argocd",
      },
      annotations: { "checksum/cm": "1" },
    },
    spec: {
      serviceAccountName: "argocd-repo-server",
      containers: [
        {
          name: "repo-server",
          image: "quay.io/argoproj/argocd:v3.2.3",
          args: ["/usr/local/bin/argocd-repo-server", "--port=8081"],
          env: [
            { name: "HELM_CACHE_HOME", value: "/helm-working-dir" },
            { name: "HTTPS_PROXY", value: "http://proxy.example:3128" },
            { name: "no_proxy", value: "*" },
            {
              name: "REDIS_PASSWORD",
              valueFrom: { secretKeyRef: { name: "argocd-redis", key: "auth" } },
            },
          ],
          envFrom: [{ configMapRef: { name: "more" } }],
          volumeMounts: [
            { name: "ssh-known-hosts", mountPath: "/app/config/ssh" },
            { name: "tls-certs", mountPath: "/app/config/tls" },
            { name: "tmp", mountPath: "/tmp" },
          ],
        },
        { name: "plugin", image: "example/plugin", command: ["/var/run/argocd/argocd-cmp-server"] },
      ],
      initContainers: [
        {
          name: "copyutil",
          image: "quay.io/argoproj/argocd:v3.2.3",
          command: ["/bin/cp", "-n", "/usr/local/bin/argocd", "/var/run/argocd/argocd-cmp-server"],
          volumeMounts: [{ name: "var-files", mountPath: "/var/run/argocd" }],
        },
      ],
      volumes: [
        { name: "tmp", emptyDir: {} },
        { name: "var-files", emptyDir: {} },
        { name: "ssh-known-hosts", configMap: { name: "argocd-ssh-known-hosts-cm" } },
        { name: "tls-certs", configMap: { name: "argocd-tls-certs-cm" } },
      ],
      hostAliases: [
        { ip: "10.0.0.7", hostnames: ["nas.lan", "git.example.com"] },
        { ip: "10.0.0.8", hostnames: ["Git.example.com"] },
      ],
    },
  };
}

/** RFC 6902, as far as it is made use of: throws where what a path leads through is missing, as API servers do. */
export function applyPatch(pod: PodTemplate, patch: readonly PatchOperation[]): PodTemplate {
  const patched = structuredClone(pod) as unknown as Record<string, unknown>;
  for (const { path, value } of patch) {
    const keys = path.slice(1).split("/");
    const last = keys.pop() ?? "";
    let target: Record<string, unknown> = patched;
    for (const key of keys) {
      if (typeof target[key] !== "object" || target[key] === null) throw new Error(`nothing at ${path}`);
      target = target[key] as Record<string, unknown>;
    }
    target[last] = value;
  }
  return patched as unknown as PodTemplate;
}
