import { setTimeout as sleep } from "node:timers/promises";
import type { KubeClient, KubeObject } from "../../src/kubernetes/client.ts";

export interface DefinedVersion {
  name: string;
  /** By default, of the first. */
  storage?: boolean;
  /** Whether the status is a subresource. */
  statusSubresource?: boolean;
}

/** A CustomResourceDefinition whose objects may have any field. */
export function definition(
  group: string,
  kind: string,
  versions: readonly DefinedVersion[] = [{ name: "v1" }],
  conversion: Record<string, unknown> = { strategy: "None" },
): KubeObject {
  const plural = `${kind.toLowerCase()}s`;
  const openAPIV3Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${group}`,
      // What a group below k8s.io needs that is none of Kubernetes's own.
      annotations: { "api-approved.kubernetes.io": "unapproved, for a test" },
    },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      conversion,
      versions: versions.map(({ name, storage, statusSubresource = true }, index) => ({
        name,
        served: true,
        storage: storage ?? index === 0,
        schema: { openAPIV3Schema },
        ...(statusSubresource ? { subresources: { status: {} } } : {}),
      })),
    },
  };
}

/** Applies an object as soon as its kind is served. */
export async function applyWhenServed(client: KubeClient, object: KubeObject): Promise<KubeObject> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await client.apply(object);
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(100);
    }
  }
}

export const namespace = "simulated";

export function custom(apiVersion: string, kind: string, name: string, spec: object = {}): KubeObject {
  return { apiVersion, kind, metadata: { name, namespace }, spec };
}
