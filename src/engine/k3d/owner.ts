import { readFile, readlink } from "node:fs/promises";
import { tryRun } from "../../runner/process.ts";
import { startOf } from "../../runner/process-identity.ts";

/** Which process a cluster belongs to, precisely enough to tell whether it still runs. */
export interface Owner {
  pid: number;
  /** When that process started, in a unit of the system's: pids are used again. */
  started: string;
  /** The namespace in which the pid counts; empty where the system has none. */
  space: string;
  /** The boot of the machine. */
  boot: string;
  /** When the cluster was made, in seconds since 1970. */
  madeAt: number;
}

/** After this long, a cluster whose owner cannot be looked at from here has none: no rehearsal takes a day. */
const longestRunS = 24 * 60 * 60;

/** This process, as the owner of a cluster made now. */
export async function thisProcess(): Promise<Owner> {
  return {
    pid: process.pid,
    started: (await startOf(process.pid)) ?? "unknown",
    ...(await whereabouts()),
    madeAt: Math.floor(Date.now() / 1000),
  };
}

/** As the value of a label: dots between, so nothing in it needs quoting. */
export function formatOwner({ pid, started, space, boot, madeAt }: Owner): string {
  return [pid, started, space, boot, madeAt].join(".");
}

/** Undefined where the text is no owner of ours. */
export function parseOwner(text: string): Owner | undefined {
  const found = /^(\d{1,10})\.([\w-]+)\.([\w-]*)\.([\w-]+)\.(\d{1,12})$/.exec(text);
  if (!found) return undefined;
  const [, pid, started = "", space = "", boot = "", madeAt] = found;
  return { pid: Number(pid), started, space, boot, madeAt: Number(madeAt) };
}

export interface Viewpoint {
  /** Whether Docker is reached by nobody but processes of this machine, in this system. */
  dockerIsHere: boolean;
  space: string;
  boot: string;
  nowS: number;
  /** When the process with a pid started; undefined where there is none. */
  startOf(pid: number): Promise<string | undefined>;
}

export async function viewFromHere(dockerIsHere: boolean): Promise<Viewpoint> {
  return { dockerIsHere, ...(await whereabouts()), nowS: Math.floor(Date.now() / 1000), startOf };
}

/** Whether the process that owned a cluster is certainly gone. In doubt it is not. */
export async function isGone(owner: Owner, view: Viewpoint): Promise<boolean> {
  const isForgotten = view.nowS - owner.madeAt > longestRunS;
  if (owner.boot !== view.boot) return view.dockerIsHere || isForgotten;
  // The same pid in another container is another process, and may well be alive.
  if (owner.space !== view.space) return isForgotten;
  return (await view.startOf(owner.pid)) !== owner.started;
}

async function whereabouts(): Promise<{ space: string; boot: string }> {
  if (process.platform === "linux") {
    const [boot, space] = await Promise.all([
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
      readlink("/proc/self/ns/pid").catch(() => ""),
    ]);
    return { boot: plain(boot), space: plain(space) };
  }
  return { boot: plain(await outputOf("sysctl", ["-n", "kern.bootsessionuuid"])) || "unknown", space: "" };
}

async function outputOf(command: string, args: string[]): Promise<string> {
  return (await tryRun(command, args, { timeoutMs: 10_000 })).stdout;
}

function plain(text: string): string {
  return text.replaceAll(/[^\w-]+/g, "");
}
