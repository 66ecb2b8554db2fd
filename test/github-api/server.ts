import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answerRequest, type Received, type Setting } from "./answer.ts";
import { loadDescription } from "./description.ts";
import { type Failure, FailureScript, type GivenFailure } from "./failures.ts";
import { zipOf } from "./handlers.ts";
import { createState, type GivenState, type State } from "./state.ts";

/** One request, as it came and went. */
export interface RequestRecord {
  method: string;
  /** Below the root of the API, as sent; `/graphql`; `/blob/…` of the storage. */
  path: string;
  query: Record<string, string>;
  /** Parsed JSON. */
  body: unknown;
  /** 0 where there was no answer. */
  status: number;
  /** Whose token it came with. */
  login: string | undefined;
  /** What was wrong with it, or with our answer. */
  violations: string[];
}

export interface GitHubApi extends AsyncDisposable {
  /** Of the server: `GITHUB_SERVER_URL`. */
  url: string;
  /** `GITHUB_API_URL` as of github.com, and as of an Enterprise Server. */
  apiUrl: string;
  enterpriseApiUrl: string;
  state: State;
  /** Oldest first. */
  requests: RequestRecord[];
  /** All there were, and forgets them. Those that are left make the disposal throw. */
  takeViolations(): string[];
  /** Lets the next requests that match `METHOD /path` fail, one after another. */
  fail(request: RegExp, responses: readonly GivenFailure[]): void;
  /** Changes the state once, just before the next such request is answered. */
  before(request: RegExp, change: (state: State) => void): void;
}

export interface GitHubApiOptions {
  port?: number;
  onRequest?: (record: RequestRecord) => void;
}

/**
 * A double of GitHub's API on 127.0.0.1, over HTTP: requests and answers are held to GitHub's own description
 * and to the limits that it lacks. An invalid request gets a 500, and makes the disposal of the double throw.
 */
export async function startGitHubApi(given: GivenState, options: GitHubApiOptions = {}): Promise<GitHubApi> {
  const description = await loadDescription();
  const { failures, ...state } = createState(given);
  const script = new FailureScript();
  for (const { request, responses } of failures) script.add(new RegExp(request), responses);
  const changes: { request: RegExp; change: (state: State) => void }[] = [];
  const requests: RequestRecord[] = [];
  const secret = randomUUID();

  async function serve(request: IncomingMessage, response: ServerResponse, storage: boolean): Promise<void> {
    const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
    const received = await receive(request, url, storage);
    if (received.path === "/_state") return void response.end(JSON.stringify(shown(state)));
    const record = recordOf(received);
    requests.push(record);
    const label = `${record.method} ${record.path}`;
    const due = changes.findIndex((one) => one.request.test(label));
    for (const { change } of due === -1 ? [] : changes.splice(due, 1)) change(state);
    const failure = script.next(label);
    const answer = storage ? answerBlob(received) : carryOut(received, record, failure);
    if (failure !== undefined && !("status" in failure)) return lose(request, failure, record);
    const { status, headers = {}, body } = failure ?? answer;
    record.status = status;
    options.onRequest?.(record);
    const bytes = body instanceof Uint8Array || typeof body === "string" || body === undefined;
    response.writeHead(status, { ...(bytes ? {} : { "content-type": jsonType }), ...headers });
    response.end(bytes ? body : JSON.stringify(body));
  }

  function carryOut(received: Received, record: RequestRecord, failure: Failure | undefined) {
    const { answer, login, violations } = answerRequest(setting, received, isBefore(failure));
    record.login = login;
    record.violations.push(...violations);
    return answer;
  }

  /** As the storage of artifacts: the address is the credential, another one is refused. */
  function answerBlob({ path, query, headers }: Received) {
    const record = requests.at(-1);
    if (headers.authorization !== undefined) {
      record?.violations.push("GitHub's token was sent to the storage of artifacts");
      return { status: 400, body: "InvalidAuthenticationInfo" };
    }
    const found = state.artifacts.find(({ id }) => path === `/blob/${id}.zip`);
    if (found === undefined || query.sig !== secret) return { status: 403, body: "AuthenticationFailed" };
    return { status: 200, headers: { "content-type": "application/zip" }, body: zipOf(found) };
  }

  function lose(request: IncomingMessage, failure: Failure, record: RequestRecord): void {
    options.onRequest?.(record);
    if ("reset" in failure) request.socket.destroy();
  }

  const api = await listen((request, response) => serve(request, response, false), options.port ?? 0);
  const blobs = await listen((request, response) => serve(request, response, true), 0);
  const setting: Setting = {
    state,
    description,
    blobUrl: (id) => `${blobs.url}/blob/${id}.zip?sig=${secret}`,
  };
  const takeViolations = () =>
    requests.flatMap(({ method, path, violations }) =>
      violations.splice(0).map((violation) => `${method} ${path}: ${violation}`),
    );
  return {
    url: api.url,
    apiUrl: api.url,
    enterpriseApiUrl: `${api.url}/api/v3`,
    state,
    requests,
    takeViolations,
    fail: (request, responses) => script.add(request, responses),
    before: (request, change) => void changes.push({ request, change }),
    async [Symbol.asyncDispose]() {
      await Promise.all([api.close(), blobs.close()]);
      const left = takeViolations();
      if (left.length > 0) throw new Error(`Invalid requests or answers:\n${left.join("\n")}`);
    },
  };
}

const jsonType = "application/json; charset=utf-8";

function isBefore(failure: Failure | undefined): boolean {
  if (failure === undefined) return false;
  if ("status" in failure) return true;
  return ("hang" in failure ? failure.hang : failure.reset) === "before";
}

async function receive(request: IncomingMessage, url: URL, storage: boolean): Promise<Received> {
  const [, enterprise, path = "/"] = /^(\/api\/v3(?=\/)|\/api(?=\/graphql$))?(.*)$/.exec(url.pathname) ?? [];
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return {
    method: request.method ?? "GET",
    path: storage ? url.pathname : path,
    apiUrl: `${url.origin}${enterprise ?? ""}`,
    url,
    query: Object.fromEntries(url.searchParams),
    headers: Object.fromEntries(
      Object.entries(request.headers).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value]],
      ),
    ),
    text,
  };
}

function recordOf({ method, path, query, text }: Received): RequestRecord {
  return { method, path, query, body: parsed(text), status: 0, login: undefined, violations: [] };
}

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

function shown({ comments, checkRuns, pullRequests, branches }: State) {
  return { comments, checkRuns, pullRequests, branches: Object.fromEntries(branches) };
}

async function listen(
  serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  port: number,
): Promise<{ url: string; close(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
