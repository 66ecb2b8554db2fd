import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Document, OpenAPIBackend, type Operation, type Options } from "openapi-backend";
import { tighten } from "./limits.ts";

/** GitHub's own description of its API, cut down to the operations that Rehearsal uses. */
export interface Description {
  /** Undefined where no operation of ours has this method and path. */
  operationOf(request: DescribedRequest): Operation | undefined;
  /** What is wrong with a request; empty where nothing is. */
  requestProblems(request: DescribedRequest, operation: Operation): string[];
  responseProblems(status: number, body: unknown, operation: Operation): string[];
  /** A copy of an example of the description, which has every field that GitHub sends. */
  example(name: string): Record<string, unknown>;
}

export interface DescribedRequest {
  method: string;
  /** Below the root of the API, as sent: still percent-encoded. */
  path: string;
  headers: Record<string, string | string[]>;
  query: Record<string, string | string[]>;
  /** Parsed JSON. */
  body: unknown;
}

const used: Record<string, readonly string[]> = {
  "/repos/{owner}/{repo}/pulls": ["get"],
  "/repos/{owner}/{repo}/pulls/{pull_number}": ["get"],
  "/repos/{owner}/{repo}/git/ref/{ref}": ["get"],
  "/repos/{owner}/{repo}/issues/{issue_number}/comments": ["get", "post"],
  "/repos/{owner}/{repo}/issues/comments/{comment_id}": ["get", "patch", "delete"],
  "/repos/{owner}/{repo}/check-runs": ["post"],
  "/repos/{owner}/{repo}/check-runs/{check_run_id}": ["get", "patch"],
  "/repos/{owner}/{repo}/commits/{ref}/check-runs": ["get"],
  "/repos/{owner}/{repo}/actions/runs/{run_id}": ["get"],
  "/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts": ["get"],
  "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}": ["get"],
};

/** The pieces of the description that are walked here. */
interface Source {
  openapi: string;
  info: unknown;
  paths: Record<string, Record<string, unknown>>;
  components: Record<string, Record<string, unknown>>;
}

let loaded: Promise<Description> | undefined;

/** Reads the description, once a process. */
export function loadDescription(): Promise<Description> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Description> {
  const file = createRequire(import.meta.url).resolve("@octokit/openapi/generated/api.github.com.json");
  const source: Source = JSON.parse(readFileSync(file, "utf8"));
  const definition = tighten(subset(source)) as Document;
  const backend = new OpenAPIBackend({
    definition,
    customizeAjv: addFormats,
    ajvOpts: { allErrors: true },
    quick: true,
  });
  await backend.init();
  const { router, validator } = backend;
  return {
    operationOf: (request) => router.matchOperation(request),
    requestProblems: (request, operation) =>
      said(validator.validateRequest({ ...request, body: request.body }, operation).errors),
    responseProblems: (status, body, operation) =>
      said(validator.validateResponse(body, operation, status).errors),
    example(name) {
      const example = source.components.examples?.[name] as { value: Record<string, unknown> } | undefined;
      if (example === undefined) throw new Error(`the description has no example ${name}`);
      return structuredClone(example.value);
    },
  };
}

/** The used operations with the components that they refer to, directly or not. */
function subset(source: Source): Source {
  const paths: Source["paths"] = {};
  for (const [path, methods] of Object.entries(used)) {
    const all = source.paths[path];
    if (all === undefined) throw new Error(`the description has no ${path}`);
    paths[path] = Object.fromEntries(methods.map((method) => [method, withoutExamples(all[method])]));
  }
  const components: Source["components"] = {};
  const queue: unknown[] = [paths];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const [, kind, name] of JSON.stringify(next).matchAll(/"#\/components\/([\w-]+)\/([\w.-]+)"/g)) {
      if (kind === undefined || name === undefined || components[kind]?.[name] !== undefined) continue;
      const component = withoutExamples(source.components[kind]?.[name]);
      components[kind] = { ...components[kind], [name]: component };
      queue.push(component);
    }
  }
  return { openapi: source.openapi, info: source.info, paths, components };
}

/** Examples refer to much that is not needed, and are no part of a schema. */
function withoutExamples(part: unknown): unknown {
  return JSON.parse(JSON.stringify(part, (key, value) => (key === "examples" ? undefined : value)));
}

/** Formats that the description uses; those that are not known here are not checked. */
const addFormats: NonNullable<Options["customizeAjv"]> = (ajv) => {
  ajv.addFormat(
    "date-time",
    (text: string) => /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)),
  );
  ajv.addFormat("uri", (text: string) => URL.canParse(text));
  for (const name of ["email", "timestamp", "uri-template", "repo.nwo", "iso-8601", "date"])
    ajv.addFormat(name, true);
  return ajv;
};

interface Problem {
  instancePath: string;
  message?: string | undefined;
  params?: unknown;
}

function said(errors: readonly Problem[] | null | undefined): string[] {
  return (errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath || "/"} ${message} ${JSON.stringify(params)}`,
  );
}
