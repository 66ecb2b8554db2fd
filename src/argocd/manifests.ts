import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { KubeObject } from "../kubernetes/client.ts";
import { ChangeError, messageOf } from "../runner/errors.ts";
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
export async function installManifests({
  client,
  toolchain,
  settings,
  signal,
}: InstallRequest): Promise<string[]> {
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
  signal.throwIfAborted();
  await Promise.all(
    [...rest, ...repositories, redisPassword()].map((object) =>
      client.apply(inNamespace(object, settings.namespace)),
    ),
  );
  return unapplied;
}

/**
 * An init container of Redis makes it otherwise, and every Pod that starts before that is tried again only
 * 12 s later. One that is there is left as it is (`argocd admin redis-initial-password`).
 */
function redisPassword(): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "argocd-redis" },
    stringData: { auth: randomBytes(16).toString("hex") },
  };
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
  /** By the name of its ConfigMap. */
  data: Map<string, Record<string, string>>;
  /** Secrets by which Argo CD knows repositories and their credentials. */
  repositories: KubeObject[];
  unapplied: string[];
}

/** Reads the texts in the order in which Helm merges them. Throws ChangeError where one is no YAML mapping. */
export function readValues(texts: readonly string[]): ReadValues {
  const values = texts.map(parseValues).reduce(mergeValues, {});
  const { configs, ...others } = values as { configs?: unknown };
  const data = new Map<string, Record<string, string>>();
  const repositories: KubeObject[] = [];
  const unapplied = new Set(Object.keys(others));
  for (const [section, content] of Object.entries(asMapping(configs))) {
    const target = configurable[section as keyof typeof configurable];
    if (target !== undefined) data.set(target, asData(asMapping(content)));
    else if (section === "repositories") repositories.push(...asSecrets(asMapping(content), "repository"));
    else if (section === "credentialTemplates")
      repositories.push(...asSecrets(asMapping(content), "repo-creds"));
    else unapplied.add(`configs.${section}`);
  }
  return { data, repositories, unapplied: [...unapplied].sort() };
}

type Mapping = Record<string, unknown>;

function parseValues(text: string): Mapping {
  let values: unknown;
  try {
    values = parse(text) ?? {};
  } catch (error) {
    throw new ChangeError(`the values of Argo CD are no YAML: ${messageOf(error).split("\n")[0]}`);
  }
  if (!isMapping(values)) throw new ChangeError("the values of Argo CD are no mapping");
  return values;
}

/** Helm's rule: mappings are merged, all else is replaced, and null takes a value away. */
function mergeValues(into: Mapping, values: Mapping): Mapping {
  const merged = { ...into };
  for (const [key, value] of Object.entries(values)) {
    const known = merged[key];
    if (value === null) delete merged[key];
    else merged[key] = isMapping(value) ? mergeValues(isMapping(known) ? known : {}, value) : value;
  }
  return merged;
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asMapping(value: unknown): Mapping {
  return isMapping(value) ? value : {};
}

/**
 * The chart's rule: what is empty is left out; `create` and `annotations` are about the object itself.
 * Objects and numbers become text.
 */
function asData(content: Mapping): Record<string, string> {
  return Object.fromEntries(
    Object.entries(content)
      .filter(([key, value]) => key !== "create" && key !== "annotations" && value !== "")
      .map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

function asSecrets(content: Mapping, type: "repository" | "repo-creds"): KubeObject[] {
  return Object.entries(content).map(([name, entry]) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: `argocd-${type}-${name}`.toLowerCase(),
      labels: { "argocd.argoproj.io/secret-type": type },
    },
    stringData: asData(asMapping(entry)),
  }));
}
