import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { create } from "tar";
import { onTestFinished } from "vitest";
import { stringify } from "yaml";
import { type HttpsHost, startHost } from "../mirror/mirror-fixture.ts";
import { type Credentials, noCredentials } from "./credentials.ts";
import { digestOf } from "./digest.ts";
import { emptyLock } from "./lock.ts";
import { createUpstream } from "./outside/upstream.ts";
import { openStore, type Store } from "./store.ts";
import { openVendor, type Vendor, type VendorOptions } from "./vendor.ts";

/** What a host answers under `host/path`. A function is asked each time. */
export type Page = Answer | ((headers: Record<string, unknown>) => Answer);
export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: Buffer | string;
}

/** A real HTTPS server that is every host of `names`, and has the pages that a test gives it. */
export interface FakeWorld {
  host: HttpsHost;
  pages: Map<string, Page>;
  /** Cut off: every connection is refused. */
  down: boolean;
  /** Everything that was asked for, as `GET host/path`. */
  asked(): string[];
  upstream(): ReturnType<typeof createUpstream>;
}

export async function startWorld(names: string[]): Promise<FakeWorld> {
  const pages = new Map<string, Page>();
  const host = await startHost(names, (request, response) => {
    const page = pages.get(`${request.headers.host}${request.url}`);
    const answer = typeof page === "function" ? page(request.headers) : page;
    const { status = 200, headers = {}, body = "" } = answer ?? { status: 404 };
    response.writeHead(status, headers).end(request.method === "HEAD" ? undefined : body);
  });
  const world: FakeWorld = {
    host,
    pages,
    down: false,
    asked: () => host.requests.map(({ method, host: name, path }) => `${method} ${name}${path}`),
    upstream: () =>
      createUpstream({
        loopback: true,
        authorities: host.authority,
        environment: {},
        route: () => ({ host: "127.0.0.1", port: world.down ? 1 : host.port }),
      }),
  };
  return world;
}

export async function temporaryStore(): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), "vendor-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return openStore(join(folder, "store"));
}

/** Disposed after the test. */
export function vendorOf(world: FakeWorld, options: Partial<VendorOptions> & { store: Store }): Vendor {
  const credentials: Credentials = options.credentials ?? noCredentials;
  const vendor = openVendor({
    lock: emptyLock,
    declared: [],
    files: [],
    forbidden: undefined,
    upstream: world.upstream(),
    ...options,
    credentials,
  });
  onTestFinished(() => vendor[Symbol.asyncDispose]());
  return vendor;
}

export const offline = "--offline forbids asking for it";

/** The answer to GET. */
export async function get(vendor: Vendor, url: string, headers: Record<string, string> = {}) {
  const answer = await vendor.answer({ method: "GET", url: new URL(url), headers });
  return answer && { ...answer, text: answer.body.toString("utf8") };
}

/** A chart as `helm package` makes it. `salt` tells two of one version apart. */
export async function packChart(
  chart: { name: string; version: string; dependencies?: unknown[] },
  files: Record<string, string> = {},
): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "chart-"));
  try {
    const all = { "Chart.yaml": stringify({ apiVersion: "v2", ...chart }), "values.yaml": "{}\n", ...files };
    for (const [path, text] of Object.entries(all)) {
      const file = join(folder, chart.name, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    const archive = join(folder, "chart.tgz");
    await create({ gzip: true, file: archive, cwd: folder, portable: true }, [chart.name]);
    return await readFile(archive);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The index of a Helm repository with these archives. */
export function indexOf(
  charts: readonly { name: string; version: string; archive: Buffer; url: string; digest?: string }[],
): string {
  const entries: Record<string, unknown[]> = {};
  for (const { name, version, archive, url, digest } of charts) {
    entries[name] ??= [];
    entries[name].push({
      apiVersion: "v2",
      name,
      version,
      urls: [url],
      digest: digest ?? digestOf(archive).slice("sha256:".length),
    });
  }
  return stringify({ apiVersion: "v1", entries, generated: "2026-01-01T00:00:00Z" });
}

/** An image in a registry, as `helm push` makes it of a chart. */
export function ociChart(
  name: string,
  version: string,
  archive: Buffer,
): { manifest: Buffer; config: Buffer; blobs: Buffer[] } {
  const config = Buffer.from(JSON.stringify({ apiVersion: "v2", name, version }));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: {
        mediaType: "application/vnd.cncf.helm.config.v1+json",
        digest: digestOf(config),
        size: config.length,
      },
      layers: [
        {
          mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
          digest: digestOf(archive),
          size: archive.length,
        },
      ],
    }),
  );
  return { manifest, config, blobs: [config, archive] };
}

export const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** Puts an image into a registry under a tag. */
export function push(
  world: FakeWorld,
  repository: string,
  tag: string,
  image: { manifest: Buffer; blobs: Buffer[] },
  guard: (answer: Answer) => Page = (answer) => answer,
): void {
  const [host = "", ...rest] = repository.split("/");
  const base = `${host}/v2/${rest.join("/")}`;
  const digest = digestOf(image.manifest);
  const headers = { "content-type": manifestType, "docker-content-digest": digest };
  for (const reference of [tag, digest])
    world.pages.set(`${base}/manifests/${reference}`, guard({ headers, body: image.manifest }));
  for (const blob of image.blobs) world.pages.set(`${base}/blobs/${digestOf(blob)}`, guard({ body: blob }));
  world.pages.set(
    `${base}/tags/list`,
    guard({
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: rest.join("/"), tags: [tag] }),
    }),
  );
}
