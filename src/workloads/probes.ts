import { change, type Failure } from "./failure.ts";
import { type ContainerSpec, containerOf, type Event, type Probe } from "./objects.ts";

type ProbeKind = "Startup" | "Readiness" | "Liveness";

/** However short its probes are: a program on a busy runner takes this long to start. */
const shortestMs = 60_000;
const longestMs = 5 * 60_000;

/**
 * How long a container may be running without being ready before that says anything: what its own probes
 * allow it, and never less than a minute. Milliseconds.
 */
export function patienceWith({ startupProbe, readinessProbe, livenessProbe }: ContainerSpec): number {
  const start = allowance(startupProbe);
  const ready = Math.max(allowance(readinessProbe), allowance(livenessProbe));
  return Math.min(Math.max(start + ready, shortestMs), longestMs);
}

/** With the defaults of the API. */
function allowance(probe: Probe | undefined): number {
  if (!probe) return 0;
  const { initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 } = probe;
  return (initialDelaySeconds + periodSeconds * failureThreshold) * 1000;
}

/** The probe of a container that failed last, as the kubelet's event `Unhealthy` says. */
export interface ProbeFailure {
  kind: ProbeKind;
  /** `HTTP probe failed with statuscode: 503`; not what a command prints, which may be anything. */
  message: string;
}

/** `events` are those of its Pod, the newest last. */
export function probeFailureOf(
  container: ContainerSpec,
  events: readonly Event[],
  kinds: readonly ProbeKind[] = ["Startup", "Readiness", "Liveness"],
): ProbeFailure | undefined {
  const event = events.findLast(
    (candidate) =>
      candidate.reason === "Unhealthy" &&
      containerOf(candidate) === container.name &&
      kinds.some((kind) => candidate.message?.startsWith(`${kind} probe`)),
  );
  const match = /^(Startup|Readiness|Liveness) probe (?:failed|errored[^:]*): ?(.*)$/s.exec(
    event?.message ?? "",
  );
  if (!match) return undefined;
  const kind = match[1] as ProbeKind;
  const probe = probeOf(container, kind);
  return { kind, message: probe?.exec === undefined ? (match[2] ?? "") : "its command fails" };
}

function probeOf(
  { startupProbe, readinessProbe, livenessProbe }: ContainerSpec,
  kind: ProbeKind,
): Probe | undefined {
  return { Startup: startupProbe, Readiness: readinessProbe, Liveness: livenessProbe }[kind];
}

/** Of a container that runs, and does not become ready. It may wait for another Application's Service. */
export function probeNeverPasses(container: ContainerSpec, { kind, message }: ProbeFailure): Failure {
  return change(
    "probe",
    `${kind.toLowerCase()} probe of container ${container.name} never passes: ${withoutPodAddress(message)}`,
    { when: "quiet" },
  );
}

/** An address that every new Pod has another of would make each try's failure a new one. */
export function withoutPodAddress(message: string): string {
  return message.replace(/\b\d{1,3}(?:\.\d{1,3}){3}(?=:\d)/g, "Pod");
}
