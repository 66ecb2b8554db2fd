import { ListWatch, Watch } from "@kubernetes/client-node";
import type { KubeClient, KubeObject } from "./client.ts";

export interface WatchedKind {
  apiVersion: string;
  kind: string;
  /** Lower-case plural, as it stands in the API's paths. */
  plural: string;
}

const retryMs = 500;

/**
 * Follows every object of one kind in all namespaces. `onChange` is called with the object, or with
 * its last state and `deleted`, first for those that exist. A watch that breaks is opened again until
 * `signal` aborts; the API server's own failure shows elsewhere (as a lost engine).
 */
export function watchKind(
  client: KubeClient,
  watched: WatchedKind,
  onChange: (object: KubeObject, deleted: boolean) => void,
  signal: AbortSignal,
): void {
  const path = `/apis/${watched.apiVersion}/${watched.plural}`;
  const list = new ListWatch<KubeObject>(
    path,
    new Watch(client.config),
    async () => {
      const { items, resourceVersion } = await client.list(watched.apiVersion, watched.kind);
      return { items, metadata: { resourceVersion } };
    },
    false,
  );
  list.on("add", (object) => onChange(object, false));
  list.on("update", (object) => onChange(object, false));
  list.on("delete", (object) => onChange(object, true));
  const start = () => {
    if (!signal.aborted) list.start().catch(restart);
  };
  const restart = () => {
    if (!signal.aborted) setTimeout(start, retryMs).unref();
  };
  list.on("error", restart);
  signal.addEventListener("abort", () => list.stop().catch(() => undefined), { once: true });
  start();
}
