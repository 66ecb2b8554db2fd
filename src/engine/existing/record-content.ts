import { gunzipSync, gzipSync } from "node:zlib";
import { ApiError, type KubeClient } from "../../kubernetes/client.ts";
import { UsageError } from "../../runner/errors.ts";
import { decodeFindings, type Evidence, encodeFindings, noFindings } from "./evidence.ts";
import { decodeInventory } from "./inventory.ts";
import { readIfThere } from "./read.ts";

/**
 * Where a rehearsal says that it is running, and keeps what whoever finds its remains has to know. One name
 * for all: Argo CD's definitions are one a cluster, so there is one rehearsal at a time.
 */
export const recordNamespace = "gitops-rehearsal";

/** Labels of what is not of the repository under rehearsal. */
export const owner = { "app.kubernetes.io/managed-by": "gitops-rehearsal" };
const configMapsPath = `/api/v1/namespaces/${recordNamespace}/configmaps`;

/** A ConfigMap holds 1 MiB. */
const mostBytes = 700_000;

/** Keeps what has to be known to clean up, should this process not live to do it. Throws UsageError where it is too much. */
export async function storeEvidence(client: KubeClient, evidence: Evidence): Promise<void> {
  const existed = evidence.existed.encode();
  if (existed.length > mostBytes)
    throw new UsageError(
      `the cluster holds ${evidence.existed.size} objects, too many to remember them all`,
      {
        fix: "Rehearse on a smaller cluster: a vcluster, kind or k3d.",
      },
    );
  await apply(client, "before", {
    data: { unlisted: JSON.stringify(evidence.unlisted) },
    binaryData: { existed: existed.toString("base64") },
  });
}

/** Keeps what a clean-up found, because it begins with deleting the sources of that. Somebody may have removed the record. */
export async function storeFindings(client: KubeClient, { findings }: Evidence): Promise<void> {
  const packed = gzipSync(encodeFindings(findings));
  try {
    await apply(client, "findings", { binaryData: { findings: packed.toString("base64") } });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
}

/** Notes where Argo CD is about to be installed. */
export async function storeClaim(client: KubeClient, namespace: string): Promise<void> {
  await apply(client, "argocd", { data: { namespace } });
}

/** Undefined where nobody claimed one. */
export async function readClaim(client: KubeClient): Promise<string | undefined> {
  return (await readConfigMap(client, "argocd"))?.data?.namespace;
}

async function apply(client: KubeClient, name: string, content: Record<string, unknown>): Promise<void> {
  const metadata = { name, namespace: recordNamespace, labels: owner };
  await client.apply({ apiVersion: "v1", kind: "ConfigMap", metadata, ...content });
}

/** What a rehearsal noted that began `since`; undefined where it has not come that far. */
export async function readEvidence(client: KubeClient, since: number): Promise<Evidence | undefined> {
  const before = await readConfigMap(client, "before");
  if (!before) return undefined;
  const findings = (await readConfigMap(client, "findings"))?.binaryData?.findings;
  return {
    since,
    existed: decodeInventory(Buffer.from(before.binaryData?.existed ?? "", "base64")),
    unlisted: JSON.parse(before.data?.unlisted ?? "[]") as string[],
    findings:
      findings === undefined
        ? noFindings()
        : decodeFindings(gunzipSync(Buffer.from(findings, "base64")).toString()),
  };
}

interface ConfigMap {
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
}

function readConfigMap(client: KubeClient, name: string): Promise<ConfigMap | undefined> {
  return readIfThere<ConfigMap>(client, `${configMapsPath}/${name}`);
}
