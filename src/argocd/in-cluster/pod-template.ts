import { basename } from "node:path/posix";
import type { KubeObject } from "../../kubernetes/client.ts";

/** As much of a Pod, or of a workload's template, as is read here. */
export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: PodSpec;
}

export interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  volumes?: Volume[];
  hostAliases?: HostAlias[];
  [field: string]: unknown;
}

export interface Container {
  name: string;
  image?: string;
  command?: string[];
  args?: string[];
  env?: EnvironmentVariable[];
  volumeMounts?: VolumeMount[];
  [field: string]: unknown;
}

export interface EnvironmentVariable {
  name: string;
  value?: string;
  valueFrom?: unknown;
}

export interface VolumeMount {
  name: string;
  mountPath: string;
  [field: string]: unknown;
}

export interface Volume {
  name: string;
  [source: string]: unknown;
}

export interface HostAlias {
  ip: string;
  hostnames?: string[];
}

/** Argo CD's own name for the part of it that a Pod runs: `repo-server`, `application-controller`. */
export function componentOf({ metadata, spec }: PodTemplate): string | undefined {
  const program = spec.containers.flatMap((container) => programOf(container) ?? [])[0];
  if (program !== undefined) return program;
  const labels = metadata?.labels ?? {};
  // The release manifests' Pods bear the name alone.
  return labels["app.kubernetes.io/component"] ?? labels["app.kubernetes.io/name"]?.replace(/^argocd-/, "");
}

/**
 * The values of the chart can give components other names (`repoServer.name`), and their labels follow; the
 * program's name is built in, since one binary is all components.
 */
function programOf({ command = [], args = [], env = [] }: Container): string | undefined {
  const words = [...command, ...args].flatMap((text) => text.split(/\s+/));
  const firstFlag = words.findIndex((word) => /^--\w/.test(word));
  const programs = [
    ...words.slice(0, firstFlag === -1 ? undefined : firstFlag).map((word) => basename(word)),
    ...env.flatMap(({ name, value }) => (name === "ARGOCD_BINARY_NAME" && value ? [value] : [])),
  ];
  return programs.map((program) => components.get(program)).find((component) => component !== undefined);
}

// cmd/main.go of Argo CD. Not argocd-cmp-server, which is a sidecar of the repo-server.
const components: ReadonlyMap<string, string> = new Map(
  [
    "server",
    "repo-server",
    "application-controller",
    "applicationset-controller",
    "notifications-controller",
    "commit-server",
  ].map((component) => [`argocd-${component}`, component] as const),
);

/** A Deployment's or StatefulSet's template. */
export function templateOf(workload: KubeObject): PodTemplate {
  return (workload.spec as { template: PodTemplate }).template;
}
