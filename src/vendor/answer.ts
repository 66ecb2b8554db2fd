import type { IncomingHttpHeaders } from "node:http";

/** A request as a client means it for the real host. It has no body: what has one is not answered here. */
export interface VendorRequest {
  method: "GET" | "HEAD";
  url: URL;
  headers: IncomingHttpHeaders;
}

export interface VendorAnswer {
  status: number;
  /** In place of the status's own words. Helm shows this, and nothing of the body. */
  reason?: string;
  headers: Record<string, string>;
  /** Left out on a HEAD request, whose `content-length` tells its size. */
  body: Buffer;
}

/** Answers those requests that it knows; undefined for all others. */
export type Answerer = (request: VendorRequest) => Promise<VendorAnswer | undefined>;

export function answerWith(
  body: Buffer | string,
  contentType: string,
  headers: Record<string, string> = {},
): VendorAnswer {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return {
    status: 200,
    headers: { "content-type": contentType, "content-length": `${bytes.length}`, ...headers },
    body: bytes,
  };
}
