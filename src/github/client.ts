import { randomUUID } from "node:crypto";
import { retry } from "@octokit/plugin-retry";
import { throttling } from "@octokit/plugin-throttling";
import { Octokit } from "@octokit/rest";
import { UsageError } from "../runner/errors.ts";
import type { Log } from "../runner/log.ts";
import { type ApiError, explain, isApiError, type Task } from "./api-error.ts";
import { createTransport, type Transport } from "./transport.ts";

export interface GitHubOptions {
  /** `https://api.github.com`, or `https://HOST/api/v3`. */
  apiUrl: string;
  token: string;
  log: Log;
  signal?: AbortSignal | undefined;
  /** How long one request may take. Default: 30 s. */
  requestTimeoutMs?: number;
  /** How long rate limits may hold this client up, all in all. Default: 10 min. */
  patienceMs?: number;
  /** How long the second of a pause is, in milliseconds: tests shorten it. */
  secondMs?: number;
}

/** The one way to GitHub's API. */
export interface GitHubClient {
  log: Log;
  /**
   * Makes requests on behalf of one task. Throws a UsageError where GitHub refuses, an InfrastructureError where
   * it cannot be reached, and anything else as it came: `isApiError` with the status.
   */
  ask<T>(task: Task, requests: (octokit: Octokit) => Promise<T>): Promise<T>;
  /** Gets a file from an address that needs no credentials; none are sent. */
  download: Transport["download"];
  /** A pause before something is looked at again. */
  pause(seconds: number): Promise<void>;
}

/** Each plugin wraps those before it. */
const ResilientOctokit = Octokit.plugin(retry, recogniseLimits, throttling);

/** For requests that may not be made twice, which is what a retry after a time-out is. */
export const once = { request: { retries: 0 } };

/** Throws a UsageError where there is no token. */
export function connectGitHub(options: GitHubOptions): GitHubClient {
  const { log, signal, secondMs = 1_000 } = options;
  if (options.token === "") {
    throw new UsageError("There is no token for GitHub.", {
      fix: `Give the action its token: \${{ github.token }}.`,
    });
  }
  const transport = createTransport({
    log,
    signal,
    timeoutMs: options.requestTimeoutMs ?? 30_000,
    insecure: new URL(options.apiUrl).protocol === "http:",
  });
  const pause = (seconds: number) => transport.sleep(seconds * secondMs);
  const octokit = new ResilientOctokit({
    auth: options.token,
    baseUrl: options.apiUrl,
    userAgent: "gitops-rehearsal",
    log: { debug() {}, info: log.debug, warn: log.debug, error: log.debug },
    request: { fetch: transport.fetch },
    // 429 is the throttling plugin's, which goes by what GitHub asks for.
    retry: { doNotRetry: [400, 401, 403, 404, 409, 410, 422, 429, 451], retryAfterBaseValue: secondMs },
    throttle: {
      // Its limiters are global to the process; one client is one caller.
      id: randomUUID(),
      // The handlers have waited by then: a pause of the plugin's own would outlive an abort.
      retryAfterBaseValue: 0,
      ...limitHandlers(log, options.patienceMs ?? 10 * 60_000, pause),
    },
  });
  return {
    log,
    download: transport.download,
    async ask(task, requests) {
      signal?.throwIfAborted();
      try {
        return await orAborted(requests(octokit), signal);
      } catch (error) {
        signal?.throwIfAborted();
        throw explain(error, task);
      }
    },
    pause,
  };
}

/** Waits as long as GitHub asks for, while patience lasts, and says so. */
function limitHandlers(log: Log, patienceMs: number, pause: (seconds: number) => Promise<void>) {
  let left = patienceMs;
  function handler(limit: string) {
    return async (seconds: number) => {
      if (seconds * 1_000 > left) return false;
      left -= seconds * 1_000;
      log.warn(`GitHub's ${limit} is reached: waiting ${seconds} s, as it asks.`);
      await pause(seconds);
      return true;
    };
  }
  return {
    onRateLimit: handler("rate limit"),
    onSecondaryRateLimit: handler("secondary rate limit"),
  };
}

/** The same, but for an abort, which ends the wait at once. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const settled = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { signal: settled.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    settled.abort();
  }
}

/**
 * GitHub documents `retry-after` with 403 or 429 as a secondary limit; the plugin goes by the message alone.
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
function recogniseLimits(octokit: { hook: Octokit["hook"] }): object {
  octokit.hook.error("request", (error) => {
    if (isApiError(error) && isUnnamedLimit(error)) error.message = `secondary rate limit: ${error.message}`;
    throw error;
  });
  return {};
}

function isUnnamedLimit({ status, message, response }: ApiError): boolean {
  const headers = response?.headers ?? {};
  const limited = status === 429 || (status === 403 && headers["retry-after"] !== undefined);
  return limited && headers["x-ratelimit-remaining"] !== "0" && !/secondary rate/i.test(message);
}
