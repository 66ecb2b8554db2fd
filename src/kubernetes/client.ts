import { HttpMethod, KubeConfig, RequestContext } from "@kubernetes/client-node";
import { type Dispatcher, fetch } from "undici";
import { InfrastructureError } from "../runner/errors.ts";

/** Any object of the API, known by its kind and name only. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    [field: string]: unknown;
  };
  [field: string]: unknown;
}

export interface ObjectName {
  apiVersion: string;
  kind: string;
  name: string;
  namespace?: string | undefined;
}

export interface ListOptions {
  /** Such as `type=Warning`. */
  fieldSelector?: string | undefined;
  /** Gives up earlier than every request does by itself. */
  signal?: AbortSignal | undefined;
}

export interface ObjectList {
  items: KubeObject[];
  /** From which a watch can go on. */
  resourceVersion: string;
}

/** What an API server answered in place of doing what it was asked. */
export class ApiError extends InfrastructureError {
  /** HTTP status. */
  readonly status: number;

  constructor(status: number, message: string, cause: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** A busy machine takes seconds for a large CustomResourceDefinition; one that takes a minute hangs. */
const requestTimeoutMs = 60_000;

/** The one way in which this project speaks to a Kubernetes API. All calls share their connections. */
export interface KubeClient {
  readonly config: KubeConfig;
  /**
   * Any path of the API, with a JSON body; `accept` asks for another form of the answer, which has to be
   * JSON too. Throws ApiError on a status of 400 or more.
   */
  request(
    method: "GET" | "POST" | "PATCH" | "DELETE",
    path: string,
    body?: Body,
    accept?: string,
  ): Promise<unknown>;
  /** What a GET of any path answers, such as a container's log. Throws ApiError, also where `signal` aborts. */
  text(path: string, signal?: AbortSignal): Promise<string>;
  /** Server-side apply, as field manager `rehearsal`. Throws ApiError. */
  apply(object: KubeObject): Promise<KubeObject>;
  /** Undefined where there is none. Throws ApiError on any other failure. */
  read(name: ObjectName): Promise<KubeObject | undefined>;
  list(apiVersion: string, kind: string, namespace?: string, options?: ListOptions): Promise<ObjectList>;
  /** JSON merge patch. Throws ApiError. */
  merge(name: ObjectName, patch: Record<string, unknown>): Promise<KubeObject>;
}

interface Body {
  type: "application/json" | "application/apply-patch+yaml" | "application/merge-patch+json";
  content: unknown;
}

/**
 * Opens the cluster that a kubeconfig file describes. Nothing is sent yet.
 *
 * The library's own object client is not used: it drops every field that its models spell differently,
 * such as `x-kubernetes-preserve-unknown-fields`, and turns times into Dates.
 */
export function connect(kubeconfig: string): KubeClient {
  const config = new KeepAliveConfig();
  config.loadFromFile(kubeconfig);
  const server = config.getCurrentCluster()?.server ?? "";
  const groups = new Map<string, Promise<ApiResource[]>>();

  async function send(
    method: string,
    path: string,
    { body, accept, signal }: { body?: Body; accept?: string; signal?: AbortSignal | undefined } = {},
  ): Promise<string> {
    const context = new RequestContext(server, HttpMethod.GET);
    await config.applySecurityAuthentication(context);
    const what = `${method} ${path.split("?")[0]}`;
    let response: Awaited<ReturnType<typeof fetch>>;
    let text: string;
    try {
      response = await fetch(server + path, {
        method,
        headers: {
          ...context.getHeaders(),
          ...(accept === undefined ? {} : { accept }),
          ...(body === undefined ? {} : { "content-type": body.type }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body.content) }),
        ...dispatcherOf(context),
        signal: AbortSignal.any([AbortSignal.timeout(requestTimeoutMs), ...(signal ? [signal] : [])]),
      });
      text = await response.text();
    } catch (error) {
      throw new ApiError(0, `${what}: the API server did not answer${causeOf(error)}`, error);
    }
    if (response.ok) return text;
    throw new ApiError(
      response.status,
      `${what}: ${statusMessage(text) ?? `HTTP ${response.status}`}`,
      undefined,
    );
  }

  async function request(method: string, path: string, body?: Body, accept?: string): Promise<unknown> {
    const text = await send(method, path, { ...(body ? { body } : {}), ...(accept ? { accept } : {}) });
    return parseAnswer(text, `${method} ${path.split("?")[0]}`);
  }

  async function pathOf({
    apiVersion,
    kind,
    name,
    namespace,
  }: Omit<ObjectName, "name"> & { name?: string }): Promise<string> {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const resource = (await resourcesOf(root)).find((candidate) => candidate.kind === kind);
    if (!resource) {
      groups.delete(root); // it may appear later, with a CustomResourceDefinition
      throw new ApiError(404, `the cluster has no ${kind} in ${apiVersion}`, undefined);
    }
    const all = name === undefined && namespace === undefined;
    const scope =
      resource.namespaced && !all ? `/namespaces/${encodeURIComponent(namespace ?? "default")}` : "";
    return `${root}${scope}/${resource.name}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
  }

  function resourcesOf(root: string): Promise<ApiResource[]> {
    const known = groups.get(root);
    if (known) return known;
    const asked = request("GET", root).then(
      (list) =>
        (list as { resources: ApiResource[] }).resources.filter((resource) => !resource.name.includes("/")),
      (error: unknown) => {
        groups.delete(root);
        throw error;
      },
    );
    groups.set(root, asked);
    return asked;
  }

  return {
    config,
    request,
    text: (path, signal) => send("GET", path, { signal }),
    async apply(object) {
      const path = await pathOf({ ...object.metadata, apiVersion: object.apiVersion, kind: object.kind });
      const content = { type: "application/apply-patch+yaml", content: object } as const;
      return (await request("PATCH", `${path}?fieldManager=rehearsal&force=true`, content)) as KubeObject;
    },
    async read(name) {
      try {
        return (await request("GET", await pathOf(name))) as KubeObject;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined;
        throw error;
      }
    },
    async list(apiVersion, kind, namespace, { fieldSelector, signal } = {}) {
      const query = fieldSelector === undefined ? "" : `?fieldSelector=${encodeURIComponent(fieldSelector)}`;
      const path = `${await pathOf({ apiVersion, kind, namespace })}${query}`;
      const answer = parseAnswer(await send("GET", path, { signal }), `GET ${path}`);
      const list = answer as { items: KubeObject[]; metadata: { resourceVersion: string } };
      const items = list.items.map((item) => ({ ...item, apiVersion, kind })); // lists leave the type out
      return { items, resourceVersion: list.metadata.resourceVersion };
    },
    async merge(name, patch) {
      const content = { type: "application/merge-patch+json", content: patch } as const;
      return (await request("PATCH", await pathOf(name), content)) as KubeObject;
    },
  };
}

function causeOf(error: unknown): string {
  if (error instanceof DOMException && error.name === "TimeoutError")
    return ` within ${requestTimeoutMs / 1000} s`;
  return error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
}

function parseAnswer(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError(0, `${what}: the answer is no JSON`, error);
  }
}

interface ApiResource {
  /** Lower-case plural. */
  name: string;
  kind: string;
  namespaced: boolean;
}

/** The library opens a new connection for every request; one shared pool costs a third of the time. */
class KeepAliveConfig extends KubeConfig {
  #dispatcher: ReturnType<RequestContext["getDispatcher"]>;

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    await super.applySecurityAuthentication(context);
    this.#dispatcher ??= context.getDispatcher();
    if (this.#dispatcher) context.setDispatcher(this.#dispatcher);
  }
}

function dispatcherOf(context: RequestContext): { dispatcher?: Dispatcher } {
  const dispatcher = context.getDispatcher();
  return dispatcher ? { dispatcher } : {};
}

/** The message of a Kubernetes `Status` object. */
function statusMessage(text: string): string | undefined {
  try {
    const status = JSON.parse(text) as { message?: string };
    return status.message;
  } catch {
    return text.trim() === "" ? undefined : text.trim();
  }
}
