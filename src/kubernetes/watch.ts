import { ListWatch, Watch } from "@kubernetes/client-node";
import type { KubeClient, KubeObject } from "./client.ts";

export interface WatchedKind {
  apiVersion: string;
  kind: string;
  /** Lower-case plural, as it stands in the API's paths. */
  plural: string;
  /** Undefined stands for all. */
  namespace?: string | undefined;
  /** Follows only what it selects, such as `type=Warning`. */
  fieldSelector?: string;
}

const retryMs = 500;

/**
 * Follows every object of one kind. `onChange` is called with the object, or with
 * its last state and `deleted`, first for those that exist. A watch that breaks is opened again until
 * `signal` aborts; the API server's own failure shows elsewhere (as a lost engine).
 */
export function watchKind(
  client: KubeClient,
  watched: WatchedKind,
  onChange: (object: KubeObject, deleted: boolean) => void,
  signal: AbortSignal,
): void {
  const { apiVersion, kind, plural, namespace, fieldSelector } = watched;
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const path = `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plural}`;
  const list = new ListWatch<KubeObject>(
    path,
    new EndingWatch(client.config, signal),
    async () => {
      const { items, resourceVersion } = await client.list(apiVersion, kind, namespace, { fieldSelector });
      return { items, metadata: { resourceVersion } };
    },
    false,
    undefined,
    fieldSelector,
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

/** The library's own, when it is stopped while a connection is made, keeps that for half a minute. */
class EndingWatch extends Watch {
  readonly #signal: AbortSignal;

  constructor(config: KubeClient["config"], signal: AbortSignal) {
    super(config);
    this.#signal = signal;
  }

  override async watch(...args: Parameters<Watch["watch"]>): Promise<AbortController> {
    const connection = await super.watch(...args);
    if (this.#signal.aborted) connection.abort();
    return connection;
  }
}
