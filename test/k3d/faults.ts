import type { Edits } from "./homelab.ts";

/** What only an engine with real containers can see: one Deployment each. */
const containers = {
  crash: {
    image: "docker.io/library/busybox:1.37",
    command: ["sh", "-c", "echo no database at db:5432 >&2; exit 7"],
  },
  image: { image: "ghcr.io/you/nothing:9" },
  probe: {
    image: "docker.io/library/busybox:1.37",
    command: ["httpd", "-f", "-p", "8080", "-h", "/etc"],
    readinessProbe: { httpGet: { path: "/healthz", port: 8080 }, periodSeconds: 1, failureThreshold: 2 },
  },
  size: {
    image: "docker.io/library/busybox:1.37",
    command: ["sleep", "3600"],
    resources: { requests: { cpu: "64" } },
  },
} as const;

export type Fault = keyof typeof containers;

export const faults = Object.keys(containers) as Fault[];

/** Adds an Application with a fault to the homelab, one for each. */
export function withFaults(names: readonly Fault[]): Edits {
  return Object.fromEntries(
    names.flatMap((name) => [
      [`root/children/${name}.yaml`, application(name)],
      [`applications/${name}/deployment.yaml`, deployment(name)],
    ]),
  );
}

function application(name: Fault): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: ${name}
  namespace: argocd
  annotations:
    argocd.argoproj.io/sync-wave: "1"
spec:
  project: default
  source:
    repoURL: https://github.com/you/homelab.git
    targetRevision: main
    path: applications/${name}
  destination:
    server: https://kubernetes.default.svc
    namespace: ${name}
  syncPolicy:
    automated: {}
    syncOptions:
      - CreateNamespace=true
`;
}

function deployment(name: Fault): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  selector:
    matchLabels: { app: ${name} }
  template:
    metadata:
      labels: { app: ${name} }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - ${JSON.stringify({ name: "main", ...containers[name] })}
`;
}
