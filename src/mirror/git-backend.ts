import { access } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { isolation, settingsAsEnvironment } from "../repository/git.ts";
import { InfrastructureError, messageOf } from "../runner/errors.ts";
import { startPiped } from "../runner/piped-process.ts";
import { run } from "../runner/process.ts";
import { readWants, watchForPack } from "./pkt-line.ts";

/** Answers requests of Git clients from one bare repository, through `git http-backend`. */
export interface GitBackend {
  /**
   * Answers one request, streaming both ways. Gives the objects that were asked for and completely sent.
   * `body` stands for that of a request that has been read already, unpacked. Never throws; what fails ends the
   * response.
   */
  answer(
    request: IncomingMessage,
    response: ServerResponse,
    kind: "refs" | "fetch",
    onSent: (wants: string[]) => void,
    body?: Buffer,
  ): Promise<void>;
}

const largestRequest = "100m";
const largestHead = 65_536;

/** Throws InfrastructureError where Git has no http-backend. */
export async function createGitBackend(gitDir: string): Promise<GitBackend> {
  const folder = (await run("git", ["--exec-path"])).stdout.trim();
  const program = join(folder, "git-http-backend");
  await access(program).catch((cause) => {
    throw new InfrastructureError(`Git has no http-backend: there is no ${program}`, {
      fix: "Install it; on Alpine it is in the package git-daemon.",
      cause,
    });
  });
  const settings = settingsAsEnvironment(
    [
      ["safe.directory", "*"],
      ["http.maxRequestBuffer", largestRequest],
      ["http.receivepack", "false"],
    ],
    {},
  );
  return { answer: (...args) => answer({ program, gitDir, settings }, ...args) };
}

async function answer(
  backend: { program: string; gitDir: string; settings: Record<string, string> },
  request: IncomingMessage,
  response: ServerResponse,
  kind: "refs" | "fetch",
  onSent: (wants: string[]) => void,
  body?: Buffer,
): Promise<void> {
  const child = startPiped(backend.program, [], {
    env: {
      ...isolation,
      ...backend.settings,
      GIT_PROJECT_ROOT: undefined,
      PATH_TRANSLATED: join(backend.gitDir, kind === "refs" ? "info/refs" : "git-upload-pack"),
      GIT_HTTP_EXPORT_ALL: "1",
      REQUEST_METHOD: kind === "refs" ? "GET" : "POST",
      QUERY_STRING: kind === "refs" ? "service=git-upload-pack" : "",
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      // The body is unpacked here, to be read on the way, and its length then unknown.
      CONTENT_LENGTH: undefined,
      HTTP_CONTENT_ENCODING: undefined,
      GIT_PROTOCOL: headerText(request.headers["git-protocol"]),
      REMOTE_ADDR: request.socket.remoteAddress ?? "",
      REMOTE_USER: undefined,
    },
  });
  response.once("close", () => child.kill());
  const wants = readWants();
  const pack = watchForPack();
  let unreadable: string | undefined;
  const given = feed(kind === "refs" ? undefined : (body ?? request), child.stdin, wants.push).catch(
    (error) => {
      unreadable = messageOf(error);
      child.kill();
    },
  );
  try {
    await pipeline(
      child.stdout,
      async function* (output: AsyncIterable<Buffer>) {
        yield* withHead(output, response, pack.push, () => unreadable !== undefined);
        const { exitCode, stderr } = await child.ended;
        if (!response.headersSent) {
          response.writeHead(unreadable ? 400 : 500, { "content-type": "text/plain", connection: "close" });
          yield unreadable ? `${unreadable}\n` : `git http-backend gave no answer: ${stderr.trim()}\n`;
        } else if (unreadable) {
          throw new Error(unreadable);
        } else if (exitCode === 0 && pack.seen()) {
          // Before the end of the response, so that no client can have finished without this.
          onSent(wants.wants());
        }
      },
      response,
    );
    await given;
  } catch {
    child.kill();
    response.destroy();
  }
}

/**
 * Turns the head of a CGI answer into that of the response, and gives the body. The backend states its success
 * before it reads the request: its head is not passed on until there is a body, so that failure still can be.
 */
async function* withHead(
  output: AsyncIterable<Buffer>,
  response: ServerResponse,
  onBody: (chunk: Buffer) => void,
  failed: () => boolean,
): AsyncGenerator<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  let end = -1;
  for await (const chunk of output) {
    let body = chunk;
    if (!response.headersSent) {
      head = Buffer.concat([head, chunk]);
      end = head.indexOf("\r\n\r\n");
      if (end < 0 && head.length > largestHead) throw new Error("the backend's answer has no end of head");
      if (end < 0 || end + 4 === head.length) continue;
      writeHead(response, head.subarray(0, end).toString("latin1"));
      body = head.subarray(end + 4);
    }
    onBody(body);
    yield body;
  }
  if (!response.headersSent && end >= 0 && !failed()) {
    writeHead(response, head.subarray(0, end).toString("latin1"));
  }
}

function writeHead(response: ServerResponse, head: string): void {
  let status = 200;
  const headers: string[] = [];
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":");
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    if (name.toLowerCase() === "status") status = Number.parseInt(value, 10) || 500;
    else headers.push(name, value);
  }
  response.writeHead(status, headers);
}

async function feed(
  request: IncomingMessage | Buffer | undefined,
  stdin: Writable,
  onChunk: (chunk: Buffer) => void,
): Promise<void> {
  if (!request || Buffer.isBuffer(request)) {
    if (request) onChunk(request);
    stdin.end(request);
    return;
  }
  const packed = /^(x-)?gzip$/i.test(request.headers["content-encoding"] ?? "");
  const body: Readable = packed ? request.pipe(createGunzip()) : request;
  request.once("error", (error) => body.destroy(error));
  for await (const chunk of body as AsyncIterable<Buffer>) {
    onChunk(chunk);
    if (!stdin.writable) continue;
    if (!stdin.write(chunk)) await drained(stdin);
  }
  stdin.end();
}

function drained(stdin: Writable): Promise<void> {
  return new Promise((resolve) => {
    stdin.once("drain", resolve);
    stdin.once("close", resolve);
  });
}

function headerText(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? "";
}
