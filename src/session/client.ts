import { connect, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Console } from "../report/plain-console.ts";
import { startDetached } from "../runner/detached-process.ts";
import { InfrastructureError } from "../runner/errors.ts";
import { asStep } from "../runner/log.ts";
import { packageRoot } from "../runner/package-root.ts";
import { mergeEnvironment } from "../runner/process.ts";
import { isRunning, type ProcessIdentity } from "../runner/process-identity.ts";
import { readLines } from "./lines.ts";
import {
  type Command,
  formatCommand,
  fromWire,
  parseMessage,
  parseResult,
  type ResultOf,
} from "./protocol.ts";
import { replay } from "./relay.ts";
import { endOfLog, readHost, removeState, type StateFolder } from "./state-folder.ts";

export interface ClientOptions {
  /** Shows what the host tells. */
  log: Console;
  /** Ends the command, and the session with it. */
  signal: AbortSignal;
}

const hostStartMs = 30_000;
const pollMs = 50;
/** Releasing a cluster that is not ours alone takes half a minute. */
const stopMs = 150_000;
const terminateMs = 60_000;

/** Starts the host of a new session, and gives back when it listens. Throws InfrastructureError where it cannot. */
export async function startHost(state: StateFolder, signal: AbortSignal): Promise<void> {
  const host = startDetached(process.execPath, [hostEntry(), state.path], {
    output: state.log,
    cwd: state.path,
    env: hostEnvironment(),
  });
  let ended: string | undefined;
  void host.ended.then((how) => {
    ended = how;
  });
  const deadline = Date.now() + hostStartMs;
  try {
    for (;;) {
      signal.throwIfAborted();
      if (await isListening(state)) return;
      const problem = ended ?? (Date.now() > deadline ? "does not answer" : undefined);
      if (problem) {
        throw new InfrastructureError(
          `the host of the session ${problem}; the end of its log: ${await endOfLog(state)}`,
        );
      }
      await sleep(pollMs);
    }
  } finally {
    host.release();
  }
}

/** The source runs from source, and the bundle from its bundle. */
function hostEntry(): string {
  return import.meta.filename.endsWith(".ts")
    ? join(dirname(import.meta.filename), "host.ts")
    : join(packageRoot(), "dist/session-host.js");
}

/** Without what the runner handed to this one step. */
function hostEnvironment(): Record<string, string> {
  const own = Object.keys(process.env).filter((name) => /^(INPUT|STATE|GITHUB|ACTIONS)_/.test(name));
  return mergeEnvironment(Object.fromEntries(own.map((name) => [name, undefined])));
}

/**
 * Has the host carry out a command. Throws what it threw there, the signal's reason where that aborts, and
 * InfrastructureError where the host is gone.
 */
export async function sendCommand<const C extends Command>(
  state: StateFolder,
  command: C,
  { log, signal }: ClientOptions,
): Promise<ResultOf<C["command"]>> {
  const name: C["command"] = command.command;
  signal.throwIfAborted();
  const socket = await open(state);
  if (!socket) throw await hostGone(state, `before ${name}`);
  const hangUp = () => void socket.destroy();
  signal.addEventListener("abort", hangUp);
  try {
    socket.write(formatCommand(command));
    const show = replay(log);
    for await (const line of readLines(socket)) {
      const message = parseMessage(line);
      if (message.type === "error") throw fromWire(message.error);
      if (message.type === "result") return parseResult(name, message.result);
      show(message);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!isBroken(error)) throw error;
  } finally {
    signal.removeEventListener("abort", hangUp);
    socket.destroy();
  }
  signal.throwIfAborted();
  throw await hostGone(state, `in the middle of ${name}`);
}

/**
 * Ends a session, however far it got, and removes its folder. Throws InfrastructureError where something of it
 * could not be released.
 */
export async function stopSession(state: StateFolder, { log, signal }: ClientOptions): Promise<void> {
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(stopMs)]);
  const host = await readHost(state);
  try {
    if (await isListening(state)) {
      await asStep(log, "Ending the session", () =>
        sendCommand(state, { command: "stop" }, { log, signal: inTime }),
      );
    }
  } finally {
    if (host) await untilGone(host);
    await removeState(state);
  }
}

/** What does not end when it is told to is killed: its warden then releases what it held. */
async function untilGone(host: ProcessIdentity): Promise<void> {
  if (await endsWithin(host, 2_000)) return;
  tryKill(host, "SIGTERM");
  if (await endsWithin(host, terminateMs)) return;
  tryKill(host, "SIGKILL");
  await endsWithin(host, 2_000);
  throw new InfrastructureError("the host of the session did not end, and was killed");
}

async function endsWithin(host: ProcessIdentity, ms: number): Promise<boolean> {
  for (const deadline = Date.now() + ms; Date.now() < deadline; await sleep(pollMs)) {
    if (!(await isRunning(host))) return true;
  }
  return false;
}

function tryKill({ pid }: ProcessIdentity, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}

async function hostGone(state: StateFolder, when: string): Promise<InfrastructureError> {
  return new InfrastructureError(`the session ended ${when}; the end of its log: ${await endOfLog(state)}`, {
    fix: "Begin another one with setup-cluster.",
  });
}

async function isListening(state: StateFolder): Promise<boolean> {
  const socket = await open(state);
  socket?.destroy();
  return socket !== undefined;
}

/** Undefined where nobody listens. */
function open(state: StateFolder): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(state.socket);
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(undefined));
    socket.on("error", () => undefined);
  });
}

function isBroken(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}
