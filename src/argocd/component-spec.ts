import type { KubeClient, KubeObject } from "../kubernetes/client.ts";
import { InfrastructureError } from "../runner/errors.ts";

export type Component = "repo-server" | "application-controller" | "applicationset-controller";

/** How the installation wants a component run. */
export interface ComponentSpec {
  /** Flags only, without the program. */
  args: string[];
  env: Record<string, string>;
  serviceAccount: string;
}

interface Container {
  args?: string[];
  command?: string[];
  env?: { name: string; value?: string; valueFrom?: ValueSource }[];
}

interface ValueSource {
  configMapKeyRef?: { name: string; key: string };
  secretKeyRef?: { name: string; key: string };
  fieldRef?: { fieldPath: string };
}

/**
 * Reads a component from the workload that was installed for it, found by the labels that chart and
 * release manifests share. Throws InfrastructureError where there is none.
 */
export async function readComponent(
  client: KubeClient,
  namespace: string,
  component: Component,
): Promise<ComponentSpec> {
  const workloads = await Promise.all([
    client.list("apps/v1", "Deployment", namespace),
    client.list("apps/v1", "StatefulSet", namespace),
  ]);
  const workload = workloads.flatMap((list) => list.items).find((object) => isComponent(object, component));
  if (!workload)
    throw new InfrastructureError(
      `the installation of Argo CD has no ${component} in namespace ${namespace}`,
    );
  const { containers, serviceAccountName } = podSpec(workload);
  const container = containers[0];
  if (!container) throw new InfrastructureError(`${workload.metadata.name} has no container`);
  return {
    args: [...(container.command ?? []), ...(container.args ?? [])].filter((argument) =>
      argument.startsWith("--"),
    ),
    env: await resolveEnvironment(client, namespace, container),
    serviceAccount: serviceAccountName ?? "default",
  };
}

/** A ConfigMap's `data`; empty where there is none. */
export async function configMapData(
  client: KubeClient,
  namespace: string,
  name: string,
): Promise<Record<string, string>> {
  const object = await client.read({ apiVersion: "v1", kind: "ConfigMap", name, namespace });
  return (object?.data ?? {}) as Record<string, string>;
}

function isComponent(object: KubeObject, component: Component): boolean {
  const labels = object.metadata.labels ?? {};
  return (
    labels["app.kubernetes.io/part-of"] === "argocd" && labels["app.kubernetes.io/component"] === component
  );
}

function podSpec(workload: KubeObject): { containers: Container[]; serviceAccountName?: string } {
  const spec = workload.spec as {
    template: { spec: { containers: Container[]; serviceAccountName?: string } };
  };
  return spec.template.spec;
}

/** As the kubelet does it; references to what does not exist are left out, since nearly all are optional. */
async function resolveEnvironment(
  client: KubeClient,
  namespace: string,
  container: Container,
): Promise<Record<string, string>> {
  const sources = new Map<string, Promise<Record<string, string>>>();
  const read = (kind: "ConfigMap" | "Secret", name: string) => {
    const key = `${kind}/${name}`;
    const known = sources.get(key) ?? readData(client, namespace, kind, name);
    sources.set(key, known);
    return known;
  };
  const entries = await Promise.all(
    (container.env ?? []).map(async ({ name, value, valueFrom }) => {
      if (value !== undefined) return [name, value] as const;
      const { configMapKeyRef, secretKeyRef, fieldRef } = valueFrom ?? {};
      if (configMapKeyRef)
        return [name, (await read("ConfigMap", configMapKeyRef.name))[configMapKeyRef.key]] as const;
      if (secretKeyRef) return [name, (await read("Secret", secretKeyRef.name))[secretKeyRef.key]] as const;
      if (fieldRef?.fieldPath === "metadata.namespace") return [name, namespace] as const;
      return [name, undefined] as const;
    }),
  );
  return Object.fromEntries(
    entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined),
  );
}

async function readData(
  client: KubeClient,
  namespace: string,
  kind: "ConfigMap" | "Secret",
  name: string,
): Promise<Record<string, string>> {
  if (kind === "ConfigMap") return configMapData(client, namespace, name);
  const secret = await client.read({ apiVersion: "v1", kind, name, namespace });
  const data = (secret?.data ?? {}) as Record<string, string>;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
  );
}
