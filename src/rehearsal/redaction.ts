import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { KubeClient } from "../kubernetes/client.ts";
import { watchKind } from "../kubernetes/watch.ts";
import { readDeclaredSecrets } from "../repository/declared-secrets.ts";
import type { Tree } from "../repository/tree.ts";
import { isExpected } from "../runner/errors.ts";
import type { Log } from "../runner/log.ts";
import { createMasks } from "../workloads/masks.ts";
import { hideShapes, type Redact } from "../workloads/redact.ts";
import { hideSecret } from "../workloads/secret-values.ts";
import type { RehearsalRequest } from "./request.ts";
import type { Verdict } from "./verdict.ts";

/** Knows the values of Secrets, as a rehearsal comes across them, and takes them out of all that it tells. */
export interface Redaction {
  /** Takes what is known by now out of a text. */
  readonly redact: Redact;
  /** The same request, which logs and shows nothing of what is known by then. */
  request(request: RehearsalRequest): RehearsalRequest;
  /** Learns single values. */
  hide(values: readonly string[]): void;
  /** Learns what stands in commits in plain text. */
  learnFrom(...trees: readonly Tree[]): Promise<void>;
  /** Learns every Secret of a cluster from now on, also one that is gone at the end. */
  follow(client: KubeClient): FollowedSecrets;
  /** The verdict without any. Names and paths stay: things have to be found by them. */
  verdict(verdict: Verdict): Verdict;
  /** The same error, whose message has none. */
  error(error: unknown): unknown;
  /** Copies a folder of text files without any. */
  copy(from: string, to: string): Promise<void>;
}

/** Disposing looks once more, and ends it. */
export interface FollowedSecrets extends AsyncDisposable {
  /** Learns those that are there now: a watch may be a moment late. */
  look(): Promise<void>;
}

const lookMs = 5_000;

export function createRedaction(): Redaction {
  const masks = createMasks();
  const seen = new Set<string>();
  const redact = (text: string) => hideShapes(masks.apply(text));
  return {
    redact,
    request: (request) => ({
      ...request,
      log: redactedLog(request.log, redact),
      onProgress: (tree) => request.onProgress(redactStrings(tree, redact)),
    }),
    hide(values) {
      for (const value of values) masks.hide(value);
    },
    async learnFrom(...trees) {
      for (const tree of trees) {
        const { secrets, values } = await readDeclaredSecrets(tree, seen);
        for (const secret of secrets) hideSecret(masks, secret);
        for (const value of values) masks.hide(value);
      }
    },
    follow(client) {
      const ended = new AbortController();
      const watched = { apiVersion: "v1", kind: "Secret", plural: "secrets" };
      watchKind(client, watched, (secret) => hideSecret(masks, secret), ended.signal);
      const look = async () => {
        const signal = AbortSignal.timeout(lookMs);
        // Of a cluster that is gone by now, the watch has told.
        const last = await client.list("v1", "Secret", undefined, { signal }).catch(() => undefined);
        for (const secret of last?.items ?? []) hideSecret(masks, secret);
      };
      return {
        look,
        async [Symbol.asyncDispose]() {
          ended.abort();
          await look();
        },
      };
    },
    error(error) {
      // A DOMException (a signal's reason) quotes nobody, and lets nobody change it.
      if (!(error instanceof Error) || error instanceof DOMException) return error;
      const told = { message: redact(error.message), stack: redact(error.stack ?? "") };
      return Object.assign(error, told, isExpected(error) && error.fix ? { fix: redact(error.fix) } : {});
    },
    verdict: (verdict) => redactStrings(verdict, (text) => shorten(redact(text))),
    copy: (from, to) => copyRedacted(from, to, redact),
  };
}

/** Their texts name things: Applications, objects, files, revisions, states. */
const names: ReadonlySet<string> = new Set([
  ...["name", "namespace", "kind", "group", "version", "file", "path", "roots", "parent", "waitsFor"],
  ...["applications", "resources", "state", "sync", "health", "result", "code", "class", "status", "setting"],
  ...["base", "head", "merge", "baseBranch", "revision", "targetRevision", "what", "running", "pinned"],
  ...["startedAt", "kubernetes", "host", "pod", "node", "key", "syncPhase", "hookType", "hookPhase"],
]);

/** The same value with `redact` applied to each text in it that is no name. */
function redactStrings<T>(value: T, redact: Redact, key = ""): T {
  if (typeof value === "string") return (names.has(key) ? value : redact(value)) as T;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => redactStrings(item, redact, key)) as T;
  const entries = Object.entries(value).map(([name, field]) => [name, redactStrings(field, redact, name)]);
  return Object.fromEntries(entries) as T;
}

const longest = 2_000;

/** Not before it is redacted: half of a value would not be known again. */
function shorten(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)} …` : text;
}

/** A log that is given what is redacted. */
export function redactedLog(log: Log, redact: Redact): Log {
  return {
    step(title) {
      const step = log.step(redact(title));
      return {
        update: (detail) => step.update(redact(detail)),
        done: (detail) => step.done(detail && redact(detail)),
        failed: (detail) => step.failed(detail && redact(detail)),
      };
    },
    info: (line) => log.info(redact(line)),
    warn: (line) => log.warn(redact(line)),
    debug: (line) => log.debug(redact(line)),
  };
}

/** Text that is redacted at once: a value of several lines, such as a key, must not stand across two. */
const pieceBytes = 8 * 1024 * 1024;

async function copyRedacted(from: string, to: string, redact: Redact): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyRedacted(source, target, redact);
    else if (entry.isFile()) {
      const write = createWriteStream(target, { mode: 0o600 });
      await pipeline(createReadStream(source, "utf8"), (text) => inPieces(text, redact), write);
    }
  }
}

async function* inPieces(text: AsyncIterable<string>, redact: Redact): AsyncGenerator<string> {
  let piece = "";
  for await (const chunk of text) {
    piece += chunk;
    const end = piece.length > pieceBytes ? piece.lastIndexOf("\n") + 1 : 0;
    if (end > 0) yield redact(piece.slice(0, end));
    piece = piece.slice(end);
  }
  yield redact(piece);
}
