import { z } from "zod";
import type { ChartSource } from "../repository/remote-source.ts";
import type { VendorAnswer } from "./answer.ts";
import { type Digest, digestOf, parseDigest } from "./digest.ts";
import { digestShape, ociManifests, ociTags } from "./entry-kinds.ts";
import { changedSeed, type GetChart } from "./get-helm-chart.ts";
import { lockedDigest } from "./lock.ts";
import type { Seed } from "./seeds.ts";
import { ociKey, registryHost } from "./source-url.ts";
import { absentHere, type Outcome, problemOf } from "./vendored.ts";
import { isRange, resolveVersion } from "./version-range.ts";

// https://helm.sh/docs/topics/registries/#oci-feature-deprecation-and-behavior-changes-with-v380
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const configType = "application/vnd.cncf.helm.config.v1+json";
const layerType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

const descriptor = z.object({ digest: digestShape });
const manifestShape = z.object({ config: descriptor, layers: z.array(descriptor) });

/** Has the cache hold a chart of an OCI registry: from there, else from a seed, else from upstream. */
export async function getOciChart(source: ChartSource, { vendor, lock, seeds }: GetChart): Promise<Outcome> {
  const { store } = vendor;
  const { name, version } = source;
  const repository = ociKey(`${source.url}/${name}`);
  const parent = repository.slice(0, -name.length - 1);
  const [, host = "", path = ""] = /^oci:\/\/([^/]+)\/(.+)$/.exec(repository) ?? [];
  const base = `https://${registryHost(host)}/v2/${path}`;
  const tags = store.entries(ociTags, repository);
  const lockedAt = (exact: string) =>
    lockedDigest(lock, { kind: "oci", source: parent, name, version: exact });
  const done = (exact: string, digest: Digest, from: "cache" | "seed" | "upstream"): Outcome => {
    return { entry: { kind: "oci", source: parent, name, version: exact, digest }, from };
  };
  const ask = async (url: string): Promise<VendorAnswer> => {
    const request = { method: "GET" as const, url: new URL(url), headers: {} };
    return (await vendor.answer(request)) ?? vendor.refuse(request);
  };

  /** The manifest's digest, where all that it names is here. */
  async function cached(exact: string): Promise<Digest | undefined> {
    const digest = (await tags.read(tagOf(exact)))?.digest;
    const bytes = digest && (await store.readBlob(digest));
    if (!digest || !bytes) return undefined;
    const parts = partsOf(bytes);
    const here = await Promise.all(parts.map(async (part) => (await store.readBlob(part)) !== undefined));
    return parts.length > 0 && here.every(Boolean) ? digest : undefined;
  }

  async function fromCache(exact: string): Promise<Outcome | undefined> {
    const digest = await cached(exact);
    const locked = lockedAt(exact);
    return digest && (locked === undefined || locked === digest) ? done(exact, digest, "cache") : undefined;
  }

  async function fromSeed(exact: string): Promise<Outcome | undefined> {
    const seed = await seeds.read(name, exact);
    if (!seed) return undefined;
    const { manifest, config } = wrap(seed);
    const digest = digestOf(manifest);
    const locked = lockedAt(exact);
    if (locked !== undefined && locked !== digest)
      return changedSeed(`${name} ${exact} of ${parent}`, locked, digest, seed);
    for (const bytes of [seed.archive, config, manifest]) await store.keepBlob(bytes);
    await store.entries(ociManifests, repository).keep({ repository, digest, mediaType: manifestType });
    await tags.keep({ repository, tag: tagOf(exact), digest });
    return done(exact, digest, "seed");
  }

  async function fromUpstream(exact: string): Promise<Outcome> {
    const before = await cached(exact);
    const what = `${name} ${exact} of ${parent}`;
    const answer = await ask(`${base}/manifests/${encodeURIComponent(tagOf(exact))}`);
    if (answer.status !== 200) return { problem: problemOf(answer, what, vendor.forbidden) };
    const parts = partsOf(answer.body);
    if (parts.length === 0) return { problem: { kind: "missing", message: `${what} is no chart` } };
    for (const part of parts) {
      const blob = await ask(`${base}/blobs/${part}`);
      if (blob.status !== 200) return { problem: problemOf(blob, what, vendor.forbidden) };
    }
    const digest = parseDigest(answer.headers["docker-content-digest"]) ?? digestOf(answer.body);
    return done(exact, digest, before === digest ? "cache" : "upstream");
  }

  if (version !== undefined && !isRange(version)) {
    return (await fromCache(version)) ?? (await fromSeed(version)) ?? fromUpstream(version);
  }
  const listed = await ask(`${base}/tags/list`);
  const known = listed.status === 200 ? tagsIn(listed.body) : [];
  const complete = listed.status === 200 && !vendor.evidence().incomplete.includes(repository);
  const best = resolveVersion(version, complete ? known : [...known, ...seeds.versionsOf(name)]);
  if (best !== undefined) return (await fromCache(best)) ?? (await fromSeed(best)) ?? fromUpstream(best);
  const what = `${name} ${version ?? "in any version"} of ${parent}`;
  if (listed.status !== 200) return { problem: problemOf(listed, what, vendor.forbidden) };
  if (!complete) return { problem: absentHere(what, vendor.forbidden) };
  return { problem: { kind: "missing", message: `${what} does not exist` } };
}

/** A tag cannot have a plus, and Helm writes an underscore for it. */
function tagOf(version: string): string {
  return version.replaceAll("+", "_");
}

function tagsIn(body: Buffer): string[] {
  const parsed = z.object({ tags: z.array(z.string()) }).safeParse(parseJson(body));
  return parsed.success ? parsed.data.tags.map((tag) => tag.replaceAll("_", "+")) : [];
}

function partsOf(manifest: Buffer): Digest[] {
  const parsed = manifestShape.safeParse(parseJson(manifest));
  return parsed.success ? [parsed.data.config, ...parsed.data.layers].map(({ digest }) => digest) : [];
}

/** As `helm push` would, but for the time. */
function wrap({ name, version, facts, archive }: Seed): { manifest: Buffer; config: Buffer } {
  const config = Buffer.from(JSON.stringify({ name, version, ...facts }));
  const describe = (mediaType: string, bytes: Buffer) => {
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: describe(configType, config),
    layers: [describe(layerType, archive)],
    annotations: { "org.opencontainers.image.title": name, "org.opencontainers.image.version": version },
  };
  return { manifest: Buffer.from(JSON.stringify(manifest)), config };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
