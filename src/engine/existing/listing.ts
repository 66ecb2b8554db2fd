import { ApiError, type KubeClient } from "../../kubernetes/client.ts";
import { inParallel } from "./parallel.ts";

/** A kind of object that can be listed and deleted. */
export interface Resource {
  /** Empty for the core group. */
  group: string;
  version: string;
  /** Lower-case plural, as it stands in the API's paths. */
  plural: string;
  kind: string;
  namespaced: boolean;
}

/** Who an object is and whose, without what it says. */
export interface Meta {
  resource: Resource;
  name: string;
  namespace: string | undefined;
  uid: string;
  resourceVersion: string;
  /** ms since 1970, by the API server's clock; whole seconds. */
  created: number;
  deleting: boolean;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  finalizers: readonly string[];
  /** Kind and name of the object that controls it, and with which it goes. */
  controller: { kind: string; name: string } | undefined;
  /** Who has written to it, and when last (ms since 1970). */
  managers: readonly { name: string; at: number }[];
}

export interface Listing {
  objects: Meta[];
  /** `plural.group` of what could not be listed, and group versions (`group/version`) that did not answer. */
  unlisted: string[];
}

const metadataOnly =
  "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;q=0.9";
const chunk = 500;

/** Events tell what happened: they go by themselves, and there are many. */
const skippedKinds = new Set(["Event"]);

/** Every kind that can be listed and deleted, in the version that the API prefers. Tolerates groups whose server is down. */
export async function discover(
  client: KubeClient,
): Promise<{ resources: Resource[]; unavailable: string[] }> {
  const { groups } = (await client.request("GET", "/apis")) as {
    groups: { versions: { groupVersion: string }[]; preferredVersion: { groupVersion: string } }[];
  };
  const versions = groups.flatMap(({ versions, preferredVersion }) => [
    preferredVersion.groupVersion,
    ...versions
      .map(({ groupVersion }) => groupVersion)
      .filter((one) => one !== preferredVersion.groupVersion),
  ]);
  const unavailable: string[] = [];
  const lists = await inParallel(["v1", ...versions], async (version) => {
    try {
      return await resourcesOf(client, version);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 0) throw error;
      unavailable.push(version);
      return [];
    }
  });
  const seen = new Set<string>();
  const resources = lists.flat().filter((resource) => {
    const name = resourceName(resource);
    return !seen.has(name) && seen.add(name);
  });
  return { resources, unavailable };
}

async function resourcesOf(client: KubeClient, groupVersion: string): Promise<Resource[]> {
  const list = (await client.request("GET", rootOf(groupVersion))) as {
    resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[];
  };
  const [version = "", group = ""] = groupVersion.split("/").reverse();
  return list.resources
    .filter(({ name, kind, verbs }) => !name.includes("/") && !skippedKinds.has(kind) && isKept(verbs))
    .map(({ name, kind, namespaced }) => ({ group, version, plural: name, kind, namespaced }));
}

function isKept(verbs: readonly string[]): boolean {
  return verbs.includes("list") && verbs.includes("delete");
}

/** The metadata of everything there is, or of everything in one namespace. */
export async function listEverything(client: KubeClient, namespace?: string): Promise<Listing> {
  const { resources, unavailable } = await discover(client);
  const wanted = namespace === undefined ? resources : resources.filter(({ namespaced }) => namespaced);
  const { objects, unlisted } = await listAll(client, wanted, namespace);
  return { objects, unlisted: [...unavailable, ...unlisted] };
}

/** The metadata of all objects of some kinds. Throws ApiError where nobody answers. */
export async function listAll(
  client: KubeClient,
  resources: readonly Resource[],
  namespace?: string,
): Promise<Listing> {
  const unlisted: string[] = [];
  const lists = await inParallel(resources, async (resource) => {
    try {
      return await listKind(client, resource, namespace);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 0) throw error;
      if (error.status !== 404) unlisted.push(resourceName(resource)); // 404: its definition has gone
      return [];
    }
  });
  const byUid = new Map(lists.flat().map((meta) => [meta.uid, meta])); // some kinds are in two groups
  return { objects: [...byUid.values()], unlisted };
}

async function listKind(client: KubeClient, resource: Resource, namespace?: string): Promise<Meta[]> {
  const objects: Meta[] = [];
  let token = "";
  for (;;) {
    const query = `?limit=${chunk}${token === "" ? "" : `&continue=${encodeURIComponent(token)}`}`;
    let page: { items: { metadata: RawMetadata }[] | null; metadata: { continue?: string } };
    try {
      page = (await client.request(
        "GET",
        pathOf(resource, namespace) + query,
        undefined,
        metadataOnly,
      )) as typeof page;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 410 || token === "") throw error;
      token = ""; // the list has grown too old: once more from its beginning
      objects.length = 0;
      continue;
    }
    objects.push(...(page.items ?? []).map(({ metadata }) => metaOf(resource, metadata)));
    token = page.metadata.continue ?? "";
    if (token === "") return objects;
  }
}

interface RawMetadata {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: { kind: string; name: string; controller?: boolean }[];
  managedFields?: { manager?: string; time?: string }[];
}

function metaOf(resource: Resource, raw: RawMetadata): Meta {
  const controller = raw.ownerReferences?.find((owner) => owner.controller === true);
  return {
    resource,
    name: raw.name,
    namespace: raw.namespace,
    uid: raw.uid,
    resourceVersion: raw.resourceVersion,
    created: Date.parse(raw.creationTimestamp),
    deleting: raw.deletionTimestamp !== undefined,
    labels: raw.labels ?? {},
    annotations: raw.annotations ?? {},
    finalizers: raw.finalizers ?? [],
    controller: controller && { kind: controller.kind, name: controller.name },
    managers: (raw.managedFields ?? []).map(({ manager = "", time = "" }) => ({
      name: manager,
      at: Date.parse(time) || 0,
    })),
  };
}

/** `plural.group`, which is also the name of a kind's CustomResourceDefinition. */
export function resourceName({ plural, group }: Resource): string {
  return group === "" ? plural : `${plural}.${group}`;
}

/** Path of one object, or of all of a kind (in a namespace). */
export function pathOf(resource: Resource, namespace?: string, name?: string): string {
  const { group, version, plural, namespaced } = resource;
  const root = rootOf(group === "" ? version : `${group}/${version}`);
  const scope = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}

function rootOf(groupVersion: string): string {
  return groupVersion.includes("/") ? `/apis/${groupVersion}` : `/api/${groupVersion}`;
}

/** `Deployment web/shop`, for people. */
export function title({ resource, namespace, name }: Meta): string {
  return `${resource.kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}
