import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { KubeObject } from "../kubernetes/client.ts";
import type { InstallRequest } from "./install.ts";

/**
 * The values of the argo-cd chart that the release manifests have a place for: each `configs.*` key and
 * the object whose `data` it fills.
 */
const configurable = {
  cm: "argocd-cm",
  params: "argocd-cmd-params-cm",
  rbac: "argocd-rbac-cm",
} as const;

/**
 * Installs Argo CD from the manifests of its release, configured with `configs.*` of the repository's
 * values. Gives the values that it has no place for, by their dotted keys.
 */
export async function installManifests({ client, toolchain, settings }: InstallRequest): Promise<string[]> {
  const text = await readFile(join(toolchain.argocdFiles, "manifests/install.yaml"), "utf8");
  const objects = parseAllDocuments(text).flatMap((document) => (document.toJS() ?? []) as KubeObject | []);
  const { data, repositories, unapplied } = readValues(settings.values);
  for (const object of objects) {
    const extra = object.kind === "ConfigMap" ? data.get(object.metadata.name) : undefined;
    if (extra) object.data = { ...(object.data as object | undefined), ...extra };
  }
  const definitions = objects.filter((object) => object.kind === "CustomResourceDefinition");
  const rest = objects.filter((object) => object.kind !== "CustomResourceDefinition");
  const namespace: KubeObject = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: settings.namespace },
  };
  await Promise.all([client.apply(namespace), ...definitions.map((object) => client.apply(object))]);
  await Promise.all(
    [...rest, ...repositories].map((object) => client.apply(inNamespace(object, settings.namespace))),
  );
  return unapplied;
}

function inNamespace(object: KubeObject, namespace: string): KubeObject {
  const subjects = object.subjects as { namespace?: string }[] | undefined;
  const moved = subjects
    ? { ...object, subjects: subjects.map((subject) => ({ ...subject, namespace })) }
    : object;
  if (object.kind.startsWith("Cluster")) return moved;
  return { ...moved, metadata: { ...object.metadata, namespace } };
}

interface ReadValues {
  data: Map<string, Record<string, string>>;
  /** Secrets by which Argo CD knows repositories and their credentials. */
  repositories: KubeObject[];
  unapplied: string[];
}

function readValues(texts: readonly string[]): ReadValues {
  const data = new Map<string, Record<string, string>>();
  const repositories: KubeObject[] = [];
  const unapplied = new Set<string>();
  for (const values of texts.map((text) => (parse(text) ?? {}) as Record<string, unknown>)) {
    const { configs, ...others } = values as { configs?: Record<string, Record<string, unknown>> };
    for (const key of Object.keys(others)) unapplied.add(key);
    for (const [section, content] of Object.entries(configs ?? {})) {
      const target = configurable[section as keyof typeof configurable];
      if (target !== undefined) data.set(target, { ...data.get(target), ...asData(content) });
      else if (section === "repositories") repositories.push(...asSecrets(content, "repository"));
      else if (section === "credentialTemplates") repositories.push(...asSecrets(content, "repo-creds"));
      else unapplied.add(`configs.${section}`);
    }
  }
  return { data, repositories, unapplied: [...unapplied].sort() };
}

/** The chart's rule: objects and numbers become text; `create` and `annotations` are about the object itself. */
function asData(content: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(content)
      .filter(([key]) => key !== "create" && key !== "annotations")
      .map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

function asSecrets(content: Record<string, unknown>, type: "repository" | "repo-creds"): KubeObject[] {
  return Object.entries(content).map(([name, entry]) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: `argocd-${type}-${name}`.toLowerCase(),
      labels: { "argocd.argoproj.io/secret-type": type },
    },
    stringData: asData(entry as Record<string, unknown>),
  }));
}
