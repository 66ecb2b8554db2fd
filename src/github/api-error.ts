import { InfrastructureError, messageOf, UsageError } from "../runner/errors.ts";

/** One thing that GitHub is asked for, for its errors. */
export interface Task {
  /** What GitHub is asked to do, after "to": `read pull request #12`. */
  to: string;
  /** What the token needs, as a workflow has it: `pull-requests: write`. */
  permission: string;
}

/** What Octokit throws for a request that failed; for one without an answer, the status is 500. */
export interface ApiError extends Error {
  status: number;
  response?: { headers: Record<string, string | number | undefined> } | undefined;
}

export function isApiError(error: unknown): error is ApiError {
  return error instanceof Error && "status" in error && typeof error.status === "number";
}

/** Whether this error, explained or not, is of a request that ended with one of these statuses. */
export function hasStatus(error: unknown, ...statuses: number[]): boolean {
  const cause = error instanceof Error && !isApiError(error) ? error.cause : error;
  return isApiError(cause) && statuses.includes(cause.status);
}

/** Whether it is unknown if GitHub carried out what it was asked for. */
export function isUncertain(error: unknown): boolean {
  return error instanceof InfrastructureError && isApiError(error.cause) && error.cause.status >= 500;
}

/** Turns the error of a request into one that its reader can act on; others come back as they are. */
export function explain(error: unknown, task: Task): unknown {
  if (error instanceof Error && error.name === "GraphqlResponseError") {
    return new InfrastructureError(`GitHub could not be asked to ${task.to}: ${oneLine(error)}`, {
      cause: error,
    });
  }
  if (!isApiError(error)) return error;
  const said = `${error.status} ${oneLine(error)}`;
  if (isLimit(error)) {
    return new InfrastructureError(
      `GitHub's rate limit keeps Rehearsal from asking it to ${task.to}: ${said}`,
      {
        cause: error,
        fix: `${limitEnd(error)} Run the job again then.`,
      },
    );
  }
  if (error.status >= 500) {
    const what = error.response === undefined ? oneLine(error) : said;
    return new InfrastructureError(`GitHub could not be asked to ${task.to}: ${what}`, {
      cause: error,
      fix: "Run the job again; https://www.githubstatus.com tells of outages.",
    });
  }
  const fix = remedy(error, task);
  if (fix === undefined) return error;
  return new UsageError(`GitHub refused to ${task.to}: ${said}`, { cause: error, fix });
}

function remedy(error: ApiError, { permission }: Task): string | undefined {
  const grant = `give the job \`permissions: { ${permission} }\``;
  if (error.status === 401) return `The token is wrong or has expired: pass \${{ github.token }}.`;
  if (error.status === 403 && /\blocked\b/i.test(error.message)) return "Unlock the conversation.";
  if (error.status === 403) {
    return `Please ${grant}; a run for a fork's pull request cannot write at all and is reported by a workflow_run.`;
  }
  if (error.status === 404) return `Either it is gone, or the token may not see it: then ${grant}.`;
  if (error.status === 410) return "It was there, and is gone or switched off in the repository's settings.";
  return undefined;
}

function isLimit(error: ApiError): boolean {
  if (error.status === 429) return true;
  const headers = error.response?.headers ?? {};
  return (
    error.status === 403 &&
    (/\brate limit\b/i.test(error.message) || headers["x-ratelimit-remaining"] === "0")
  );
}

function limitEnd(error: ApiError): string {
  const headers = error.response?.headers ?? {};
  if (headers["retry-after"] !== undefined) return `It asks for a pause of ${headers["retry-after"]} s.`;
  const reset = Number(headers["x-ratelimit-reset"]);
  if (!Number.isSafeInteger(reset) || reset <= 0) return "It does not say for how long.";
  return `It ends at ${new Date(reset * 1_000).toISOString()}.`;
}

function oneLine(error: Error): string {
  return messageOf(error).replace(/\s+/g, " ").trim().slice(0, 500);
}
