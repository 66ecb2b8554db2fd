import { examineContainer } from "./containers.ts";
import { crashFailure, lastEnd, type Tries } from "./crashes.ts";
import { change, failing, infrastructure, type Look, working } from "./failure.ts";
import { conditionOf, everyContainer } from "./objects.ts";
import type { PodRecord } from "./pod-record.ts";
import { type Room, scheduleFailure, waitsForClaim } from "./scheduling.ts";
import { preparationFailure, type SeenEvent } from "./volumes.ts";

/** What a Pod depends on. */
export interface Surroundings {
  room: Room;
  /** Its events, the newest last. */
  events: readonly SeenEvent[];
  /** How its claims stand, failures first. */
  claims: readonly Look[];
}

/** A large image has to come through a slow line; its coming does not show in the Pod. */
const creatingMs = 240_000;
const schedulingMs = 60_000;

/** What a Pod says that has not ended. */
export function examinePod(record: PodRecord, { room, events, claims }: Surroundings, now: number): Look {
  const { pod, changedAt } = record;
  if (pod.metadata.deletionTimestamp) return { state: "well" };
  if (!pod.spec.nodeName) return unscheduled(record, room, claims, now);
  const looks = everyContainer(pod).flatMap(({ container, init, status }) => {
    const tries = record.tries.get(container.name) ?? untried;
    const look = examineContainer({
      pod,
      container,
      init,
      status,
      tries,
      events: events.map(({ event }) => event),
      now,
    });
    return look ? [look] : [];
  });
  const failed = looks.find(({ state }) => state === "failing");
  if (failed) return failed;
  // Volumes are mounted and the sandbox is made before this; images are pulled after it.
  if (conditionOf(pod.status, "PodReadyToStartContainers")?.status !== "True") {
    const failure = preparationFailure(events);
    if (failure) return failing(failure);
  }
  const trying = looks.find(({ state }) => state === "trying");
  if (trying) return trying;
  const going =
    looks.find(({ state }) => state === "working") ?? looks.find(({ state }) => state === "stuck");
  if (going) return going;
  if (conditionOf(pod.status, "Ready")?.status === "True") return { state: "well" };
  if (now - changedAt < creatingMs) return working("its containers are created (images are pulled)");
  return { state: "stuck", detail: `nothing has changed for ${Math.round((now - changedAt) / 1000)} s` };
}

/** What Pods say that have ended without success, one try each, the last one last: a Job's, or a single one. */
export function examineEnded(tries: readonly PodRecord[], isRetried: boolean): Look {
  const last = tries.at(-1);
  if (!last) return { state: "well" };
  const { pod } = last;
  const { reason, message = "" } = pod.status ?? {};
  if (reason === "Evicted") return evicted(message);
  const finality = isRetried ? undefined : ({ when: "lasting", ms: 5_000 } as const);
  const ended = everyContainer(pod).find(({ status }) => status && (lastEnd(status)?.exitCode ?? 0) !== 0);
  const end = ended?.status && lastEnd(ended.status);
  if (!ended?.status || !end) {
    const said = message || reason || "it gives no reason";
    return failing(change("crash", `Pod failed: ${said}`, finality ?? { when: "quiet" }));
  }
  const own = last.tries.get(ended.container.name) ?? untried;
  const failures = tries.reduce(
    (sum, { tries }) => sum + Math.max(1, tries.get(ended.container.name)?.failures ?? 1),
    0,
  );
  const failure = crashFailure(
    { ...ended, status: ended.status, tries: { ...own, failures }, events: [] },
    end,
  );
  return failing(finality ? { ...failure, finality } : failure);
}

/** Eviction for what the Pod itself was limited to is its own fault (pkg/kubelet/eviction/helpers.go). */
function evicted(message: string): Look {
  const lasting = { when: "lasting", ms: 20_000 } as const;
  const own = /exceeded its local ephemeral storage limit|exceeds the total limit|Usage of EmptyDir volume/;
  const text = `Pod was evicted: ${message}`;
  return failing(
    own.test(message) ? change("crash", text, lasting) : infrastructure("machine", text, lasting),
  );
}

function unscheduled({ pod, changedAt }: PodRecord, room: Room, claims: readonly Look[], now: number): Look {
  const said = waitsForClaim(pod);
  if (said !== undefined) {
    const claim = claims.find(({ state }) => state === "failing");
    return claim ?? failing(change("volume", said.replace(/\s*preemption: .*$/s, ""), { when: "quiet" }));
  }
  const failure = scheduleFailure(pod, room);
  if (failure) return failing(failure);
  return now - changedAt < schedulingMs
    ? working("waits for a node")
    : { state: "stuck", detail: "no scheduler has looked at it" };
}

const untried: Tries = {
  failures: 0,
  restarts: 0,
  beganAt: 0,
  ranMs: 0,
  runningSince: undefined,
  restartedAt: undefined,
};
