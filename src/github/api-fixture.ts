import { type GitHubApi, startGitHubApi } from "../../test/github-api/server.ts";
import type { GivenState } from "../../test/github-api/state.ts";
import type { Log } from "../runner/log.ts";
import { silentLog } from "../runner/log.ts";
import { connectGitHub, type GitHubClient, type GitHubOptions } from "./client.ts";

export const repository = { owner: "acme", name: "homelab" };
export const head = "a".repeat(40);
export const newHead = "b".repeat(40);
export const base = "c".repeat(40);
export const bot = "github-actions[bot]";

/** Pull request #7 of the repository itself, a token that may write, and one that may only read. */
export function given(more: Partial<GivenState> = {}): GivenState {
  return {
    repository: "acme/homelab",
    branches: { main: base, "feature/x": head },
    pullRequests: [
      {
        number: 7,
        head: { owner: "acme", branch: "feature/x", sha: head },
        base: { branch: "main", sha: base },
      },
    ],
    tokens: {
      writer: {
        login: bot,
        permissions: { "pull-requests": "write", checks: "write", actions: "read", contents: "read" },
      },
      reader: {
        login: bot,
        permissions: { "pull-requests": "read", checks: "read", contents: "read" },
      },
      person: { login: "octo", kind: "user", permissions: { "pull-requests": "write", checks: "write" } },
    },
    ...more,
  };
}

export interface Stage extends AsyncDisposable {
  api: GitHubApi;
  client: GitHubClient;
  /** What the client said, but for `debug`. */
  said: string[];
  connect(options?: Partial<GitHubOptions>): GitHubClient;
  /** `METHOD /path` of each request, without the repository. */
  asked(): string[];
}

/** A double of GitHub and a client whose seconds are short. Disposing of it throws where a request was invalid. */
export async function stage(state: GivenState = given()): Promise<Stage> {
  const api = await startGitHubApi(state);
  const said: string[] = [];
  const note = (line: string) => void said.push(line);
  const log: Log = { ...silentLog, info: note, warn: note };
  const connect = (options: Partial<GitHubOptions> = {}) =>
    connectGitHub({ apiUrl: api.apiUrl, token: "writer", log, secondMs: 5, ...options });
  return {
    api,
    said,
    connect,
    client: connect(),
    asked: () =>
      api.requests.map(({ method, path }) => `${method} ${path.replace("/repos/acme/homelab", "")}`),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
