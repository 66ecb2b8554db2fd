import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import { EnvHttpProxyAgent, fetch, type Response } from "undici";
import { messageOf } from "../runner/errors.ts";
import { codeOf, isFileError } from "./disk.ts";
import { formatBytes, formatTimeLeft } from "./wording.ts";

/** `absent`: the server has no such file. `unreachable`: it could not be asked, tried as often as it was. */
export type Fetched<T> = { got: T } | { absent: string } | { unreachable: string };

export interface FetchOptions {
  signal?: AbortSignal | undefined;
  /** Pauses before each further attempt after a failure that may pass, in milliseconds. */
  retryAfterMs?: readonly number[];
}

const defaultPauses = [300, 1_000];
const silenceMs = 30_000;
const reportMs = 500;

/** A small text. */
export function fetchText(url: URL, options: FetchOptions = {}): Promise<Fetched<string>> {
  return attempt(url, options, (response) => response.text());
}

/**
 * Streams a file to `path` and gives the checksum of the bytes that came, as hexadecimal digits.
 * Throws what writing throws.
 */
export function downloadFile(
  url: URL,
  path: string,
  report: (detail: string) => void,
  options: FetchOptions = {},
): Promise<Fetched<{ sha256: string; bytes: number }>> {
  return attempt(url, options, async (response) => {
    const hash = createHash("sha256");
    const total = Number(response.headers.get("content-length") ?? 0);
    const started = Date.now();
    let bytes = 0;
    let reported = 0;
    await pipeline(
      Readable.from(response.body ?? []),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          bytes += chunk.length;
          if (Date.now() - reported > reportMs) {
            reported = Date.now();
            report(describeDownload(bytes, total, Date.now() - started));
          }
          yield chunk;
        }
      },
      createWriteStream(path),
      { ...(options.signal === undefined ? {} : { signal: options.signal }) },
    );
    return { sha256: hash.digest("hex"), bytes };
  });
}

/** `45 of 134 MB · 12 MB/s · about 7 s left`; without a total, `45 MB · 12 MB/s`. */
export function describeDownload(bytes: number, total: number, elapsedMs: number): string {
  const speed = `${formatBytes((bytes / Math.max(1, elapsedMs)) * 1000)}/s`;
  if (total === 0) return `${formatBytes(bytes)} · ${speed}`;
  const left = formatTimeLeft((elapsedMs * (total - bytes)) / Math.max(1, bytes));
  return `${formatBytes(bytes)} of ${formatBytes(total)} · ${speed} · ${left}`;
}

async function attempt<T>(
  url: URL,
  { signal, retryAfterMs = defaultPauses }: FetchOptions,
  read: (response: Response) => Promise<T>,
): Promise<Fetched<T>> {
  // The environment's proxies; each silence of the server is bounded, the whole is not.
  const dispatcher = new EnvHttpProxyAgent({ headersTimeout: silenceMs, bodyTimeout: silenceMs });
  try {
    for (let round = 0; ; round++) {
      const { result, mayPass } = await once(url, dispatcher, signal, read);
      const pause = retryAfterMs[round];
      if (!mayPass || pause === undefined) return result;
      await setTimeout(pause, undefined, { ...(signal === undefined ? {} : { signal }) });
    }
  } finally {
    await dispatcher.destroy();
    signal?.throwIfAborted();
  }
}

async function once<T>(
  url: URL,
  dispatcher: EnvHttpProxyAgent,
  signal: AbortSignal | undefined,
  read: (response: Response) => Promise<T>,
): Promise<{ result: Fetched<T>; mayPass: boolean }> {
  try {
    const response = await fetch(withoutCredentials(url), {
      dispatcher,
      headers: credentialsOf(url),
      ...(signal === undefined ? {} : { signal }),
    });
    const status = `${showUrl(url)}: ${response.status} ${response.statusText}`.trimEnd();
    if (response.status === 404 || response.status === 410) {
      return { result: { absent: status }, mayPass: false };
    }
    if (!response.ok) {
      const mayPass = response.status === 429 || response.status >= 500;
      return { result: { unreachable: status }, mayPass };
    }
    return { result: { got: await read(response) }, mayPass: false };
  } catch (error) {
    signal?.throwIfAborted();
    if (isFileError(error)) throw error;
    return { result: { unreachable: `${showUrl(url)}: ${reasonOf(error)}` }, mayPass: true };
  }
}

/** `fetch` says just "fetch failed"; the reason is its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return messageOf(cause) || codeOf(cause) || "unknown reason";
}

/** An address without what may be secret in it. */
export function showUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function withoutCredentials(url: URL): URL {
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  return bare;
}

/** `fetch` refuses addresses with credentials in them. */
function credentialsOf(url: URL): Record<string, string> {
  if (url.username === "" && url.password === "") return {};
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}
