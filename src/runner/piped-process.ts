import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { mergeEnvironment } from "./process.ts";
import { signalGroup, untilGroupGone } from "./signal-group.ts";

/** A running program whose input and output are streams, for data too large to hold. */
export interface PipedProcess {
  stdin: Writable;
  stdout: Readable;
  /**
   * Never rejects. A program that could not be started gives code 127 and the reason as `stderr`; of one that was
   * killed, nobody is left then.
   */
  ended: Promise<{ exitCode: number; stderr: string }>;
  /** Ends it at once, with all of its descendants. */
  kill(): void;
}

const keptStderr = 8192;

/** Starts a program, without a shell, in a process group of its own. The caller owns it until it ended. */
export function startPiped(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string | undefined> } = {},
): PipedProcess {
  const child = spawn(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: mergeEnvironment(options.env),
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  let stderr = "";
  let running = true;
  let killed = false;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-keptStderr);
  });
  const ended = new Promise<{ exitCode: number; stderr: string }>((resolve) => {
    child.once("error", (error) => {
      running = false;
      resolve({ exitCode: 127, stderr: error.message });
    });
    // Not "close", which waits for somebody to read the output to its end.
    child.once("exit", async (code) => {
      running = false;
      if (killed) await untilGroupGone(child.pid);
      resolve({ exitCode: code ?? 128, stderr });
    });
  });
  // A program may end before it has read everything.
  child.stdin.on("error", () => {});
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    ended,
    kill() {
      if (!running) return;
      killed = true;
      signalGroup(child.pid, "SIGKILL");
    },
  };
}
