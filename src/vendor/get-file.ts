import type { FileSource } from "../repository/remote-source.ts";
import { digestOf } from "./digest.ts";
import { remoteFiles } from "./entry-kinds.ts";
import { type Lock, lockedFile } from "./lock.ts";
import { fileKey } from "./source-url.ts";
import type { Vendor } from "./vendor.ts";
import { type Outcome, problemOf } from "./vendored.ts";

/** Has the cache hold a file as it is upstream now; where it cannot be asked, as it was kept. */
export async function getFile(source: FileSource, vendor: Vendor, lock: Lock): Promise<Outcome> {
  const key = fileKey(source.url);
  const kept = await vendor.store.entries(remoteFiles, key).read("file");
  const here = kept && (await vendor.store.readBlob(kept.digest)) ? kept.digest : undefined;
  // What a release has published does not change; what the lock confirms need not be asked for.
  if (here !== undefined && here === lockedFile(lock, key)) {
    return { entry: { kind: "file", source: key, digest: here }, from: "cache" };
  }
  vendor.declareFile(source.url);
  const request = { method: "GET" as const, url: new URL(source.url), headers: {} };
  const answer = (await vendor.answer(request)) ?? vendor.refuse(request);
  if (answer.status !== 200) return { problem: problemOf(answer, key, vendor.forbidden) };
  const digest = digestOf(answer.body);
  return { entry: { kind: "file", source: key, digest }, from: here === digest ? "cache" : "upstream" };
}
