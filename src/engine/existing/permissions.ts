import type { KubeClient } from "../../kubernetes/client.ts";
import { UsageError } from "../../runner/errors.ts";
import { someOf } from "../../runner/words.ts";
import { inParallel } from "./parallel.ts";

interface Permission {
  verb: string;
  group: string;
  resource: string;
}

const rbac = "rbac.authorization.k8s.io";
const admission = "admissionregistration.k8s.io";

/**
 * What a rehearsal does to a cluster. The verbs on everything are those of the inventory and the clean-up;
 * `escalate` and `bind` stand for Argo CD's own roles, which hold more than anyone but an administrator does.
 */
const needed: readonly Permission[] = [
  ...["list", "get", "patch", "delete"].map((verb) => ({ verb, group: "*", resource: "*" })),
  ...create("", ["namespaces", "secrets", "configmaps", "services", "serviceaccounts"]),
  ...create("apps", ["deployments", "statefulsets"]),
  ...create("batch", ["jobs"]),
  ...create("networking.k8s.io", ["networkpolicies"]),
  ...create("coordination.k8s.io", ["leases"]),
  ...create("apiextensions.k8s.io", ["customresourcedefinitions"]),
  ...create(admission, ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"]),
  ...create(rbac, ["clusterroles", "clusterrolebindings", "roles", "rolebindings"]),
  ...["escalate", "bind"].flatMap((verb) =>
    ["clusterroles", "roles"].map((resource) => ({ verb, group: rbac, resource })),
  ),
];

function create(group: string, resources: readonly string[]): Permission[] {
  return resources.map((resource) => ({ verb: "create", group, resource }));
}

/** Throws UsageError that lists what the user of the cluster may not do, and a rehearsal has to. */
export async function checkPermissions(client: KubeClient, context: string): Promise<void> {
  if (await mayDo(client, { verb: "*", group: "*", resource: "*" })) return;
  const answers = await inParallel(needed, async (permission) => await mayDo(client, permission));
  const missing = needed.filter((_, index) => !answers[index]).map(describe);
  if (missing.length === 0) return;
  throw new UsageError(
    `the user of context ${context} may not do what a rehearsal has to: ${someOf(missing, missing.length)}`,
    {
      fix: "Use a user with the role cluster-admin, on a cluster (a vcluster, say) that may be rehearsed on.",
    },
  );
}

async function mayDo(client: KubeClient, resourceAttributes: Permission): Promise<boolean> {
  const review = (await client.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
    type: "application/json",
    content: { spec: { resourceAttributes } },
  })) as { status?: { allowed?: boolean } };
  return review.status?.allowed === true;
}

function describe({ verb, group, resource }: Permission): string {
  if (resource === "*") return `${verb} everything`;
  return `${verb} ${resource}${group === "" ? "" : `.${group}`}`;
}
