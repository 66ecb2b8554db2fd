import { execa } from "execa";
import { InfrastructureError } from "./errors.ts";

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
  /** The process's own, or 128 when a signal ended it. */
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

/**
 * Runs a program to its end, without a shell, and gives what it printed. Any exit code is a result.
 * Throws InfrastructureError where it could not be started, and the signal's reason where it was aborted.
 */
export async function tryRun(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const child = execa(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: mergeEnvironment(options.env),
    extendEnv: false,
    ...(options.input === undefined ? { stdin: "ignore" as const } : { input: options.input }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    forceKillAfterDelay: 2_000,
    maxBuffer: 512 * 1024 * 1024,
    stripFinalNewline: false,
    reject: false,
    all: true,
  });
  if (options.onLine) {
    for await (const line of child.iterable({ from: "all" })) options.onLine(line);
  }
  const result = await child;
  options.signal?.throwIfAborted();
  if (result.exitCode === undefined && result.signal === undefined) {
    throw new InfrastructureError(`cannot start ${command}: ${result.code ?? "unknown reason"}`, {
      cause: result,
    });
  }
  return { stdout: result.stdout ?? "", stderr: result.stderr ?? "", exitCode: result.exitCode ?? 128 };
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

/** This process's environment with `changes` applied. */
export function mergeEnvironment(changes: Record<string, string | undefined> = {}): Record<string, string> {
  const merged = { ...process.env, ...changes };
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
