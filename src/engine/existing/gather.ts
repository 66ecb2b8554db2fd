import type { KubeClient } from "../../kubernetes/client.ts";
import { readApplications } from "./applications.ts";
import { argocdDefinitions, type Evidence, isNew, partOfArgoCd } from "./evidence.ts";
import { keyOf } from "./inventory.ts";
import { type Meta, pathOf } from "./listing.ts";
import { belongingOf, isDefinitionOfOurs, isNamespaceOfOurs, releaseOf } from "./ours.ts";
import { inParallel } from "./parallel.ts";
import { readIfThere } from "./read.ts";

/** Adds to the findings what the cluster tells now of our Argo CD and of what it brought. */
export async function gather(
  client: KubeClient,
  objects: readonly Meta[],
  evidence: Evidence,
  claimed: string | undefined,
): Promise<void> {
  const { findings } = evidence;
  await readApplications(client, findings);
  const fresh = objects.filter((object) => isNew(object, evidence, keyOf(object)));
  if (claimed === undefined) findArgoCd(fresh, evidence);
  else {
    findings.argocdNamespaces.add(claimed);
    findings.releases.add(`${claimed}/*`);
  }
  await Promise.all(
    [...findings.argocdNamespaces].map(async (namespace) => {
      const label = await trackingLabel(client, namespace);
      if (label !== undefined) findings.trackingLabels.add(label);
    }),
  );
  for (const object of fresh) {
    if (isDefinitionOfOurs(object, evidence, keyOf(object))) findings.definitions.add(object.name);
    if (isNamespaceOfOurs(object, evidence)) findings.namespaces.add(object.name);
  }
  await findDependents(client, fresh, evidence);
}

/** There was no Argo CD before, so one that is new is ours. */
function findArgoCd(fresh: readonly Meta[], { findings }: Evidence): void {
  for (const { resource, namespace, name, labels, annotations } of fresh) {
    const workload = ["Deployment", "StatefulSet"].includes(resource.kind) && partOfArgoCd(labels);
    if (!workload && !argocdDefinitions.includes(name)) continue;
    const release = releaseOf(annotations);
    if (release !== undefined) findings.releases.add(release);
    if (workload && namespace !== undefined) findings.argocdNamespaces.add(namespace);
  }
}

async function trackingLabel(client: KubeClient, namespace: string): Promise<string | undefined> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/argocd-cm`;
  const config = await readIfThere<{ data?: Record<string, string> }>(client, path);
  if (config?.data?.["application.resourceTrackingMethod"] !== "label") return undefined;
  return config.data["application.instanceLabelKey"] || "app.kubernetes.io/instance";
}

interface ServiceReference {
  namespace?: string;
  name?: string;
}

interface FullObject {
  spec?: {
    claimRef?: { namespace?: string; name?: string };
    service?: ServiceReference;
    volumeClaimTemplates?: { metadata?: { name?: string } }[];
  };
  webhooks?: { clientConfig?: { service?: ServiceReference } }[];
}

/**
 * What controllers and operators made for objects of ours, which names it and nothing else: volumes of our
 * claims, claims of our StatefulSets, webhooks and aggregated APIs that only a Service of ours answers (and
 * that would block the whole cluster once it has gone).
 */
async function findDependents(client: KubeClient, fresh: readonly Meta[], evidence: Evidence): Promise<void> {
  const { dependents, namespaces } = evidence.findings;
  const goes = (
    resource: { group: string; kind: string },
    namespace: string | undefined,
    name: string | undefined,
  ) => {
    if (namespace === undefined || name === undefined) return false;
    if (namespaces.has(namespace) || dependents.has(keyOf({ resource, namespace, name }))) return true;
    const object = fresh.find(
      (one) => one.resource.kind === resource.kind && one.namespace === namespace && one.name === name,
    );
    return object !== undefined && ["ours", "carried"].includes(belongingOf(object, evidence));
  };
  const ofKind = (...kinds: string[]) => fresh.filter(({ resource }) => kinds.includes(resource.kind));

  const sets = ofKind("StatefulSet").filter((set) => belongingOf(set, evidence) === "ours");
  const claims = ofKind("PersistentVolumeClaim");
  await inParallel(sets, async (set) => {
    const templates = (await readFull(client, set))?.spec?.volumeClaimTemplates ?? [];
    const prefixes = templates.map(({ metadata }) => `${metadata?.name}-${set.name}-`);
    for (const claim of claims)
      if (claim.namespace === set.namespace && prefixes.some((prefix) => isOrdinal(claim.name, prefix)))
        dependents.add(keyOf(claim));
  });

  const claimKind = { group: "", kind: "PersistentVolumeClaim" };
  await inParallel(ofKind("PersistentVolume"), async (volume) => {
    const claim = (await readFull(client, volume))?.spec?.claimRef;
    if (goes(claimKind, claim?.namespace, claim?.name)) dependents.add(keyOf(volume));
  });

  const serviceKind = { group: "", kind: "Service" };
  const served = ofKind("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "APIService");
  await inParallel(served, async (object) => {
    const full = await readFull(client, object);
    const services = [
      full?.spec?.service,
      ...(full?.webhooks ?? []).map((hook) => hook.clientConfig?.service),
    ];
    const named = services.filter((service) => service !== undefined && service !== null);
    if (named.length > 0 && named.every(({ namespace, name }) => goes(serviceKind, namespace, name)))
      dependents.add(keyOf(object));
  });
}

function isOrdinal(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length));
}

function readFull(client: KubeClient, { resource, namespace, name }: Meta): Promise<FullObject | undefined> {
  return readIfThere<FullObject>(client, pathOf(resource, namespace, name));
}
