import { type Answerer, answerWith } from "./answer.ts";
import type { VendorContext } from "./context.ts";
import { type RemoteFile, remoteFiles } from "./entry-kinds.ts";
import { lockedFile } from "./lock.ts";
import { readThrough } from "./read-through.ts";
import { fileKey } from "./source-url.ts";

const plain = "text/plain";

/**
 * Answers for single files that kustomize or Helm reads by URL: those that are declared, by their `fileKey`, and
 * offline those that the store has.
 */
export function createFileAnswers(context: VendorContext, declared: ReadonlySet<string>): Answerer {
  const { store, lock, forbidden } = context;

  return async (request) => {
    const key = fileKey(request.url.href);
    const entries = store.entries(remoteFiles, key);
    const kept = await entries.read("file");
    if (!declared.has(key) && (!kept || forbidden === undefined)) return undefined;
    return readThrough(context, {
      what: key,
      request,
      locked: lockedFile(lock, key),
      kept: kept && {
        digest: kept.digest,
        async answer() {
          const bytes = await store.readBlob(kept.digest);
          return bytes && answerWith(bytes, kept.contentType ?? plain);
        },
      },
      current: false,
      fixed: false, // most are of a branch
      async keep({ headers, body }) {
        const contentType = headers["content-type"];
        const entry: Omit<RemoteFile, "digest"> =
          contentType === undefined ? { url: key } : { url: key, contentType };
        await entries.keep({ ...entry, digest: await store.keepBlob(body) });
        return answerWith(body, contentType ?? plain);
      },
    });
  };
}
