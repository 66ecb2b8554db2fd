import { z } from "zod";

const sha = z.string().regex(/^[0-9a-f]{40}$/);
const level = z.enum(["read", "write"]);

/**
 * What the double knows, as a test or a JSON file gives it. One repository; what is left out is empty.
 *
 * - `repository`: `owner/name`.
 * - `branches`: name → SHA.
 * - `pullRequests`: `head.owner` is whose repository the head is in: a fork's where it is not the repository's
 *   own; `null` for a fork that is gone.
 * - `comments`: `author` is a login; ids are given out in order where there are none.
 * - `artifacts`: `files` are zipped; `zip` (base64) is taken as it is; `declaredSize` may differ from the truth.
 * - `tokens`: what each token is. `app` is an installation's, as GITHUB_TOKEN: `GET /user` is refused, and only
 *   such a token may write checks. A token that is not listed is answered 401.
 *   Permissions as in a workflow: `pull-requests`, `issues`, `checks`, `actions`, `contents`.
 * - `failures`: see failures.ts. `request` is a regular expression for `METHOD /path` below the API's root.
 */
export const stateSchema = z.strictObject({
  repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
  branches: z.record(z.string(), sha).default({}),
  pullRequests: z
    .array(
      z.strictObject({
        number: z.int().positive(),
        title: z.string().default("A change"),
        state: z.enum(["open", "closed"]).default("open"),
        draft: z.boolean().default(false),
        head: z.strictObject({ owner: z.string().nullable(), branch: z.string(), sha }),
        base: z.strictObject({ branch: z.string(), sha }),
      }),
    )
    .default([]),
  comments: z
    .array(
      z.strictObject({
        id: z.int().positive().optional(),
        pullRequest: z.int().positive(),
        author: z.string(),
        body: z.string(),
      }),
    )
    .default([]),
  runs: z
    .array(
      z.strictObject({
        id: z.int().positive(),
        attempt: z.int().positive().default(1),
        event: z.string().default("pull_request"),
        conclusion: z.string().nullable().default("success"),
        headBranch: z.string(),
        headSha: sha,
      }),
    )
    .default([]),
  artifacts: z
    .array(
      z.strictObject({
        run: z.int().positive(),
        name: z.string(),
        files: z.record(z.string(), z.string()).default({}),
        zip: z.string().optional(),
        declaredSize: z.int().optional(),
        expired: z.boolean().default(false),
        createdAt: z.iso.datetime().default("2026-01-01T00:00:00Z"),
      }),
    )
    .default([]),
  tokens: z
    .record(
      z.string(),
      z.strictObject({
        login: z.string(),
        kind: z.enum(["app", "user"]).default("app"),
        permissions: z.partialRecord(
          z.enum(["pull-requests", "issues", "checks", "actions", "contents"]),
          level,
        ),
      }),
    )
    .default({}),
  failures: z.array(z.strictObject({ request: z.string(), responses: z.array(z.unknown()) })).default([]),
});

/** As given. */
export type GivenState = z.input<typeof stateSchema>;
type Parsed = z.output<typeof stateSchema>;
export type PullRequestState = Parsed["pullRequests"][number];
export type ArtifactState = Parsed["artifacts"][number] & { id: number };
export type RunState = Parsed["runs"][number];
export type TokenState = Parsed["tokens"][string];
export type Permission = keyof TokenState["permissions"];

export interface CommentState {
  id: number;
  pullRequest: number;
  author: string;
  body: string;
}

export interface CheckRunState {
  id: number;
  name: string;
  headSha: string;
  status: string;
  conclusion: string | null;
  externalId: string;
  detailsUrl: string;
  output: { title: string | null; summary: string | null; text: string | null };
  annotations: Record<string, unknown>[];
}

/** As it is now: tests read it, and change it under the feet of what they test. */
export interface State {
  owner: string;
  name: string;
  branches: Map<string, string>;
  pullRequests: PullRequestState[];
  comments: CommentState[];
  checkRuns: CheckRunState[];
  runs: RunState[];
  artifacts: ArtifactState[];
  tokens: Map<string, TokenState>;
  nextId: number;
}

/** Throws where what was given is malformed. */
export function createState(given: GivenState): State & Pick<Parsed, "failures"> {
  const parsed = stateSchema.parse(given);
  const [owner = "", name = ""] = parsed.repository.split("/");
  const { pullRequests, runs, failures } = parsed;
  let nextId = 1_000;
  return {
    owner,
    name,
    branches: new Map(Object.entries(parsed.branches)),
    pullRequests,
    comments: parsed.comments.map((comment) => ({ ...comment, id: comment.id ?? nextId++ })),
    checkRuns: [],
    runs,
    artifacts: parsed.artifacts.map((artifact) => ({ ...artifact, id: nextId++ })),
    tokens: new Map(Object.entries(parsed.tokens)),
    nextId: Math.max(nextId, ...parsed.comments.map(({ id = 0 }) => id + 1)),
    failures,
  };
}
