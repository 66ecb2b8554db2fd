import type { KubeClient, KubeObject, ObjectName } from "../kubernetes/client.ts";
import { type Application, type ApplicationSet, applicationKind, applicationSetKind } from "./application.ts";

/** Argo CD takes it away when it has compared an Application again. */
export const refreshAnnotation = "argocd.argoproj.io/refresh";

/**
 * Asks Argo CD to compare an Application again; `hard` also forgets the manifests it has cached, and
 * the errors of generating them, which it caches as well. Gives the version of the object that asks.
 */
export async function requestRefresh(
  client: KubeClient,
  application: Application,
  kind: "normal" | "hard",
): Promise<string> {
  return annotate(client, { ...applicationKind, ...nameOf(application) }, { [refreshAnnotation]: kind });
}

/**
 * Asks for Applications to be generated again. The controller takes this annotation away only when that
 * succeeds, and looks only when it changes: hence the time in it.
 */
export async function requestGeneration(client: KubeClient, set: ApplicationSet): Promise<void> {
  const annotation = "argocd.argoproj.io/application-set-refresh";
  await annotate(
    client,
    { ...applicationSetKind, ...nameOf(set) },
    { [annotation]: new Date().toISOString() },
  );
}

async function annotate(
  client: KubeClient,
  name: ObjectName,
  annotations: Record<string, string>,
): Promise<string> {
  const asked = await client.merge(name, { metadata: { annotations } });
  return String(asked.metadata.resourceVersion);
}

/** As an automated sync has it where nothing else is said. */
const defaultRetry = { limit: 5 };

/** Asks for one sync, as the button in Argo CD's page does, with the sync options of the Application. */
export async function requestSync(client: KubeClient, application: Application): Promise<void> {
  const { syncOptions, retry = defaultRetry } = (application.spec.syncPolicy ?? {}) as {
    syncOptions?: string[];
    retry?: object;
  };
  await client.merge(
    { ...applicationKind, ...nameOf(application) },
    {
      operation: {
        initiatedBy: { username: "rehearsal" },
        info: [{ name: "Reason", value: "This Application has no automated sync." }],
        retry,
        sync: { ...(syncOptions === undefined ? {} : { syncOptions }) },
      },
    },
  );
}

function nameOf({ metadata: { name, namespace } }: KubeObject): {
  name: string;
  namespace: string | undefined;
} {
  return { name, namespace };
}
