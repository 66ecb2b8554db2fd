import { authorize, identify } from "./access.ts";
import { type Answer, type Call, Refusal } from "./call.ts";
import type { DescribedRequest, Description } from "./description.ts";
import { handlers } from "./handlers.ts";
import { beyondSchema } from "./limits.ts";
import type { State, TokenState } from "./state.ts";

/** A request as it came in. */
export interface Received {
  method: string;
  /** Below the API's root. */
  path: string;
  /** The root that it was sent to. */
  apiUrl: string;
  url: URL;
  query: Record<string, string>;
  headers: Record<string, string | string[]>;
  /** Its body. */
  text: string;
}

export interface Setting {
  state: State;
  description: Description;
  blobUrl(artifact: number): string;
}

interface Answered {
  answer: Answer;
  login: string | undefined;
  violations: string[];
}

/** Checks a request, carries it out unless `checkOnly`, and checks the answer. */
export function answerRequest(setting: Setting, received: Received, checkOnly: boolean): Answered {
  const violations: string[] = [];
  let token: TokenState | undefined;
  try {
    token = identify(setting.state, String(received.headers.authorization ?? ""));
    const answer =
      received.path === "/graphql"
        ? answerGraphQL(received, token, violations)
        : answerRest(setting, received, token, checkOnly, violations);
    return { answer, login: token.login, violations };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { answer: error.answer, login: token?.login, violations };
  }
}

function answerRest(
  setting: Setting,
  received: Received,
  token: TokenState,
  checkOnly: boolean,
  violations: string[],
): Answer {
  const { description } = setting;
  const request = describe(received, violations);
  const operation = description.operationOf(request);
  if (operation?.operationId === undefined) {
    violations.push("the double does not know this operation");
    return invalid(violations);
  }
  violations.push(...description.requestProblems(request, operation), ...beyondSchema(request));
  if (violations.length > 0) return invalid(violations);
  if (checkOnly) return { status: 500 };

  const params = paramsOf(operation.path, received.path);
  const { state } = setting;
  if (params.owner !== undefined && !isOwn(state, params)) throw new Refusal(404, "Not Found");
  const { query, apiUrl, url } = received;
  const body = (request.body ?? {}) as Record<string, unknown>;
  const call: Call = { ...setting, token, params, query, body, apiUrl, url };
  const answer = answerOf(call, operation.operationId);
  const described = answer.status in (operation.responses ?? {}) || answer.status >= 400;
  if (!described) violations.push(`the description has no answer ${answer.status}`);
  // Of a 204, the library wants to be told the absence of a body.
  const problems = description.responseProblems(answer.status, answer.body ?? null, operation);
  violations.push(...problems.map((problem) => `our answer ${answer.status}: ${problem}`));
  return violations.length > 0 ? invalid(violations) : answer;
}

function answerOf(call: Call, operation: string): Answer {
  try {
    authorize(call.token, operation);
    const handler = handlers[operation];
    if (handler === undefined) throw new Error(`no handler for ${operation}`);
    return handler(call);
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

/** The one query that Rehearsal makes; GraphQL is no part of the description. */
function answerGraphQL({ method, text }: Received, token: TokenState, violations: string[]): Answer {
  const query = method === "POST" ? String(JSON.parse(text).query) : "";
  if (/^query \{ viewer \{ login \} \}$/.test(query)) {
    return { status: 200, body: { data: { viewer: { login: token.login } } } };
  }
  violations.push(`the double does not know this query: ${query}`);
  return invalid(violations);
}

function describe({ method, path, headers, query, text }: Received, violations: string[]): DescribedRequest {
  let body: unknown;
  try {
    body = text === "" ? undefined : JSON.parse(text);
  } catch {
    violations.push("the body is no JSON");
  }
  return { method, path, headers, query: { ...query }, body };
}

/** Decoded, as one of them is a branch. */
function paramsOf(template: string, path: string): Record<string, string> {
  const values = path.split("/");
  return Object.fromEntries(
    template.split("/").flatMap((part, index) => {
      const name = /^\{(.+)\}$/.exec(part)?.[1];
      return name === undefined ? [] : [[name, decodeURIComponent(values[index] ?? "")]];
    }),
  );
}

function isOwn({ owner, name }: State, params: Record<string, string>): boolean {
  return params.owner === owner && params.repo === name;
}

function invalid(violations: string[]): Answer {
  return { status: 500, body: { message: `Invalid: ${violations.join("; ")}` } };
}
