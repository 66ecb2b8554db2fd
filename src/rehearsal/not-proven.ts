import { type Application, nameResource, type ResourceStatus } from "../argocd/application.ts";
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
  const selected = await Promise.all(
    unexercised.map(async ({ kinds, only, why }) => {
      if (kinds === "custom resources")
        return { why, kinds: await readCustomKinds(client), names: undefined };
      return { why, kinds: new Set(kinds), names: only && (await readSelected(client, kinds, only)) };
    }),
  );
  return (application) => {
    const resources = (application.status?.resources ?? []).filter((resource) => !resource.requiresPruning);
    return selected
      .map(({ why, kinds, names }) =>
        notProven(
          why,
          resources.filter(
            (resource) => kinds.has(kindOf(resource)) && (names?.has(nameResource(resource)) ?? true),
          ),
        ),
      )
      .filter((entry) => entry.resources.length > 0);
  };
}

function notProven(why: string, resources: readonly ResourceStatus[]): NotProven {
  return { why, resources: resources.map(nameResource) };
}

function kindOf({ group, kind }: { group?: string; kind: string }): string {
  return group ? `${group}/${kind}` : kind;
}

async function readCustomKinds(client: KubeClient): Promise<Set<string>> {
  const { items } = await client.list("apiextensions.k8s.io/v1", "CustomResourceDefinition");
  const specs = items.map((item) => item.spec as { group: string; names: { kind: string } });
  // Argo CD's own kinds are acted on: it is what is under rehearsal.
  return new Set(
    specs
      .filter(({ group }) => group !== "argoproj.io")
      .map(({ group, names }) => kindOf({ group, kind: names.kind })),
  );
}

/** Names of the objects that `only` selects. Kinds of the core group alone have needed this so far. */
async function readSelected(
  client: KubeClient,
  kinds: readonly string[],
  only: NonNullable<Unexercised["only"]>,
): Promise<Set<string>> {
  const lists = await Promise.all(kinds.map((kind) => client.list("v1", kind)));
  const matching = lists
    .flatMap(({ items }) => items)
    .filter((item) => valueAt(item, only.path) === only.value);
  return new Set(
    matching.map(({ kind, metadata }) =>
      nameResource({
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
