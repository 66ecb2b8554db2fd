import type { KubeClient } from "../../kubernetes/client.ts";
import { UsageError } from "../../runner/errors.ts";
import { countOf, someOf } from "../../runner/words.ts";
import { argocdDefinitions, partOfArgoCd, trackingAnnotation } from "./evidence.ts";
import { listEverything, type Meta, title } from "./listing.ts";
import { owner, storeClaim } from "./record-content.ts";

const fix = "Rehearse on a cluster without one: a vcluster in this cluster, kind or k3d.";

/** Throws UsageError where there is an Argo CD in the cluster, or one elsewhere deploys into it. */
export function refuseArgoCd(objects: readonly Meta[]): void {
  const workload = objects.find(
    ({ resource, labels }) => ["Deployment", "StatefulSet"].includes(resource.kind) && partOfArgoCd(labels),
  );
  if (workload)
    throw new UsageError(`the cluster has an Argo CD, which a rehearsal would disturb: ${title(workload)}`, {
      fix,
    });
  const definitions = objects.filter(
    ({ resource, name }) => resource.kind === "CustomResourceDefinition" && argocdDefinitions.includes(name),
  );
  if (definitions.length > 0)
    throw new UsageError(
      `the cluster has definitions of Argo CD, so it has one or had one: ${definitions.map(({ name }) => name).join(", ")}`,
      { fix: `${fix} If Argo CD is gone, delete these with all that is of their kinds.` },
    );
  const tracked = objects.filter(({ annotations }) => annotations[trackingAnnotation] !== undefined);
  if (tracked.length > 0)
    throw new UsageError(
      `an Argo CD elsewhere deploys into this cluster, or one that is gone did: ${countOf(tracked.length, "object")} with ${trackingAnnotation}: ${someOf(tracked.map(title), 3)}`,
      { fix: `${fix} If that Argo CD is gone, delete these or take the annotation from them.` },
    );
}

/**
 * Whether Argo CD may be installed in a namespace: there is none of that name, or nothing is in it but what
 * every namespace has. Throws UsageError otherwise.
 */
export async function assertNamespaceFree(client: KubeClient, namespace: string): Promise<void> {
  const { objects } = await listEverything(client, namespace);
  const found = objects.filter((object) => object.controller === undefined && !isInEveryNamespace(object));
  if (found.length === 0) return;
  throw new UsageError(
    `namespace ${namespace}, where Argo CD is to be installed, is not empty: ${someOf(found.map(title), 3)}`,
    { fix },
  );
}

/**
 * Takes a namespace for Argo CD, right before it is installed: makes sure that it is free, notes it in the
 * record of this rehearsal (so that a clean-up finds even an installation that broke off), and creates it
 * where it is not there. Throws UsageError where it is not free.
 */
export async function claimNamespace(client: KubeClient, namespace: string): Promise<void> {
  await assertNamespaceFree(client, namespace);
  await storeClaim(client, namespace);
  const name = { apiVersion: "v1", kind: "Namespace", name: namespace };
  if (await client.read(name)) return;
  // With a label, or nobody would be noted as having applied it.
  await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: owner } });
}

/** Kubernetes' own, and those that meshes, OpenShift and older Kubernetes put into every namespace. */
function isInEveryNamespace({ resource, name }: Meta): boolean {
  const { kind } = resource;
  if (kind === "ConfigMap")
    return ["kube-root-ca.crt", "istio-ca-root-cert", "openshift-service-ca.crt"].includes(name);
  if (kind === "ServiceAccount") return ["default", "builder", "deployer"].includes(name);
  if (kind === "Secret") return /^(default|builder|deployer)-(token|dockercfg)-/.test(name);
  if (kind === "RoleBinding") return name.startsWith("system:");
  return ["Lease", "LimitRange", "ResourceQuota", "NetworkPolicy"].includes(kind);
}
