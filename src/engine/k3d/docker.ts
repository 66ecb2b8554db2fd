import { InfrastructureError } from "../../runner/errors.ts";
import { lastLines, type RunOptions, type RunResult, tryRun } from "../../runner/process.ts";

/** Docker answers in milliseconds; a minute of silence is a daemon that hangs. */
const timeoutMs = 60_000;

/**
 * The one place that runs the `docker` command, with this process's environment: DOCKER_HOST,
 * DOCKER_CONTEXT and HOME say which daemon is meant, and with which credentials. Any exit code is a
 * result. Throws InfrastructureError where the command is not there or the daemon does not answer.
 */
export async function tryDocker(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  let result: RunResult;
  try {
    result = await tryRun("docker", args, { timeoutMs, ...options });
  } catch (error) {
    if (!(error instanceof InfrastructureError)) throw error;
    throw new InfrastructureError("the engine k3d needs Docker, and there is no docker command on the PATH", {
      fix: "Install Docker, or take another engine: --engine simulated needs none.",
      cause: error,
    });
  }
  if (result.exitCode !== 0) throwUnreachable(result.stderr);
  return result;
}

/** Like `tryDocker`, but gives the trimmed output, and throws InfrastructureError on an exit code other than 0. */
export async function docker(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await tryDocker(args, options);
  if (result.exitCode === 0) return result.stdout.trim();
  throw new InfrastructureError(`docker ${args.slice(0, 2).join(" ")} failed: ${answerOf(result.stderr)}`);
}

/** The lines of an output; none where it is empty. */
export async function dockerLines(args: readonly string[], options: RunOptions = {}): Promise<string[]> {
  const output = await docker(args, options);
  return output === "" ? [] : output.split("\n");
}

/** What the daemon, or a registry through it, said, without the words around it. */
export function answerOf(stderr: string): string {
  return lastLines(stderr, 2).replaceAll("Error response from daemon: ", "") || "no reason given";
}

function throwUnreachable(stderr: string): void {
  if (/permission denied while trying to connect/i.test(stderr)) {
    throw new InfrastructureError(`this user may not speak to Docker: ${answerOf(stderr)}`, {
      fix: "Add the user to the group docker and log in again, or run as a user who is in it.",
    });
  }
  if (/cannot connect to the docker daemon|is the docker daemon running|error during connect/i.test(stderr)) {
    throw new InfrastructureError(`Docker does not answer: ${answerOf(stderr)}`, {
      fix: "Start Docker (systemctl start docker, or Docker Desktop), or correct DOCKER_HOST.",
    });
  }
}

/** k3d's entry point asks a node's API from its first moment on, and says each time that it is not there yet. */
const noise = /memcache\.go:\d+\]|The connection to the server localhost/;
const readLines = 2_000;

/** The last telling lines of a node's log, in one line; empty where there are none. Never throws for want of a log. */
export async function nodeLog(container: string, lines: number, signal?: AbortSignal): Promise<string> {
  try {
    const args = ["logs", "--tail", String(readLines), container];
    const { exitCode, stdout, stderr } = await tryDocker(args, { signal });
    return exitCode === 0 ? lastTellingLines(`${stdout}\n${stderr}`, lines) : "";
  } catch (error) {
    if (error instanceof InfrastructureError) return "";
    throw error;
  }
}

/** The last lines of a node's log that are not the entry point's noise, in one line. */
export function lastTellingLines(log: string, lines: number): string {
  const telling = log.split("\n").filter((line) => !noise.test(line));
  return lastLines(telling.join("\n"), lines);
}
