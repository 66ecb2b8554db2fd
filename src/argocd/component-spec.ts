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
  envFrom?: { prefix?: string; configMapRef?: { name: string }; secretRef?: { name: string } }[];
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
  const env = await resolveEnvironment(client, namespace, container);
  const line = [...(container.command ?? []), ...(container.args ?? [])];
  const firstFlag = line.findIndex((argument) => argument.startsWith("--"));
  return {
    args: firstFlag === -1 ? [] : line.slice(firstFlag).map((argument) => expand(argument, env)),
    env,
    serviceAccount: serviceAccountName ?? "default",
  };
}

/** Kubernetes' own references: `$(NAME)` where there is one of that name, `$$` for a dollar. */
function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^()]+)\)/g, (all, name?: string) =>
    name === undefined ? "$" : (env[name] ?? all),
  );
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

/** As the kubelet does it, in order; references to what does not exist are left out, since nearly all are optional. */
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
  const resolve = async (source: ValueSource): Promise<string | undefined> => {
    const { configMapKeyRef, secretKeyRef, fieldRef } = source;
    if (configMapKeyRef) return (await read("ConfigMap", configMapKeyRef.name))[configMapKeyRef.key];
    if (secretKeyRef) return (await read("Secret", secretKeyRef.name))[secretKeyRef.key];
    return fieldRef?.fieldPath === "metadata.namespace" ? namespace : undefined;
  };
  const env: Record<string, string> = {};
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const data = {
      ...(configMapRef ? await read("ConfigMap", configMapRef.name) : {}),
      ...(secretRef ? await read("Secret", secretRef.name) : {}),
    };
    for (const [key, value] of Object.entries(data)) env[prefix + key] = value;
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const resolved = valueFrom ? await resolve(valueFrom) : expand(value ?? "", env);
    if (resolved !== undefined) env[name] = resolved;
  }
  return env;
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
