import { readFile } from "node:fs/promises";
import { z } from "zod";
import { tryRun } from "./process.ts";

/** A process of this machine. Pids are used again; together with the moment of its start, one is not. */
export interface ProcessIdentity {
  pid: number;
  /** In a unit of the system's. */
  started: string;
}

export const processIdentity = z.object({ pid: z.int().positive(), started: z.string() });

/** Undefined where there is no such process, or it cannot be seen from here. */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  const started = pid > 0 ? await startOf(pid) : undefined;
  return started === undefined ? undefined : { pid, started };
}

export async function isRunning({ pid, started }: ProcessIdentity): Promise<boolean> {
  return (await startOf(pid)) === started;
}

/** When the process with a pid started; undefined where there is none, or only its zombie. */
export async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform !== "linux") {
    const { stdout } = await tryRun("ps", ["-o", "lstart=", "-p", String(pid)], { timeoutMs: 10_000 });
    return stdout.replaceAll(/[^\w-]+/g, "") || undefined;
  }
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses, and may hold anything.
    const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" || state === "X" ? undefined : rest[18];
  } catch {
    return undefined;
  }
}
