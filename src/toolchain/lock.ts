import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import lockfile from "proper-lockfile";
import { InfrastructureError } from "../runner/errors.ts";
import type { Log, Step } from "../runner/log.ts";
import { codeOf } from "./disk.ts";

export interface LockRequest {
  /** What is to be made by one process at a time; the lock lies beside it. */
  path: string;
  log: Log;
  signal?: AbortSignal | undefined;
  /** A lock not renewed for this long belongs to a dead process. At least 2,000. */
  staleMs?: number;
  /** What is said while another process has it. */
  waiting?: string;
}

export interface Lock extends AsyncDisposable {
  /** Aborts with the caller's signal, or when another process took the lock over. */
  readonly signal: AbortSignal;
  /** Tells those who wait what is going on. */
  announce(detail: string): void;
}

const pollMs = 500;

/**
 * Takes the lock, waiting while another process has it; what that one announces is shown meanwhile.
 * The lock of a process that was killed is taken over when it has gone stale.
 */
export async function takeLock(request: LockRequest): Promise<Lock> {
  const { path, staleMs = 10_000 } = request;
  const notes = `${path}.progress`;
  await mkdir(dirname(path), { recursive: true });
  const lost = new AbortController();
  const release = await acquire(request, notes, () =>
    lockfile.lock(path, {
      realpath: false,
      stale: staleMs,
      onCompromised: () =>
        lost.abort(
          new InfrastructureError(`another process took over ${path}.lock, as this one was asleep too long`, {
            fix: "Start again.",
          }),
        ),
    }),
  );
  let writing: Promise<void> = Promise.resolve();
  return {
    signal: AbortSignal.any([lost.signal, ...(request.signal === undefined ? [] : [request.signal])]),
    announce(detail) {
      writing = writing.then(() => writeFile(notes, `${process.pid} ${detail}`)).catch(() => undefined);
    },
    async [Symbol.asyncDispose]() {
      await writing;
      await rm(notes, { force: true });
      if (!lost.signal.aborted) await release();
    },
  };
}

async function acquire(
  { log, signal, waiting = "Waiting for another rehearsal to prepare the toolchain" }: LockRequest,
  notes: string,
  tryLock: () => Promise<() => Promise<void>>,
): Promise<() => Promise<void>> {
  let step: Step | undefined;
  for (;;) {
    try {
      signal?.throwIfAborted();
      const release = await tryLock();
      step?.done();
      return release;
    } catch (error) {
      if (codeOf(error) !== "ELOCKED") {
        step?.failed();
        throw error;
      }
    }
    step ??= log.step(waiting);
    step.update(await announced(notes));
    await setTimeout(pollMs);
  }
}

async function announced(notes: string): Promise<string> {
  const text = await readFile(notes, "utf8").catch(() => "");
  const [, pid, detail] = /^(\d+) (.*)/s.exec(text) ?? [];
  if (pid === undefined) return "it has just begun";
  return isAlive(Number(pid))
    ? `process ${pid}: ${detail}`
    : `process ${pid} has died; its lock expires soon`;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM"; // somebody else's, and alive
  }
}
