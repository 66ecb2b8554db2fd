import { change, type Failure, infrastructure, type PodFinality } from "./failure.ts";
import type { ContainerSpec, ContainerStatus, Event, Terminated } from "./objects.ts";
import { probeFailureOf, withoutPodAddress } from "./probes.ts";

/** What was seen of the tries of one container. Milliseconds; times are by our clock, since nodes have others. */
export interface Tries {
  /** How often it has ended in a way that it should not have. */
  failures: number;
  /** The kubelet's own count. */
  restarts: number;
  /** When the last try that failed began, and how long it ran. */
  beganAt: number;
  ranMs: number;
  /** Since when it has been running; undefined while it is not. */
  runningSince: number | undefined;
  /** When it was last seen to have been started again. */
  restartedAt: number | undefined;
}

export interface Crashing {
  container: ContainerSpec;
  init: boolean;
  status: ContainerStatus;
  tries: Tries;
  /** Of its Pod, the newest last. */
  events: readonly Event[];
}

/** A program that waits for a database at its start often gives up twice. */
const enough = 3;
/** What a mistake in the Pod itself makes fail: an unknown command, a limit of memory, a probe's whole patience. */
const enoughOfTheSame = 2;
const outlivedAtLeastMs = 10_000;
const outlivedAtMostMs = 60_000;

/** How the last try ended; undefined where none has. */
export function lastEnd({ state, lastState }: ContainerStatus): Terminated | undefined {
  return state?.terminated ?? lastState?.terminated;
}

/** For how long it has to run now before its last failure is a thing of the past: it may end as it did before. */
export function outlivingMs({ failures, ranMs }: Tries): number {
  if (failures === 0) return 0;
  return Math.min(Math.max(ranMs * 1.5, outlivedAtLeastMs), outlivedAtMostMs);
}

/** Why a container ends that should not, and when that is final; also while it runs again, and may end again. */
export function crashFailure({ container, init, tries, events }: Crashing, end: Terminated): Failure {
  const { failures, beganAt } = tries;
  const named = `${init ? "init container" : "container"} ${container.name}`;
  const tried = (least: number): PodFinality => ({
    when: "tried",
    beganAt: failures >= least ? beganAt : undefined,
  });
  const often = `${failures} ${failures === 1 ? "time" : "times"} so far`;
  if (end.reason === "StartError" || end.reason === "ContainerCannotRun")
    return startFailure(named, end.message ?? "", tried(enoughOfTheSame));
  const probe = probeFailureOf(container, events, ["Liveness", "Startup"]);
  if (probe && end.reason !== "OOMKilled") {
    const message = `${named} is ended by its ${probe.kind.toLowerCase()} probe, ${often}: ${withoutPodAddress(probe.message)}`;
    return change("probe", message, tried(enoughOfTheSame));
  }
  if (end.reason === "OOMKilled") {
    const limit = container.resources?.limits?.memory;
    if (limit === undefined)
      return infrastructure(
        "machine",
        `${named} was killed since the node ran out of memory (OOMKilled)`,
        tried(enoughOfTheSame),
      );
    const message = `${named} needs more memory than its limit of ${limit} (OOMKilled), ${often}`;
    return change("crash", message, tried(enoughOfTheSame));
  }
  if (end.exitCode === 0)
    return change(
      "crash",
      `${named} ends by itself, where it should go on (exit code 0), ${often}`,
      tried(enough),
    );
  return change("crash", `${named} crashes: ${exitOf(end)}, ${often}`, tried(enough));
}

/** What only the machine can be blamed for when a container is made or started. */
const machine =
  /no space left on device|too many open files|cannot allocate memory|unable to apply caps|cgroup|resource temporarily unavailable|read-only file system|shim disconnected/i;

/** Of a container that never began: `said` are runc's words. */
export function startFailure(named: string, said: string, finality: PodFinality): Failure {
  const cause = said
    .replace(/^.*?(?:unable to start container process|container_linux\.go:\d+): /s, "")
    .replace(/^error during container init: /, "")
    .replace(/: unknown$/, "");
  const message = `${named} cannot be started: ${cause}`;
  return machine.test(said)
    ? infrastructure("machine", message, finality)
    : change("container-config", message, finality);
}

/** https://tldp.org/LDP/abs/html/exitcodes.html: 128 and the number of the signal */
const signals: Record<number, string> = {
  132: "SIGILL",
  134: "SIGABRT",
  135: "SIGBUS",
  137: "SIGKILL",
  139: "SIGSEGV",
  143: "SIGTERM",
};
const shells: Record<number, string> = { 126: "not executable", 127: "command not found" };

function exitOf({ exitCode, reason }: Terminated): string {
  const meaning = signals[exitCode] ?? shells[exitCode] ?? (reason === "Error" ? undefined : reason);
  return `exit code ${exitCode}${meaning ? ` (${meaning})` : ""}`;
}
