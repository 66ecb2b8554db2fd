import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createAuthority } from "../runner/certificates.ts";
import { connect, type KubeClient, type KubeObject } from "./client.ts";

/** What the stand-in for an API server knows, as `plural: apiVersion kind`, with `cluster` for what has no namespace. */
export type Kinds = Record<string, string>;

export interface Received {
  method: string;
  /** With its query. */
  path: string;
  contentType: string | undefined;
  body: unknown;
}

type Intercepted = { status: number; body: string } | "hang" | undefined;

/** A small API server on loopback, with an authority of its own: discovery, lists, watches, reads and patches. */
export interface Api extends AsyncDisposable {
  client: KubeClient;
  kubeconfig: string;
  received: readonly Received[];
  /** Adds an object or puts it in place of the one of its name, with a version of its own, and tells who watches. */
  put(object: KubeObject): KubeObject;
  remove(object: KubeObject): void;
  get(kind: string, name: string): KubeObject | undefined;
  /** Answers in place of the server where it gives a status; never, where it gives "hang". */
  intercept(answer: (received: Received) => Intercepted | Promise<Intercepted>): void;
  /** How many connections watch. */
  watchers(): number;
  /** Ends the connections of all who watch. */
  dropWatches(): void;
}

export async function startApi(kinds: Kinds): Promise<Api> {
  const authority = await createAuthority("test authority");
  const [own, user] = await Promise.all([
    authority.issue({ commonName: "api", names: ["127.0.0.1"] }),
    authority.issue({ commonName: "tester", organizations: ["system:masters"] }),
  ]);
  const folder = await mkdtemp(join(tmpdir(), "api-"));
  const received: Received[] = [];
  const objects = new Map<string, KubeObject>();
  const watches = new Set<{ plural: string; response: ServerResponse }>();
  let version = 1000;
  let intercepted: Parameters<Api["intercept"]>[0] = () => undefined;

  const resources = Object.entries(kinds).map(([plural, description]) => {
    const [apiVersion = "", kind = "", scope] = description.split(" ");
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    return { plural, apiVersion, kind, root, namespaced: scope !== "cluster" };
  });

  function keyOf(kind: string, namespace: string | undefined, name: string): string {
    return `${kind}/${namespace ?? ""}/${name}`;
  }

  function tell(type: "ADDED" | "MODIFIED" | "DELETED", object: KubeObject): void {
    const plural = resources.find(({ kind }) => kind === object.kind)?.plural;
    for (const watch of watches)
      if (watch.plural === plural) watch.response.write(`${JSON.stringify({ type, object })}\n`);
  }

  function put(object: KubeObject): KubeObject {
    version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    const key = keyOf(object.kind, object.metadata.namespace, object.metadata.name);
    const type = objects.has(key) ? "MODIFIED" : "ADDED";
    objects.set(key, stored);
    tell(type, stored);
    return stored;
  }

  type Answer = readonly [status: number, body: unknown];
  const missing = (what: string): Answer => [404, { kind: "Status", message: `${what} not found` }];

  /** Undefined where it has begun to answer, and goes on. */
  function answer(request: Received, response: ServerResponse): Answer | undefined {
    const url = new URL(request.path, "https://api");
    const ofRoot = resources.filter((resource) => resource.root === url.pathname);
    if (ofRoot.length > 0) return [200, { kind: "APIResourceList", resources: ofRoot.flatMap(discovered) }];
    const match = /^(\/apis?\/.*?)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?$/.exec(url.pathname);
    const resource = resources.find(({ plural, root }) => plural === match?.[3] && root === match[1]);
    if (!match || !resource) return missing("the page");
    const [, , namespace, plural = "", name] = match;
    const { apiVersion, kind } = resource;
    const ofKind = [...objects.values()].filter(
      (object) =>
        object.kind === kind && (namespace === undefined || object.metadata.namespace === namespace),
    );
    if (url.searchParams.has("watch")) {
      const since = Number(url.searchParams.get("resourceVersion"));
      watch(
        plural,
        ofKind.filter((object) => Number(object.metadata.resourceVersion) > since),
        response,
      );
      return undefined;
    }
    if (name === undefined) {
      // As the real one does, without the type of each.
      const items = ofKind.map(({ apiVersion: _apiVersion, kind: _kind, ...rest }) => rest);
      return [200, { kind: `${kind}List`, items, metadata: { resourceVersion: String(version) } }];
    }
    const known = objects.get(keyOf(kind, namespace, decodeURIComponent(name)));
    if (request.method === "PATCH" && request.contentType === "application/apply-patch+yaml")
      return [200, put(request.body as KubeObject)];
    if (!known) return missing(`${plural} "${name}"`);
    if (request.method !== "PATCH") return [200, { ...known, apiVersion, kind }];
    return [200, put(mergePatch(known, request.body as Record<string, unknown>) as KubeObject)];
  }

  function watch(plural: string, missed: readonly KubeObject[], response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    for (const object of missed) response.write(`${JSON.stringify({ type: "MODIFIED", object })}\n`);
    const entry = { plural, response };
    watches.add(entry);
    response.on("close", () => watches.delete(entry));
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const entry: Received = {
      method: request.method ?? "",
      path: request.url ?? "",
      contentType: request.headers["content-type"],
      body: body === "" ? undefined : JSON.parse(body),
    };
    received.push(entry);
    const instead = await intercepted(entry);
    if (instead === "hang") return;
    if (instead !== undefined) {
      response.writeHead(instead.status).end(instead.body);
      return;
    }
    const answered = answer(entry, response);
    if (answered === undefined) return;
    response.writeHead(answered[0], { "content-type": "application/json" }).end(JSON.stringify(answered[1]));
  }

  const server = createServer(
    {
      cert: own.certificate,
      key: own.key,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => void handle(request, response),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const kubeconfig = join(folder, "kubeconfig");
  const base64 = (pem: string) => Buffer.from(pem).toString("base64");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "c",
        cluster: {
          server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
          "certificate-authority-data": base64(authority.certificate),
        },
      },
    ],
    users: [
      {
        name: "u",
        user: { "client-certificate-data": base64(user.certificate), "client-key-data": base64(user.key) },
      },
    ],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  return {
    client: connect(kubeconfig),
    kubeconfig,
    received,
    put,
    remove(object) {
      objects.delete(keyOf(object.kind, object.metadata.namespace, object.metadata.name));
      version += 1;
      tell("DELETED", { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } });
    },
    get: (kind, name) =>
      [...objects.values()].find((object) => object.kind === kind && object.metadata.name === name),
    intercept(next) {
      intercepted = next;
    },
    watchers: () => watches.size,
    dropWatches() {
      for (const { response } of watches) response.destroy();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** With its subresource, as discovery lists them. */
function discovered({
  plural: name,
  kind,
  namespaced,
}: {
  plural: string;
  kind: string;
  namespaced: boolean;
}) {
  return [
    { name: `${name}/status`, kind, namespaced },
    { name, kind, namespaced },
  ];
}

/** RFC 7396. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> = { ...(target as Record<string, unknown> | undefined) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}
