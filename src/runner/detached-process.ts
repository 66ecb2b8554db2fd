import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

export interface DetachedProcess {
  /** How it ended, such as `exited with code 1`. Never rejects. */
  ended: Promise<string>;
  /** Lets this process end before it does. */
  release(): void;
}

/**
 * Starts a program that outlives this process, without a shell, in a session of its own. What it prints is
 * added to the file `output`. Nobody owns it: it has to end by itself.
 */
export function startDetached(
  command: string,
  args: readonly string[],
  { output, cwd, env }: { output: string; cwd: string; env: Record<string, string> },
): DetachedProcess {
  const file = openSync(output, "a", 0o600);
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", file, file] });
  closeSync(file);
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(`could not be started (${error.message})`));
    child.once("exit", (code, signal) =>
      resolve(signal ? `was killed by ${signal}` : `exited with code ${code}`),
    );
  });
  return { ended, release: () => child.unref() };
}
