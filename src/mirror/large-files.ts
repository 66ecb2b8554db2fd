import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";

const batch = z.object({
  operation: z.string(),
  objects: z.array(z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.number() })),
});

const largestBatch = 10 * 1024 * 1024;

/** Answers the batch API of Git LFS, basic transfer, from the stores of the checkout. */
export interface LargeFiles {
  /**
   * What to answer to a batch request, or undefined where the host has to be asked: for uploads, and where
   * the stores lack any object. `base` is the URL of the LFS API that clients reach.
   */
  answerBatch(body: Buffer, base: string): Promise<object | undefined>;
  /** Sends one object. */
  send(oid: string, response: ServerResponse): Promise<void>;
}

export function createLargeFiles(stores: readonly string[]): LargeFiles {
  async function find(oid: string): Promise<{ path: string; size: number } | undefined> {
    for (const store of stores) {
      const path = join(store, oid.slice(0, 2), oid.slice(2, 4), oid);
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile()) return { path, size: found.size };
    }
    return undefined;
  }
  return {
    async answerBatch(body, base) {
      const request = batch.safeParse(parseJson(body));
      if (!request.success || request.data.operation !== "download") return undefined;
      const { objects } = request.data;
      const found = await Promise.all(objects.map(({ oid }) => find(oid)));
      if (!found.every((file) => file !== undefined)) return undefined;
      return {
        transfer: "basic",
        objects: objects.map(({ oid, size }) => ({
          oid,
          size,
          authenticated: true,
          actions: { download: { href: `${base}/objects/${oid}` } },
        })),
      };
    },
    async send(oid, response) {
      const file = await find(oid);
      if (!file) {
        response.writeHead(404, { "content-type": "text/plain" }).end("no such object\n");
        return;
      }
      response.writeHead(200, { "content-type": "application/octet-stream", "content-length": file.size });
      await pipeline(createReadStream(file.path), response).catch(() => response.destroy());
    },
  };
}

/** The whole of a small body. Throws where it is larger than such requests are. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBatch) throw new Error("the request is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
