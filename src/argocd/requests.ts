import type { KubeClient } from "../kubernetes/client.ts";
import { type Application, applicationKind } from "./application.ts";

/**
 * Asks Argo CD to compare an Application again; `hard` also forgets the manifests it has cached, and
 * the errors of generating them, which it caches as well. Gives the version of the object that asks.
 */
export async function requestRefresh(
  client: KubeClient,
  application: Application,
  kind: "normal" | "hard",
): Promise<string> {
  const annotations = { "argocd.argoproj.io/refresh": kind };
  const asked = await client.merge(nameOf(application), { metadata: { annotations } });
  return String(asked.metadata.resourceVersion);
}

/** Asks for one sync, as the button in Argo CD's page does, with the sync options of the Application. */
export async function requestSync(client: KubeClient, application: Application): Promise<void> {
  const { syncOptions, retry } = (application.spec.syncPolicy ?? {}) as {
    syncOptions?: string[];
    retry?: object;
  };
  await client.merge(nameOf(application), {
    operation: {
      initiatedBy: { username: "rehearsal" },
      info: [{ name: "Reason", value: "This Application has no automated sync." }],
      ...(retry === undefined ? {} : { retry }),
      sync: { ...(syncOptions === undefined ? {} : { syncOptions }) },
    },
  });
}

function nameOf(application: Application) {
  const { name, namespace } = application.metadata;
  return { ...applicationKind, name, namespace };
}
