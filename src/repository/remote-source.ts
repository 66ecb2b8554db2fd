import type { FilePlace } from "./locate.ts";

/** What Argo CD, Helm or kustomize fetches from another host to render a commit. */
export type RemoteSource = ChartSource | GitSource | FileSource;

/** A Helm chart of a chart repository, or of an OCI registry. */
export interface ChartSource extends Asked {
  kind: "helm" | "oci";
  /** `https://…` of the repository, as written; `oci://host/path` without the chart's own name. No trailing slash. */
  url: string;
  name: string;
  /** A version or a range of versions; undefined stands for the newest. */
  version: string | undefined;
}

/** Another Git repository. */
export interface GitSource extends Asked {
  kind: "git";
  /** Its https URL: no credentials, no `.git`, no trailing slash. */
  url: string;
  /** A branch, a tag, a commit, a range of tags; undefined stands for HEAD. */
  version: string | undefined;
  /** Argo CD clones all branches and tags; kustomize fetches just this revision. */
  reads: "everything" | "revision";
  /** The folder that is rendered; undefined where files of it are read by name alone. */
  folder: string | undefined;
}

/** A file that kustomize or Helm reads by its URL. */
export interface FileSource extends Asked {
  kind: "file";
  url: string;
}

interface Asked {
  /** Where the commit says so. */
  place: FilePlace;
  /** Who asks, for people: `Application traefik`. */
  by: string;
  /** Whether a rehearsal can do without it. */
  optional?: boolean | undefined;
}

/** Something that fetches from other hosts in a way that a commit does not tell. */
export interface UnknownSource {
  place: FilePlace;
  /** One sentence without its full stop. */
  why: string;
}

/** All that one commit fetches from other hosts, as far as it tells. */
export interface RemoteSources {
  /** Each once, in the order of kind, URL, name and version. */
  sources: readonly RemoteSource[];
  unknown: readonly UnknownSource[];
}
