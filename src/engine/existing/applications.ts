import { ApiError, type KubeClient, type KubeObject } from "../../kubernetes/client.ts";
import { watchKind } from "../../kubernetes/watch.ts";
import { argocdGroup, type Findings } from "./evidence.ts";
import { keyOf } from "./inventory.ts";

const watched = { apiVersion: `${argocdGroup}/v1alpha1`, kind: "Application", plural: "applications" };

/** Notes what each Application says of itself, as long as `signal` lets it: some are gone by the end. */
export function followApplications(client: KubeClient, findings: Findings, signal: AbortSignal): void {
  watchKind(client, watched, (application) => note(application, findings), signal);
}

/** Notes what the Applications say that there are now. */
export async function readApplications(client: KubeClient, findings: Findings): Promise<void> {
  try {
    const { items } = await client.list(watched.apiVersion, watched.kind);
    for (const application of items) note(application, findings);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
}

interface ApplicationFields {
  spec?: { destination?: { namespace?: unknown } };
  status?: {
    resources?: {
      group?: string;
      kind: string;
      namespace?: string;
      name: string;
      requiresPruning?: boolean;
    }[];
  };
}

/**
 * Names as in Application.InstanceName (argo-cd, pkg/apis/application/v1alpha1/types.go): outside of Argo
 * CD's own namespace they carry theirs.
 */
export function note(application: KubeObject, findings: Findings): void {
  const { name, namespace } = application.metadata;
  const { spec, status } = application as ApplicationFields;
  findings.instances.add(name).add(`${namespace}_${name}`);
  const destination = spec?.destination?.namespace;
  if (typeof destination === "string" && destination !== "") findings.destinations.add(destination);
  for (const declared of status?.resources ?? []) {
    if (declared.requiresPruning === true) continue; // found by its label only: it may be someone else's
    const resource = { group: declared.group ?? "", kind: declared.kind };
    findings.declared.add(keyOf({ resource, namespace: declared.namespace, name: declared.name }));
  }
}
