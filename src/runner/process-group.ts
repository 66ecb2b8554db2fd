import { execa } from "execa";
import { InfrastructureError } from "./errors.ts";
import { mergeEnvironment, type RunOptions, type RunResult } from "./process.ts";
import { signalGroup, untilGroupGone } from "./signal-group.ts";

/**
 * Like `tryRun`, for a program that starts others: an abort, or the end of this process, kills all of them
 * at once, and the promise settles when they are gone. (`go` itself leaves its compilers behind.)
 */
export async function tryRunGroup(
  command: string,
  args: readonly string[],
  options: Pick<RunOptions, "cwd" | "env" | "signal" | "onLine">,
): Promise<RunResult> {
  const { signal, onLine } = options;
  signal?.throwIfAborted();
  const child = execa(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: mergeEnvironment(options.env),
    extendEnv: false,
    stdin: "ignore",
    detached: true,
    maxBuffer: 512 * 1024 * 1024,
    stripFinalNewline: false,
    reject: false,
    all: true,
  });
  const kill = () => void signalGroup(child.pid, "SIGKILL");
  process.once("exit", kill);
  signal?.addEventListener("abort", kill);
  try {
    for await (const line of child.iterable({ from: "all" })) onLine?.(line);
    const result = await child;
    if (signal?.aborted) await untilGroupGone(child.pid);
    signal?.throwIfAborted();
    if (result.exitCode === undefined && result.signal === undefined) {
      throw new InfrastructureError(`cannot start ${command}: ${result.code ?? "unknown reason"}`, {
        cause: result,
      });
    }
    return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? 128 };
  } finally {
    process.off("exit", kill);
    signal?.removeEventListener("abort", kill);
  }
}
