import type { KubeObject } from "../../kubernetes/client.ts";
import { componentOf, type PodTemplate, templateOf } from "./pod-template.ts";

/** Without these, Applications are compared and synced all the same. */
const optional = new Set(["dex-server", "notifications-controller", "commit-server"]);

/** Whether a Pod is of a part of Argo CD that it needs for Applications, or of a Job that installs it. */
export function isPodOfArgoCd(pod: KubeObject): boolean {
  const { labels = {}, ownerReferences = [] } = pod.metadata as {
    labels?: Record<string, string>;
    ownerReferences?: { kind: string }[];
  };
  const template = pod as unknown as PodTemplate;
  const ours =
    labels["app.kubernetes.io/part-of"] === "argocd" ||
    labels["app.kubernetes.io/name"]?.startsWith("argocd-") ||
    labels.app?.startsWith("redis-ha") ||
    isComponent(template) ||
    ownerReferences.some(({ kind }) => kind === "Job");
  return ours === true && isNeeded(template);
}

function isNeeded(template: PodTemplate): boolean {
  return !optional.has(componentOf(template) ?? "");
}

/** Whether a Deployment or StatefulSet is a part of Argo CD that it needs for Applications. */
export function isPartOfArgoCd(workload: KubeObject): boolean {
  const labels = workload.metadata.labels ?? {};
  const ours =
    labels["app.kubernetes.io/part-of"] === "argocd" ||
    labels.app === "redis-ha" || // of the chart's subchart, its proxy too
    isComponent(templateOf(workload));
  return ours && isNeeded(templateOf(workload));
}

function isComponent(template: PodTemplate): boolean {
  const component = componentOf(template);
  return component === "repo-server" || component === "application-controller";
}

interface WorkloadStatus {
  observedGeneration?: number;
  replicas?: number;
  updatedReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  conditions?: { type: string; status: string; message?: string }[];
}

/** As `kubectl rollout status` has it (polymorphichelpers/rollout_status.go). */
export function isRolledOut({ kind, metadata, spec, status }: KubeObject): boolean {
  const { replicas: wanted = 1 } = spec as { replicas?: number };
  const is = (status ?? {}) as WorkloadStatus;
  if ((is.observedGeneration ?? 0) < Number(metadata.generation)) return false;
  const { updatedReplicas = 0, replicas = 0 } = is;
  if (kind === "StatefulSet") return updatedReplicas >= wanted && (is.readyReplicas ?? 0) >= wanted;
  return updatedReplicas >= wanted && replicas <= updatedReplicas && (is.availableReplicas ?? 0) >= wanted;
}

/** Why the API server lets no Pods be made for a Deployment or ReplicaSet; undefined where it does. */
export function refusal({ status }: KubeObject): string | undefined {
  const { conditions = [] } = (status ?? {}) as WorkloadStatus;
  return conditions.find(({ type, status }) => type === "ReplicaFailure" && status === "True")?.message;
}
