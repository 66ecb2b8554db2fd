import { z } from "zod";

/**
 * What a request gets in place of its answer.
 *
 * - `{ status, headers?, body? }`: this answer; the request is not carried out.
 * - `{ hang: "before" }`: none at all; `{ hang: "after" }`: none, but the request is carried out.
 * - `{ reset: "before" }`, `{ reset: "after" }`: the connection breaks.
 */
export const failureSchema = z.union([
  z.strictObject({
    status: z.int().min(400).max(599),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.unknown().optional(),
  }),
  z.strictObject({ hang: z.enum(["before", "after"]) }),
  z.strictObject({ reset: z.enum(["before", "after"]) }),
]);

export type GivenFailure = z.input<typeof failureSchema>;
export type Failure = z.output<typeof failureSchema>;

/** Answers in the order in which they are due, for requests that match. */
export class FailureScript {
  readonly #scripted: { request: RegExp; responses: Failure[] }[] = [];

  /** `request` is matched against `METHOD /path`, below the API's root. */
  add(request: RegExp, responses: readonly unknown[]): void {
    this.#scripted.push({ request, responses: z.array(failureSchema).parse(responses) });
  }

  next(request: string): Failure | undefined {
    const due = this.#scripted.find((one) => one.responses.length > 0 && one.request.test(request));
    return due?.responses.shift();
  }
}

const limits = "https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api";

/** 403, as GitHub answers a client that writes too fast. */
export function secondaryLimit(retryAfter: number): GivenFailure {
  return {
    status: 403,
    headers: { "retry-after": String(retryAfter) },
    body: {
      message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
      documentation_url: `${limits}#about-secondary-rate-limits`,
    },
  };
}

/** 403, as GitHub answers when an hour's requests are used up. */
export function primaryLimit(resetAt: Date): GivenFailure {
  return {
    status: 403,
    headers: {
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": String(Math.ceil(resetAt.getTime() / 1_000)),
    },
    body: { message: "API rate limit exceeded for installation ID 1.", documentation_url: limits },
  };
}

/** 429 with nothing but `Retry-After`. */
export function tooManyRequests(retryAfter: number): GivenFailure {
  return {
    status: 429,
    headers: { "retry-after": String(retryAfter) },
    body: { message: "Too many requests" },
  };
}

/** 502, as the proxies before GitHub answer: HTML. */
export const badGateway: GivenFailure = {
  status: 502,
  headers: { "content-type": "text/html" },
  body: "<html><body>502 Bad Gateway</body></html>",
};
