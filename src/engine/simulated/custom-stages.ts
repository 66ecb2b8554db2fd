import { setTimeout as sleep } from "node:timers/promises";
import type { KubeClient, KubeObject } from "../../kubernetes/client.ts";
import { watchKind } from "../../kubernetes/watch.ts";
import { InfrastructureError, messageOf } from "../../runner/errors.ts";
import type { StageFile } from "./stage-files.ts";

/** What a CustomResourceDefinition says of the kind that it defines. */
export interface DefinedKind {
  /** The name of the definition: `certificates.cert-manager.io`. */
  definition: string;
  /** Changes when the definition is deleted and made again. */
  uid: string;
  group: string;
  kind: string;
  /** In lower case, as it stands in the API's paths. */
  plural: string;
  /** The version in which objects are stored, which is read without a conversion. */
  version: string;
  /** Whether the status is a subresource, and so no change of the object's generation. */
  statusSubresource: boolean;
}

export interface FollowRequest {
  client: KubeClient;
  stages: readonly StageFile[];
  signal: AbortSignal;
  /** Called where a stage could not be applied: nothing plays its objects then. */
  onFailure(error: InfrastructureError): void;
}

const servedTimeoutMs = 120_000; // a second on an idle machine
/** Each look has the API server describe anew what has changed. */
const pollMs = 300;

/**
 * Applies the stages of each kind once its CustomResourceDefinition is established and described, as KWOK looks a
 * kind up only at an event of a stage. Ends when `signal` aborts.
 */
export function followDefinitions({ client, stages, signal, onFailure }: FollowRequest): void {
  const known = new Map<string, string>();
  const pending = new Map<string, Pending>();
  let working = false;
  const work = async () => {
    if (working) return;
    working = true;
    try {
      const described = describedKinds(client, signal);
      while (pending.size > 0) {
        await applyDescribed(client, pending, described);
        if (pending.size > 0) await sleep(pollMs, undefined, { signal });
      }
    } catch (cause) {
      if (signal.aborted) return;
      const message = `a kind could not be simulated: ${messageOf(cause)}`;
      onFailure(new InfrastructureError(message, { cause }));
    } finally {
      working = false;
    }
  };
  const onChange = (object: KubeObject, deleted: boolean) => {
    const { name } = object.metadata;
    if (deleted) {
      known.delete(name);
      pending.delete(name);
      return;
    }
    const defined = definedKind(object);
    if (!defined) return;
    const seen = JSON.stringify([defined.uid, defined.version, defined.statusSubresource]);
    if (known.get(name) === seen) return;
    known.set(name, seen);
    const wanted = stagesFor(defined, stages);
    if (wanted.length === 0) return;
    pending.set(name, { defined, stages: wanted, deadline: Date.now() + servedTimeoutMs });
    void work();
  };
  watchKind(
    client,
    {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      plural: "customresourcedefinitions",
    },
    onChange,
    signal,
  );
}

interface Pending {
  defined: DefinedKind;
  stages: readonly StageFile[];
  /** In milliseconds since 1970. */
  deadline: number;
}

async function applyDescribed(
  client: KubeClient,
  pending: Map<string, Pending>,
  described: (kinds: readonly DefinedKind[]) => Promise<readonly DefinedKind[]>,
): Promise<void> {
  const ready = new Set(await described([...pending.values()].map(({ defined }) => defined)));
  for (const [name, entry] of pending) {
    if (ready.has(entry.defined)) {
      pending.delete(name);
      for (const stage of entry.stages) await client.apply(fitStage(stage, entry.defined));
    } else if (Date.now() > entry.deadline) {
      const seconds = servedTimeoutMs / 1000;
      throw new InfrastructureError(
        `the API server does not describe ${name} ${seconds} s after it was established`,
      );
    }
  }
}

