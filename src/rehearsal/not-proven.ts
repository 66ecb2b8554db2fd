import { type Application, nameResource, type ResourceName } from "../argocd/application.ts";
import type { Unexercised } from "../engine/engine.ts";
import type { KubeClient, KubeObject } from "../kubernetes/client.ts";
import type { NotProven } from "./verdict.ts";

/** Tells what of an Application the engine did not exercise. */
export type FidelityCheck = (application: Application) => NotProven[];

/**
 * Prepares that check: reads once what the status of an Application does not tell, namely objects of
 * which only some are unexercised, and the kinds that are defined in the cluster.
 */
export async function fidelityCheck(
  client: KubeClient,
  unexercised: readonly Unexercised[],
): Promise<FidelityCheck> {
  const lists = new Map<string, Promise<readonly KubeObject[]>>();
  const listOf: ListOf = (apiVersion, kind) => {
    const known = lists.get(`${apiVersion} ${kind}`);
    const asked = known ?? client.list(apiVersion, kind).then(({ items }) => items);
    lists.set(`${apiVersion} ${kind}`, asked);
    return asked;
  };
  const selected = await Promise.all(
    unexercised.map(async ({ kinds, only, why }) => ({
      why,
      kinds: kinds === "custom resources" ? await readCustomKinds(listOf) : new Set(kinds),
      rest: kinds === "custom resources",
      names: only && kinds !== "custom resources" ? await readSelected(listOf, kinds, only) : undefined,
    })),
  );
  /** Those that name a kind; where none does, those that mean it. */
  const entriesFor = (resource: ResourceName) => {
    const kind = kindOf(resource);
    const custom = selected.filter((entry) => entry.rest && entry.kinds.has(kind));
    const others = selected.filter(({ rest }) => !rest);
    const naming = others.filter(({ kinds }) => kinds.has(kind));
    if (naming.length > 0) return naming.filter(({ names }) => names?.has(nameResource(resource)) ?? true);
    const meaning = others.filter(({ kinds }) => patternsFor(resource).some((pattern) => kinds.has(pattern)));
    return meaning.length > 0 ? meaning : custom;
  };
  return (application) => {
    const entries = exercised(application).map((resource) => ({ resource, entries: entriesFor(resource) }));
    return selected
      .map((entry) => ({
        why: entry.why,
        resources: entries
          .filter(({ entries: of }) => of.includes(entry))
          .map(({ resource }) => nameResource(resource)),
      }))
      .filter(({ resources: names }) => names.length > 0);
  };
}

/** What it has, and the hooks of its last sync, which Argo CD counts as no part of it. */
function exercised({ status }: Application): ResourceName[] {
  const resources = (status?.resources ?? []).filter((resource) => !resource.requiresPruning);
  const names = new Set(resources.map(nameResource));
  const hooks = (status?.operationState?.syncResult?.resources ?? []).filter(
    (resource) => resource.hookType !== undefined && !names.has(nameResource(resource)),
  );
  return [...resources, ...hooks];
}

/** `*.b.c/*` and `*.c/*` besides `a.b.c/*`. */
function patternsFor({ group }: ResourceName): string[] {
  const parts = (group ?? "").split(".");
  return [`${group}/*`, ...parts.slice(1).map((_, index) => `*.${parts.slice(index + 1).join(".")}/*`)];
}

function kindOf({ group, kind }: { group?: string; kind: string }): string {
  return group ? `${group}/${kind}` : kind;
}

/** Each kind is listed once: definitions are large. */
type ListOf = (apiVersion: string, kind: string) => Promise<readonly KubeObject[]>;

async function readCustomKinds(listOf: ListOf): Promise<Set<string>> {
  const items = await listOf("apiextensions.k8s.io/v1", "CustomResourceDefinition");
  const specs = items.map((item) => item.spec as { group: string; names: { kind: string } });
  // Argo CD's own kinds are acted on: it is what is under rehearsal.
  return new Set(
    specs
      .filter(({ group }) => group !== "argoproj.io")
      .map(({ group, names }) => kindOf({ group, kind: names.kind })),
  );
}

/** Names of the objects that `only` selects. */
async function readSelected(
  listOf: ListOf,
  kinds: readonly string[],
  only: NonNullable<Unexercised["only"]>,
): Promise<Set<string>> {
  const lists = await Promise.all(
    kinds.map(async (name) => {
      const [group = "", kind = name] = name.includes("/") ? name.split("/") : ["", name];
      const items = await listOf(group === "" ? "v1" : `${group}/v1`, kind);
      return items.map((item) => ({ ...item, group }));
    }),
  );
  const matching = lists.flat().filter((item) => valueAt(item, only.path) === only.value);
  return new Set(
    matching.map(({ group, kind, metadata }) =>
      nameResource({
        ...(group === "" ? {} : { group }),
        kind,
        name: metadata.name,
        ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      }),
    ),
  );
}

function valueAt(object: KubeObject, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);
}
