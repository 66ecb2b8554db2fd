import { ApiError, type KubeClient, type KubeObject } from "../kubernetes/client.ts";
import { type Event, everyContainer, type Node, type Pod, placeOf } from "./objects.ts";

/** The last words of one container. */
export interface ContainerLog {
  container: string;
  /** Whether of the try before this one. */
  previous: boolean;
  text: string;
}

/** All that could be read within the time. */
export interface Gathered {
  /** By namespace; missing where they could not be read. */
  events: ReadonlyMap<string, readonly Event[]>;
  secrets: ReadonlyMap<string, readonly KubeObject[]>;
  nodes: readonly Node[];
  /** By `namespace/name` of the Pod. */
  logs: ReadonlyMap<string, readonly ContainerLog[]>;
  /** What could not be read, and why, with the namespace that it concerns. */
  missing: readonly { what: string; namespace: string | undefined }[];
}

export interface GatherOptions {
  client: KubeClient;
  pods: readonly Pod[];
  namespaces: readonly string[];
  /** For everything together, in ms. */
  budgetMs: number;
  /** Of each log, its last ones; 40 by default. */
  logLines?: number;
  signal: AbortSignal;
}

const defaultLogLines = 40;
/** On average. Together with the limit of lines it keeps an endless line out. */
const lineBytes = 410;
const requestMs = 10_000;
const atOnce = 8;

/** Reads in parallel what explains Pods, each request bounded and all of them together. Throws only `signal`'s reason. */
export async function gather({
  client,
  pods,
  namespaces,
  budgetMs,
  logLines = defaultLogLines,
  signal,
}: GatherOptions): Promise<Gathered> {
  const logBytes = logLines * lineBytes;
  const over = AbortSignal.any([signal, AbortSignal.timeout(budgetMs)]);
  const missing: { what: string; namespace: string | undefined }[] = [];
  const events = new Map<string, Event[]>();
  const secrets = new Map<string, KubeObject[]>();
  /** In the order of what they say, whichever came first. */
  const logs: { pod: string; log?: ContainerLog }[] = [];
  let nodes: Node[] = [];

  async function attempt(
    what: string,
    namespace: string | undefined,
    work: (signal: AbortSignal) => Promise<void>,
  ) {
    const limited = AbortSignal.any([over, AbortSignal.timeout(requestMs)]);
    try {
      if (over.aborted) throw new Error("there was no time left");
      // The first request of a kind asks the API what it serves, which takes no signal.
      await Promise.race([work(limited), ended(limited)]);
    } catch (error) {
      missing.push({ what: `${what}: ${reasonOf(error, limited)}`, namespace });
    }
  }

  // Secrets first: without them no log may be shown.
  const work = [
    ...namespaces.map(
      (namespace) => () =>
        attempt(`Secrets of ${namespace}`, namespace, async (each) => {
          secrets.set(namespace, (await client.list("v1", "Secret", namespace, { signal: each })).items);
        }),
    ),
    () =>
      attempt("nodes", undefined, async (each) => {
        nodes = (await client.list("v1", "Node", undefined, { signal: each })).items as Node[];
      }),
    ...namespaces.map(
      (namespace) => () =>
        attempt(`events of ${namespace}`, namespace, async (each) => {
          events.set(
            namespace,
            (await client.list("v1", "Event", namespace, { signal: each })).items as Event[],
          );
        }),
    ),
    ...pods.flatMap((pod) =>
      logsOf(pod).map(({ container, previous }) => () => {
        const { namespace = "", name } = pod.metadata;
        const slot: (typeof logs)[number] = { pod: placeOf(pod) };
        logs.push(slot);
        return attempt(`log of ${name}, ${container}`, namespace, async (each) => {
          const query = new URLSearchParams({
            container,
            previous: String(previous),
            tailLines: String(logLines),
            limitBytes: String(logBytes),
          });
          const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/log?${query}`;
          const text = await textOf(client, path, each);
          if (text !== undefined) slot.log = { container, previous, text: wholeLines(text, logBytes) };
        });
      }),
    ),
  ];
  await inTurns(work);
  signal.throwIfAborted();
  const byPod = Map.groupBy(logs, ({ pod }) => pod);
  const found = [...byPod].map(
    ([pod, slots]) => [pod, different(slots.flatMap(({ log }) => log ?? []))] as const,
  );
  return { events, secrets, nodes, logs: new Map(found), missing };
}

/**
 * Those that may tell something, the last try that failed first: of containers that are not ready or have
 * ended before, and have begun at all. While one waits to be started again, the kubelet gives the log of
 * its last try for the present one; and it keeps no more than one that has ended.
 */
function logsOf(pod: Pod): { container: string; previous: boolean }[] {
  return everyContainer(pod).flatMap(({ container, status }) => {
    const { ready = false, state, lastState } = status ?? {};
    const hasEnded = lastState?.terminated !== undefined;
    if (state?.terminated?.exitCode === 0 || (ready && !hasEnded)) return [];
    const own = { container: container.name, previous: false };
    if (!hasEnded) return state?.running || state?.terminated ? [own] : [];
    const before = { container: container.name, previous: true };
    return state?.running ? [before, own] : [own, before];
  });
}

/** Undefined where there is none: it has not begun, or the kubelet has removed it meanwhile, and says so as its log. */
async function textOf(client: KubeClient, path: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const text = await client.text(path, signal);
    return text.startsWith("unable to retrieve container logs for ") ? undefined : text;
  } catch (error) {
    if (error instanceof ApiError && (error.status === 400 || error.status === 404)) return undefined;
    throw error;
  }
}

/** One try may have been asked for in two ways. */
function different(logs: readonly ContainerLog[]): ContainerLog[] {
  return logs.filter(
    ({ container, text }, index) =>
      logs.findIndex((other) => other.container === container && other.text === text) === index,
  );
}

/** A line that was cut off may end in the middle of a Secret, which nobody would know again. */
function wholeLines(text: string, limit: number): string {
  return Buffer.byteLength(text) < limit ? text : text.slice(0, text.lastIndexOf("\n") + 1);
}

async function inTurns(work: readonly (() => Promise<void>)[]): Promise<void> {
  const open = [...work];
  const worker = async () => {
    for (let next = open.shift(); next; next = open.shift()) await next();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function reasonOf(error: unknown, limited: AbortSignal): string {
  if (limited.aborted) return "no answer in time";
  if (error instanceof ApiError) return error.message;
  return error instanceof Error ? error.message : String(error);
}
