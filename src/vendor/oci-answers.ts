import semver from "semver";
import { type Answerer, answerWith, type VendorAnswer, type VendorRequest } from "./answer.ts";
import { asItCame, failureOf, passOn, type VendorContext } from "./context.ts";
import { type Digest, digestOf, parseDigest } from "./digest.ts";
import { ociManifests, ociTags } from "./entry-kinds.ts";
import { lockedDigest } from "./lock.ts";
import type { Asked, OutsideAnswer } from "./outside/outside.ts";
import { readThrough } from "./read-through.ts";
import { absent, failWith, refuse } from "./refusal.ts";
import { ociKey } from "./source-url.ts";

const manifestTypes = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const indexType = "application/vnd.oci.image.index.v1+json";
const emptyIndex = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [] });

/**
 * Answers for OCI registries, by the part of the distribution specification that reads
 * (https://github.com/opencontainers/distribution-spec/blob/main/spec.md). No client is asked for a token: we get
 * our own.
 */
export function createOciAnswers(context: VendorContext): Answerer {
  const { store, lock, outside, evidence, forbidden } = context;
  /** What upstream said in this run of a tag: for all clients the same. */
  const resolved = new Map<string, Promise<VendorAnswer>>();

  const ask = ({ url, headers }: VendorRequest, accept?: string): Promise<Asked> =>
    outside.ask({ method: "GET", url, accept, authorization: headers.authorization });

  async function keptManifest(repository: string, digest: Digest): Promise<VendorAnswer | undefined> {
    const bytes = await store.readBlob(digest);
    if (!bytes) return undefined;
    const entry = await store.entries(ociManifests, repository).read(digest.replace(":", "-"));
    return entry && answerManifest(bytes, digest, entry.mediaType);
  }

  async function keepManifest(repository: string, answer: OutsideAnswer): Promise<VendorAnswer> {
    const digest = await store.keepBlob(answer.body);
    const mediaType = mediaTypeOf(answer);
    await store.entries(ociManifests, repository).keep({ repository, digest, mediaType });
    return answerManifest(answer.body, digest, mediaType);
  }

  async function byTag(request: VendorRequest, repository: string, tag: string): Promise<VendorAnswer> {
    const kept = await store.entries(ociTags, repository).read(tag);
    const fixed = isVersion(tag); // any other tag may move
    return readThrough(context, {
      what: `${tag} of ${repository}`,
      request,
      accept: request.headers.accept ?? manifestTypes.join(", "),
      locked: fixed ? lockedOf(repository, tag) : undefined,
      kept: kept && { digest: kept.digest, answer: () => keptManifest(repository, kept.digest) },
      current: false,
      fixed,
      async keep(answer, digest) {
        const given = await keepManifest(repository, answer);
        await store.entries(ociTags, repository).keep({ repository, tag, digest });
        return given;
      },
    });
  }

  function lockedOf(repository: string, tag: string): Digest | undefined {
    const [, source = "", name = ""] = /^(.*)\/([^/]+)$/.exec(repository) ?? [];
    // A tag cannot have a plus, and Helm writes an underscore for it.
    const versions = [tag, tag.replaceAll("_", "+")];
    return versions
      .map((version) => lockedDigest(lock, { kind: "oci", source, name, version }))
      .find(Boolean);
  }

  async function byDigest(request: VendorRequest, repository: string, digest: Digest): Promise<VendorAnswer> {
    const what = `${digest} of ${repository}`;
    const kept = await keptManifest(repository, digest);
    if (kept) {
      evidence.served(what, "cache");
      return kept;
    }
    return asked(request, digest, request.headers.accept ?? manifestTypes.join(", "), async (answer) => {
      evidence.served(what, "upstream");
      return keepManifest(repository, answer);
    });
  }

  async function blob(request: VendorRequest, digest: Digest): Promise<VendorAnswer> {
    const kept = await store.readBlob(digest);
    const send = (bytes: Buffer) => {
      return answerWith(bytes, "application/octet-stream", { "docker-content-digest": digest });
    };
    if (kept) return send(kept);
    return asked(request, digest, undefined, async ({ body }) => {
      await store.keepBlob(body);
      return send(body);
    });
  }

  /** Something that is known by its digest, from upstream. */
  async function asked(
    request: VendorRequest,
    digest: Digest,
    accept: string | undefined,
    keep: (answer: OutsideAnswer) => Promise<VendorAnswer>,
  ): Promise<VendorAnswer> {
    const { url } = request;
    if (forbidden !== undefined) return refuse(absent(url, forbidden), evidence);
    const answer = await ask(request, accept);
    if ("unreachable" in answer || answer.status !== 200) return passOn(context, url, answer);
    if (digestOf(answer.body) === digest) return keep(answer);
    const message = `${url.host} sent something else than ${digest}`;
    return failWith(502, message, `${url.host}${url.pathname}`);
  }

  async function tags(request: VendorRequest, repository: string, name: string): Promise<VendorAnswer> {
    const fromCache = async (why?: string) => {
      const known = await store.entries(ociTags, repository).list();
      if (known.length === 0) return undefined;
      evidence.incomplete(repository);
      evidence.served(`tags of ${repository}`, "cache", why);
      const list = { name, tags: known.map(({ tag }) => tag) };
      return answerWith(JSON.stringify(list), "application/json");
    };
    if (forbidden !== undefined)
      return (await fromCache()) ?? refuse(absent(request.url, forbidden), evidence);
    const answer = await ask(request);
    const failure = failureOf(context, request.url, answer);
    if (failure !== undefined || "unreachable" in answer)
      return (await fromCache(failure)) ?? passOn(context, request.url, answer);
    if (answer.status !== 200) return passOn(context, request.url, answer);
    evidence.complete(repository);
    evidence.served(`tags of ${repository}`, "upstream");
    return asItCame(answer);
  }

  /** Signatures and the like, which nothing needs in order to render. */
  async function referrers(request: VendorRequest): Promise<VendorAnswer> {
    const answer = forbidden === undefined ? await ask(request) : undefined;
    const told =
      answer && failureOf(context, request.url, answer) === undefined && !("unreachable" in answer);
    return told ? asItCame(answer) : answerWith(emptyIndex, indexType);
  }

  return async (request) => {
    const { url } = request;
    if (/^\/v2\/?$/.test(url.pathname))
      return answerWith("{}", "application/json", { "docker-distribution-api-version": "registry/2.0" });
    const [, name = "", what, reference = ""] =
      /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/([^/]+)$/.exec(url.pathname) ?? [];
    const repository = ociKey(`oci://${url.host}/${name}`);
    const digest = parseDigest(decodeURIComponent(reference));
    if (what === "blobs" && digest) return blob(request, digest);
    if (what === "manifests" && digest) return byDigest(request, repository, digest);
    if (what === "tags" && reference === "list") return tags(request, repository, name);
    if (what === "referrers") return referrers(request);
    if (what !== "manifests" || reference.includes(":")) return undefined;
    const key = `${repository} ${reference}`;
    const answer = resolved.get(key) ?? byTag(request, repository, reference);
    resolved.set(key, answer);
    const { status } = await answer;
    if (status !== 200) resolved.delete(key); // it may pass
    return answer;
  };
}

function isVersion(tag: string): boolean {
  return semver.valid(tag.replaceAll("_", "+")) !== null;
}

function answerManifest(bytes: Buffer, digest: Digest, mediaType: string): VendorAnswer {
  return answerWith(bytes, mediaType, { "docker-content-digest": digest });
}

function mediaTypeOf({ headers, body }: OutsideAnswer): string {
  const stated = headers["content-type"]?.split(";")[0]?.trim();
  if (stated) return stated;
  try {
    const manifest: unknown = JSON.parse(body.toString("utf8"));
    const own =
      typeof manifest === "object" && manifest !== null && "mediaType" in manifest && manifest.mediaType;
    return typeof own === "string" ? own : (manifestTypes[0] ?? "");
  } catch {
    return manifestTypes[0] ?? "";
  }
}
