import { lstat, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { basename, join } from "node:path";
import { z } from "zod";
import { readVerdict } from "../rehearsal/read-verdict.ts";
import type { Verdict } from "../rehearsal/verdict.ts";
import { InfrastructureError, messageOf, UsageError } from "../runner/errors.ts";
import { lastLines } from "../runner/process.ts";
import { type ProcessIdentity, processIdentity } from "../runner/process-identity.ts";
import { sessionRequest } from "./request.ts";

/** The private folder of one session: all that two of its steps share. */
export interface StateFolder {
  path: string;
  /** What the host is asked to do. */
  request: string;
  /** Where the host listens. */
  socket: string;
  /** What the host says. */
  log: string;
  /** Who the host is. */
  host: string;
  /** Once there is one. */
  verdict: string;
}

/** What a host reads when it starts. */
export const hostOrder = z.object({
  request: sessionRequest,
  /** The process with which the job ends; undefined where it cannot be seen. */
  runner: processIdentity.optional(),
  /** How long the session may stand unused. */
  idleMs: z.number().positive(),
});

export type HostOrder = z.infer<typeof hostOrder>;

const prefix = "rehearsal-session-";
/** The path of a socket has at most 108 bytes on Linux and 104 on macOS, its end included. */
const longestSocket = 103;

/** Makes the folder of a new session in `parent`, or in the system's own where the path would be too long for a socket. */
export async function createState(parent: string | undefined, order: HostOrder): Promise<StateFolder> {
  const fitting = [parent, tmpdir()].find(
    (folder) => folder && Buffer.byteLength(join(folder, `${prefix}XXXXXX/socket`)) <= longestSocket,
  );
  if (fitting === undefined) {
    throw new InfrastructureError(`the path of the temporary folder is too long for a socket: ${tmpdir()}`, {
      fix: "Set TMPDIR to a shorter one.",
    });
  }
  const state = stateAt(await mkdtemp(join(fitting, prefix))); // with mode 0700
  await writeFile(state.request, JSON.stringify(order), { mode: 0o600 });
  return state;
}

/**
 * The folder that an action was given as the state; undefined where it is gone, as the session has been
 * cleaned up. Throws UsageError where it is another folder: this one gets removed.
 */
export async function openState(path: string): Promise<StateFolder | undefined> {
  const found = await lstat(path).catch(() => undefined);
  const isPrivate = found?.isDirectory() && found.uid === userInfo().uid && (found.mode & 0o077) === 0;
  if (basename(path).startsWith(prefix) && (found === undefined || isPrivate)) {
    return found && stateAt(path);
  }
  throw new UsageError(`${path} is not the state of a session`, {
    fix: "Pass the output state of setup-cluster.",
  });
}

export function stateAt(path: string): StateFolder {
  const file = (name: string) => join(path, name);
  return {
    path,
    request: file("request.json"),
    socket: file("socket"),
    log: file("host.log"),
    host: file("host.json"),
    verdict: file("verdict.json"),
  };
}

/** Throws where it is not what `createState` wrote. */
export async function readOrder(state: StateFolder): Promise<HostOrder> {
  const { data } = hostOrder.safeParse(JSON.parse(await readFile(state.request, "utf8")));
  if (data === undefined) throw new Error(`${state.request} is no order to a host`);
  return data;
}

/** Undefined where no host has started yet. */
export async function readHost(state: StateFolder): Promise<ProcessIdentity | undefined> {
  const text = await readFile(state.host, "utf8").catch(() => undefined);
  return text === undefined ? undefined : processIdentity.parse(JSON.parse(text));
}

/** The verdict of a session that came to one. Throws where there is none. */
export async function readSettled(state: StateFolder): Promise<Verdict> {
  return readVerdict(await readFile(state.verdict, "utf8"));
}

/** What the host said last, on one line. */
export async function endOfLog(state: StateFolder): Promise<string> {
  const text = await readFile(state.log, "utf8").catch(() => "");
  return lastLines(text, 3).slice(-600) || "(empty)";
}

export async function removeState(state: StateFolder): Promise<void> {
  await rm(state.path, { recursive: true, force: true, maxRetries: 5 }).catch((cause) => {
    throw new InfrastructureError(`cannot remove ${state.path}: ${messageOf(cause)}`, { cause });
  });
}
