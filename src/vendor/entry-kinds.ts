import { z } from "zod";
import { parseDigest } from "./digest.ts";
import type { EntryKind } from "./store.ts";

/** A digest as text; refuses anything else. */
export const digestShape = z.string().transform((text, context) => {
  const digest = text.startsWith("sha256:") ? parseDigest(text) : undefined;
  if (digest !== undefined) return digest;
  context.addIssue("sha256: and 64 hexadecimal digits");
  return z.NEVER;
});

const chartVersion = z.object({
  /** The repository's URL, as `repositoryKey` writes it. */
  repository: z.string(),
  name: z.string(),
  version: z.string(),
  /** Of the archive. */
  digest: digestShape,
  /** Where the repository's index says that the archive is. Absolute. */
  url: z.string(),
  /** What an index says of it besides: dependencies, appVersion, kubeVersion, and so on. */
  facts: z.record(z.string(), z.unknown()),
});

/** One version of a chart in a Helm repository. */
export type ChartVersion = z.infer<typeof chartVersion>;

/** By the repository's URL. */
export const chartVersions: EntryKind<ChartVersion> = {
  name: "helm",
  schema: chartVersion,
  keyOf: ({ name, version }) => chartKey(name, version),
};

export function chartKey(name: string, version: string): string {
  return `${name}-${version}`;
}

const ociTag = z.object({ repository: z.string(), tag: z.string(), digest: digestShape });

/** What a tag of an OCI repository stands for: the digest of a manifest. */
export type OciTag = z.infer<typeof ociTag>;

/** By the OCI repository, as `ociKey` writes it. */
export const ociTags: EntryKind<OciTag> = { name: "oci-tags", schema: ociTag, keyOf: ({ tag }) => tag };

const ociManifest = z.object({ repository: z.string(), digest: digestShape, mediaType: z.string() });

/** A manifest of an OCI repository, whose bytes are a blob of the store. */
export type OciManifest = z.infer<typeof ociManifest>;

/** By the OCI repository, as `ociKey` writes it. */
export const ociManifests: EntryKind<OciManifest> = {
  name: "oci-manifests",
  schema: ociManifest,
  keyOf: ({ digest }) => digest.replace(":", "-"),
};

const remoteFile = z.object({ url: z.string(), digest: digestShape, contentType: z.string().optional() });

/** A single file that was read by its URL. */
export type RemoteFile = z.infer<typeof remoteFile>;

/** By its own URL: there is one entry of each. */
export const remoteFiles: EntryKind<RemoteFile> = {
  name: "files",
  schema: remoteFile,
  keyOf: () => "file",
};
