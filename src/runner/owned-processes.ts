import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InfrastructureError, messageOf } from "./errors.ts";
import { lastLines } from "./process.ts";
import { signalGroup } from "./signal-group.ts";
import { peakMeter, type Usage } from "./usage.ts";

export interface ProcessSpec {
  /** Unique among the owner's processes; names the log file. */
  name: string;
  command: string;
  args: readonly string[];
  /** The whole environment; nothing is inherited. */
  env: Record<string, string>;
}

/**
 * A folder and the long-running processes that live in it. Disposing kills each with all of its
 * descendants and removes the folder. Should this process die without that, even by SIGKILL, a small
 * warden does it instead.
 */
export interface OwnedProcesses extends AsyncDisposable {
  readonly folder: string;
  /** Aborts with an InfrastructureError that names the process, once one ends without being told to. */
  readonly lost: AbortSignal;
  start(spec: ProcessSpec): void;
  /** All that a process has put out so far. */
  output(name: string): string;
  /** The last lines of that, joined and cut for a message. */
  logTail(name: string, lines?: number): string;
  /** Undefined where the system does not tell. */
  usage(): Usage | undefined;
}

/** A socket's path has at most 108 bytes on Linux and 104 on macOS; this many are left for its name. */
const longestFolder = 75;
/** What a message shows of a log. */
const shownTail = 600;
/** A process that a dead disk holds does not even end by SIGKILL. */
const killTimeoutMs = 5_000;

/** Makes a private folder, and owns it. Throws InfrastructureError where it cannot. */
export function ownProcesses(): OwnedProcesses {
  const folder = makeFolder();
  const logs = join(folder, "logs");
  mkdirSync(logs, { mode: 0o700 });
  const pidFile = join(folder, "pids");
  const running = new Map<string, ChildProcess>();
  const lost = new AbortController();
  let disposing = false;
  const pids = () => [...running.values()].flatMap((child) => child.pid ?? []);
  const record = () =>
    writeFileSync(
      pidFile,
      pids()
        .map((pid) => `${pid}\n`)
        .join(""),
    );
  record();
  const warden = startWarden(folder, pidFile);
  const meter = peakMeter(pids);

  function ended(name: string, how: string): void {
    signalGroup(running.get(name)?.pid, "SIGKILL"); // which outlives its leader
    running.delete(name);
    if (disposing) return;
    record();
    const lines = logTail(name, 3);
    // Whoever redacts it has to see that it was cut.
    const tail = lines.length > shownTail ? `…${lines.slice(-shownTail)}` : lines;
    lost.abort(
      new InfrastructureError(
        `${name} ${how} in the middle of the rehearsal; the end of its log: ${tail || "(empty)"}`,
      ),
    );
  }

  function output(name: string): string {
    try {
      return readFileSync(join(logs, `${name}.log`), "utf8");
    } catch {
      return "";
    }
  }

  function logTail(name: string, lines = 20): string {
    return lastLines(output(name), lines);
  }

  return {
    folder,
    lost: lost.signal,
    output,
    logTail,
    usage: () => meter.read(),
    start({ name, command, args, env }) {
      if (disposing)
        throw new InfrastructureError(`${name} was to be started after the end of the rehearsal`);
      if (running.has(name)) throw new Error(`${name} runs already`);
      const output = openSync(join(logs, `${name}.log`), "a", 0o600);
      // A group of its own: Ctrl-C in a terminal must reach us alone, and killing must reach grandchildren.
      const child = spawn(command, args, {
        env,
        cwd: folder,
        detached: true,
        stdio: ["ignore", output, output],
      });
      closeSync(output);
      running.set(name, child);
      child.once("error", (error) => ended(name, `could not be started (${error.message})`));
      child.once("exit", (code, signal) =>
        ended(name, signal ? `was killed by ${signal}` : `exited with code ${code}`),
      );
      record();
    },
    async [Symbol.asyncDispose]() {
      if (disposing) return;
      disposing = true;
      meter.stop();
      // Nothing here outlives the rehearsal, so nothing is worth an orderly shutdown: kube-apiserver's takes a minute.
      await Promise.all([...running.values()].map(kill));
      await rm(folder, { recursive: true, force: true, maxRetries: 5 }).catch((cause) => {
        throw new InfrastructureError(`cannot remove ${folder}: ${messageOf(cause)}`, { cause });
      });
      await dismiss(warden);
    },
  };
}

function makeFolder(): string {
  const parent = tmpdir();
  if (Buffer.byteLength(parent) > longestFolder)
    throw new InfrastructureError(`the path of the temporary folder is too long for sockets: ${parent}`, {
      fix: "Set TMPDIR to a shorter one.",
    });
  try {
    return mkdtempSync(join(parent, "rehearsal-"));
  } catch (cause) {
    throw new InfrastructureError(`cannot make a temporary folder: ${messageOf(cause)}`, { cause });
  }
}

async function kill(child: ChildProcess): Promise<void> {
  await endedBy(child, () => signalGroup(child.pid, "SIGKILL"));
}

/** The warden too is gone when its owner says that nothing is left. */
async function dismiss(warden: ChildProcess): Promise<void> {
  warden.ref();
  await endedBy(warden, () => warden.stdin?.end());
}

async function endedBy(child: ChildProcess, end: () => void): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  end();
  await Promise.race([ended, sleep(killTimeoutMs, undefined, { ref: false })]);
}

/** Waits for the end of its standard input, which comes with the end of this process, whatever ended it. */
function startWarden(folder: string, pidFile: string): ChildProcess {
  const script = `
    trap '' INT TERM HUP
    cat >/dev/null
    [ -d "$1" ] || exit 0
    while read -r pid; do kill -KILL "-$pid"; done <"$2"
    for try in 1 2 3 4 5; do rm -rf "$1" && exit; sleep 1; done`;
  const warden = spawn("sh", ["-c", script, "rehearsal-warden", folder, pidFile], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    // A runner of GitHub Actions kills at the end of a job whatever has its RUNNER_TRACKING_ID: us, and not the warden.
    env: { PATH: process.env.PATH },
  });
  warden.on("error", () => undefined);
  warden.stdin?.on("error", () => undefined);
  warden.unref();
  return warden;
}

/** `count` loopback ports that were free just now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(0, "127.0.0.1", resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
