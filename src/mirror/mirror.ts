import type { World } from "./world.ts";

/** Answers for the real Git URLs, to clients that use it as their HTTPS proxy and trust its authority. */
export interface Mirror extends AsyncDisposable {
  /** For `HTTPS_PROXY` and `HTTP_PROXY`, with the credentials that it demands. */
  readonly proxyUrl: string;
  /** PEM file with the mirror's own authority and the system's: for `SSL_CERT_FILE` and `GIT_SSL_CAINFO`. */
  readonly caBundle: string;
  /** What it has served since it was opened. */
  evidence(): Evidence;
}

export interface MirrorOptions {
  world: World;
  /** The address to listen on. */
  bind: string;
  /** The name by which clients reach it; `bind` where it is the same. */
  host: string;
  /** A private folder for its files. */
  folder: string;
  /** `restricted` refuses every host that the mirror does not answer for. */
  egress: "open" | "restricted";
}

/** The mirror's own record: what left it, to whom it was pointed, what it refused. */
export interface Evidence {
  /** Fetches of the rehearsed repository, by the commits that were asked for. */
  fetches: readonly ServedFetch[];
  /** Connections to hosts that it does not answer for, by `host:port`, and what became of them. */
  tunnels: readonly Tunnel[];
}

export interface ServedFetch {
  /** The repository's URL as the client spelled it. */
  url: string;
  /** Full SHAs of the commits asked for and sent. */
  commits: readonly string[];
}

export interface Tunnel {
  host: string;
  outcome: "open" | "refused" | "failed";
  count: number;
  /** Why it was refused or failed. */
  reason?: string | undefined;
}
