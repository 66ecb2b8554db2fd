import { writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { paletteFor } from "../report/palette.ts";
import { plainConsole } from "../report/plain-console.ts";
import { formatDuration } from "../runner/duration.ts";
import { InfrastructureError, messageOf } from "../runner/errors.ts";
import { identityOf, isRunning, type ProcessIdentity } from "../runner/process-identity.ts";
import { readLine } from "./lines.ts";
import { type Command, formatMessage, type Message, parseCommand, toWire } from "./protocol.ts";
import { relayLog } from "./relay.ts";
import { openSession, type Session } from "./session.ts";
import { readOrder, removeState, type StateFolder } from "./state-folder.ts";

/** setup-cluster sends the first command at once. */
const firstCommandMs = 60_000;
const watchMs = 2_000;
const lastAnswerMs = 5_000;

/**
 * Hosts the session of that folder until it is stopped, cancelled, told to end by SIGTERM, stands unused for
 * too long, or the job's runner is gone. Everything is released then. Throws where that fails.
 */
export async function serveSession(state: StateFolder): Promise<void> {
  const { request, runner, idleMs } = await readOrder(state);
  await writeFile(state.host, JSON.stringify(await identityOf(process.pid)), { mode: 0o600 });
  let client: Socket | undefined;
  const own = plainConsole({ stream: process.stdout, palette: paletteFor(false), verbose: true });
  own.info("the session begins");
  const log = relayLog(own, (message) => client && send(client, message));
  const session = openSession({ request, verdictFile: state.verdict, log });

  const over = Promise.withResolvers<void>();
  const end = (why: string): Promise<void> => {
    own.info(`the session ends: ${why}`);
    const released = session.end(new InfrastructureError(why));
    released.then(over.resolve, over.reject);
    return released;
  };

  const idle = timer(() => void end(`nothing was asked of it for ${formatDuration(idleMs)}`).catch(ignored));
  idle.start(firstCommandMs);
  const handle = async (socket: Socket): Promise<void> => {
    socket.on("error", ignored); // `close` follows
    const line = await readLine(socket);
    if (line === undefined) return; // somebody looked whether we listen
    idle.stop();
    try {
      const command = parseCommand(line);
      client = socket;
      own.info(command.command);
      const result = await carryOut(command, session, end, socket);
      await finish(socket, { type: "result", result });
    } catch (error) {
      own.warn(messageOf(error));
      await finish(socket, { type: "error", error: toWire(error) });
    } finally {
      if (client === socket) client = undefined;
      idle.start(idleMs);
    }
  };
  const server = createServer((socket) => void handle(socket));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    const usual = process.umask(0o177); // nobody else may connect, from its first moment on
    server.listen(state.socket, resolve); // bound before it returns
    process.umask(usual);
  });

  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(name, () => void end(`its host got ${name}`).catch(ignored));
  }
  const watching = new AbortController();
  const gone = watch(runner, watching.signal).then(async (isGone) => {
    if (!isGone) return;
    await end("the job's runner is gone").catch(ignored);
    await removeState(state); // nobody else will
  });
  try {
    await over.promise;
  } finally {
    idle.stop();
    watching.abort();
    await gone;
    const closed = new Promise((resolve) => server.close(resolve)); // which lets the last answer out
    await Promise.race([closed, sleep(lastAnswerMs)]);
    own.close();
  }
}

async function carryOut(
  command: Command,
  session: Session,
  end: (why: string) => Promise<void>,
  socket: Socket,
) {
  if (command.command === "stop") {
    await end("it was stopped");
    return { kind: "stopped" as const };
  }
  const cancel = () => void end(`the run was cancelled during ${command.command}`).catch(ignored);
  socket.once("close", cancel);
  try {
    if (socket.destroyed) cancel();
    return await session.run(command);
  } finally {
    socket.off("close", cancel);
  }
}

function send(socket: Socket, message: Message): void {
  if (!socket.destroyed) socket.write(formatMessage(message));
}

function finish(socket: Socket, message: Message): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    socket.once("close", () => resolve());
    socket.end(formatMessage(message), () => resolve());
  });
}

/** Gives true once that process has ended, and false when told to stop looking. */
async function watch(runner: ProcessIdentity | undefined, stop: AbortSignal): Promise<boolean> {
  while (!stop.aborted) {
    if (runner && !(await isRunning(runner))) return true;
    await sleep(watchMs, undefined, { signal: stop }).catch(ignored);
  }
  return false;
}

function timer(action: () => void): { start(ms: number): void; stop(): void } {
  let timeout: NodeJS.Timeout | undefined;
  const stop = () => clearTimeout(timeout);
  return {
    stop,
    start(ms) {
      stop();
      timeout = setTimeout(action, ms);
    },
  };
}

/** It is told elsewhere. */
function ignored(): void {}
