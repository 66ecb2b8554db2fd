import type { VendorAnswer, VendorRequest } from "./answer.ts";
import type { Credentials } from "./credentials.ts";
import { createEvidenceLog, type VendorEvidence, type VendorEvidenceLog } from "./evidence.ts";
import { createFileAnswers } from "./file-answers.ts";
import { createGitRepositories, type FollowedRevision, type GitRepositories } from "./git-repositories.ts";
import { createHelmAnswers } from "./helm-answers.ts";
import { createHosts } from "./hosts.ts";
import type { Lock } from "./lock.ts";
import { createOciAnswers } from "./oci-answers.ts";
import { createOutside } from "./outside/outside.ts";
import type { Upstream } from "./outside/upstream.ts";
import { absent, refuse } from "./refusal.ts";
import { fileKey } from "./source-url.ts";
import type { Store } from "./store.ts";

/** Answers for other hosts: from the store what it has, from upstream what it may ask for, which it then keeps. */
export interface Vendor extends AsyncDisposable {
  /**
   * Whether a host, at any port where none is named, is one that it answers for. This may grow: an index names
   * the hosts of its archives.
   */
  answersFor(host: string, port?: number): boolean;
  /** PEM of the authorities that one host is verified by, in place of those of this machine. */
  trust(host: string, authorities: string): void;
  /** Undefined for a request that is for no chart, image or file: it is to be passed on, if upstream may be asked. */
  answer(request: VendorRequest): Promise<VendorAnswer | undefined>;
  /** Why upstream may not be asked; undefined where it may. */
  readonly forbidden: string | undefined;
  /** The answer to what it has not and may not ask for, noted as evidence. */
  refuse(request: VendorRequest): VendorAnswer;
  readonly store: Store;
  readonly credentials: Credentials;
  readonly repositories: GitRepositories;
  /** One more file that is read by its URL: of a base of another repository, say. */
  declareFile(url: string): void;
  /** Notes something else that was not answered. */
  readonly refused: VendorEvidenceLog["refused"];
  evidence(): VendorEvidence;
}

export interface VendorOptions {
  store: Store;
  lock: Lock;
  credentials: Credentials;
  /**
   * URLs (https, http, `oci://`) of the sources that the repository declares. Their hosts, and those of the lock,
   * are answered for.
   */
  declared: readonly string[];
  /** Those of them that are single files. */
  files: readonly string[];
  /** Git repositories, with the revisions that are followed there. */
  git?: readonly FollowedRevision[] | undefined;
  /** Why upstream may not be asked, as a clause: `--offline forbids asking for it`. Then every host is answered for. */
  forbidden: string | undefined;
  upstream: Upstream;
}

export function openVendor(options: VendorOptions): Vendor {
  const { store, credentials, forbidden, upstream, lock } = options;
  const evidence = createEvidenceLog();
  const files = new Set(options.files.map(fileKey));
  const stopped = new AbortController();
  const outside = createOutside({ upstream, credentials, forbidden });
  const hosts = createHosts([...options.declared, ...lock.entries.map(({ source }) => source)]);
  const context = {
    ...{ store, lock, outside, evidence, hosts, forbidden, credentials },
  };
  const answerers = [
    createOciAnswers(context),
    createHelmAnswers(context),
    createFileAnswers(context, files),
  ];

  return {
    ...{ store, credentials, forbidden },
    repositories: createGitRepositories({
      ...{ store, lock, upstream, credentials, evidence, forbidden },
      followed: options.git ?? [],
      signal: stopped.signal,
    }),
    declareFile: (url) => void files.add(fileKey(url)),
    refused: evidence.refused,
    answersFor: (host, port) => forbidden !== undefined || hosts.has(host, port),
    trust: upstream.trust,
    async answer(request) {
      for (const answerer of answerers) {
        const answer = await answerer(request);
        if (answer) return answer;
      }
      return undefined;
    },
    refuse({ url }) {
      return refuse(absent(url, forbidden ?? ""), evidence);
    },
    evidence: evidence.snapshot,
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await outside[Symbol.asyncDispose]();
    },
  };
}