/** Undefined as long as it is not established, or where no version is served. */
export function definedKind({ metadata, spec, status }: KubeObject): DefinedKind | undefined {
  const { conditions } = (status ?? {}) as { conditions?: { type: string; status: string }[] | null };
  if (!conditions?.some((condition) => condition.type === "Established" && condition.status === "True"))
    return undefined;
  const { group, names, versions } = spec as DefinitionSpec;
  const version =
    versions.find(({ storage, served }) => storage && served) ?? versions.find(({ served }) => served);
  if (version === undefined) return undefined;
  return {
    definition: metadata.name,
    uid: String(metadata.uid),
    group,
    kind: names.kind,
    plural: names.plural,
    version: version.name,
    statusSubresource: version.subresources?.status !== undefined,
  };
}

interface DefinitionSpec {
  group: string;
  names: { kind: string; plural: string };
  versions: {
    name: string;
    storage: boolean;
    served: boolean;
    subresources?: { status?: unknown };
  }[];
}

/** Those that name the kind; where none does, those for all kinds of its group, the closest group first. */
export function stagesFor(defined: DefinedKind, stages: readonly StageFile[]): StageFile[] {
  const exact = stages.filter(({ group, kind }) => group === defined.group && kind === defined.kind);
  if (exact.length > 0) return exact;
  const general = stages.filter(
    ({ group, kind }) =>
      kind === "*" &&
      (group === defined.group || (group.startsWith("*.") && defined.group.endsWith(group.slice(1)))),
  );
  const closest = Math.max(...general.map(({ group }) => group.length));
  return general.filter(({ group }) => group.length === closest);
}

/**
 * A stage as it fits the definition that is there: in the version that is stored, and writing the whole object
 * where the status is no subresource. Such a write raises the generation by one, but for the first time only.
 */
export function fitStage({ object, kind }: StageFile, defined: DefinedKind): KubeObject {
  const { group, version, statusSubresource, definition, uid } = defined;
  const spec = structuredClone(object.spec) as StageSpec;
  spec.resourceRef = { apiGroup: `${group}/${version}`, kind: defined.kind };
  if (!statusSubresource) {
    for (const { patch } of spec.steps ?? []) {
      if (patch?.subresource !== "status") continue;
      delete patch.subresource;
      patch.template = patch.template.replaceAll(
        /\{\{ \.metadata\.generation \}\}/g,
        "{{ add .metadata.generation 1 }}",
      );
      const once = { key: ".status", operator: "DoesNotExist" };
      spec.selector = {
        ...spec.selector,
        matchExpressions: [...(spec.selector.matchExpressions ?? []), once],
      };
    }
  }
  const { name, annotations } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: "Stage",
    metadata: {
      name: kind === "*" ? `${name}.${definition}` : name,
      // An event for KWOK where the definition was made again.
      annotations: { ...annotations, "gitops-rehearsal/definition": uid },
    },
    spec,
  };
}

interface StageSpec {
  resourceRef: { apiGroup: string; kind: string };
  selector: { matchExpressions?: unknown[] };
  steps?: { patch?: { subresource?: string; template: string } }[];
}

/**
 * Tells which kinds the OpenAPI document of their group and version has by now: established is not yet served, and
 * KWOK looks them up there, once.
 */
function describedKinds(
  client: KubeClient,
  signal: AbortSignal,
): (kinds: readonly DefinedKind[]) => Promise<readonly DefinedKind[]> {
  /** By group and version. A path names a hash of its document: what is large is read once. */
  const documents = new Map<string, { path: string; text: Promise<string> }>();
  const read = (groupVersion: string, path: string): Promise<string> => {
    const known = documents.get(groupVersion);
    if (known?.path === path) return known.text;
    const text = client.text(path, signal).catch(() => {
      documents.delete(groupVersion); // it may be gone with its last kind
      return "";
    });
    documents.set(groupVersion, { path, text });
    return text;
  };
  return async (kinds) => {
    const index = (await client.request("GET", "/openapi/v3")) as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    const described = await Promise.all(
      kinds.map(async (kind) => {
        const groupVersion = `apis/${kind.group}/${kind.version}`;
        const path = index.paths[groupVersion]?.serverRelativeURL;
        if (path === undefined) return undefined;
        return (await read(groupVersion, path)).includes(`/${kind.plural}/{name}"`) ? kind : undefined;
      }),
    );
    return described.filter((kind) => kind !== undefined);
  };
}
