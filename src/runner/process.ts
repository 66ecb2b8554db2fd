import { basename } from "node:path";
import { execa } from "execa";
import { InfrastructureError } from "./errors.ts";
import { signalGroup } from "./signal-group.ts";

export interface RunOptions {
  cwd?: string;
  /** Added to the environment of this process; `undefined` removes a variable. */
  env?: Record<string, string | undefined>;
  input?: string | Uint8Array;
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
  /** Called with each line of standard output and standard error as it comes. */
  onLine?: (line: string) => void;
}

export interface RunResult {
  stdout: string;
  stderr: string;
  /** The process's own, or 128 when a signal ended it: what ran out of time says so at the end of its `stderr`. */
  exitCode: number;
}

/** Thrown by `run`; `result` lets a caller that foresees the failure turn it into the user's error. */
export class CommandError extends InfrastructureError {
  readonly result: RunResult;

  constructor(command: string, args: readonly string[], result: RunResult) {
    super(`${command} ${args.join(" ")} failed with code ${result.exitCode}: ${lastLines(result.stderr, 4)}`);
    this.result = result;
  }
}

/** Long enough for git to remove its lock files. */
const graceMs = 2_000;

/**
 * Runs a program to its end, without a shell, and gives what it printed. Any exit code is a result.
 * Throws InfrastructureError where it could not be started, and the signal's reason where it was aborted.
 * What is aborted, or runs out of time, ends with all that it has started: a descendant that kept the
 * output open would be waited for.
 */
export async function tryRun(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { signal, timeoutMs } = options;
  signal?.throwIfAborted();
  const child = execa(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: mergeEnvironment(options.env),
    extendEnv: false,
    ...(options.input === undefined ? { stdin: "ignore" as const } : { input: options.input }),
    detached: true,
    maxBuffer: 512 * 1024 * 1024,
    stripFinalNewline: false,
    reject: false,
    all: true,
  });
  const group = ownGroup(child.pid);
  let late = false;
  const timer = setTimeout(
    () => {
      late = true;
      group.stop();
    },
    timeoutMs ?? 2 ** 31 - 1,
  );
  signal?.addEventListener("abort", group.stop);
  try {
    if (options.onLine) for await (const line of child.iterable({ from: "all" })) options.onLine(line);
    const result = await child;
    signal?.throwIfAborted();
    if (result.exitCode === undefined && result.signal === undefined) {
      throw new InfrastructureError(`cannot start ${command}: ${result.code ?? "unknown reason"}`, {
        cause: result,
      });
    }
    const lateText = late ? `${basename(command)} took longer than ${(timeoutMs ?? 0) / 1000} s` : "";
    return { stdout: result.stdout, stderr: result.stderr + lateText, exitCode: result.exitCode ?? 128 };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", group.stop);
    group.release();
  }
}

/** Leaders of groups that have to end with this process. */
const groups = new Set<number>();
let watched = false;

function ownGroup(leader: number | undefined): { stop(): void; release(): void } {
  if (leader !== undefined) groups.add(leader);
  if (!watched) process.once("exit", () => groups.forEach((group) => void signalGroup(group, "SIGKILL")));
  watched = true;
  let forced: NodeJS.Timeout | undefined;
  return {
    stop() {
      signalGroup(leader, "SIGTERM");
      forced ??= setTimeout(() => signalGroup(leader, "SIGKILL"), graceMs);
    },
    release() {
      clearTimeout(forced);
      if (leader !== undefined) groups.delete(leader);
    },
  };
}

/** Like `tryRun`, but throws CommandError on an exit code other than 0. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await tryRun(command, args, options);
  if (result.exitCode !== 0) throw new CommandError(command, args, result);
  return result;
}

const longestLine = 300;

/** The last lines of a text, each cut where it is very long, joined for a one-line message. */
export function lastLines(text: string, count: number): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines
    .slice(-count)
    .map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line))
    .join(" | ");
}

const withheld = new Set<string>();

/** Names variables of this process's environment that no program gets to see which is started from now on. */
export function withhold(names: readonly string[]): void {
  for (const name of names) withheld.add(name);
}

/** This process's environment, without what is withheld, with `changes` applied. */
export function mergeEnvironment(changes: Record<string, string | undefined> = {}): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) => !withheld.has(name));
  const merged = { ...Object.fromEntries(own), ...changes };
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
