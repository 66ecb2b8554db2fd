import { setTimeout as sleep } from "node:timers/promises";
import type { KubeClient } from "../../kubernetes/client.ts";
import { InfrastructureError, messageOf } from "../../runner/errors.ts";
import { answerOf, nodeLog, tryDocker } from "./docker.ts";
import { type NodeContainer, type NodeState, readNodes } from "./nodes.ts";
import { type Disk, describeDisk, diskOf } from "./preflight.ts";

const pollMs = 3_000;

/** Below this, writing fails somewhere at any moment: etcd, an image, a log. */
const fullBelow = 300e6;

/**
 * A kubelet that is busy misses a report or two, and an API server under load an answer; 40 s is when
 * Kubernetes itself calls a node lost.
 */
const silenceMs = 45_000;

export interface WatchRequest {
  client: KubeClient;
  nodes: readonly NodeContainer[];
  /** Docker's folder, where it can be seen from here. */
  dockerFolder: string | undefined;
  lost: AbortController;
}

/**
 * Watches what a cluster stands on until disposed: its containers, its nodes' conditions and the disk below
 * all of them. Aborts `lost` with an InfrastructureError that says which of them failed.
 */
export async function watchCluster(request: WatchRequest): Promise<AsyncDisposable> {
  const { client, nodes, dockerFolder, lost } = request;
  const ended = new AbortController();
  const disk = () => (dockerFolder === undefined ? undefined : diskOf(dockerFolder));
  const first = await inspect(nodes);
  const silence = silenceOf();
  const looks = [
    async () => judgeDisk(await disk()),
    async () => {
      const now = await inspect(nodes);
      const failure = judgeContainers(first, now);
      if (failure === undefined) return undefined;
      const log = await nodeLog(failure.container, 3);
      return `${failure.what}${log === "" ? "" : `; the end of its log: ${log}`}`;
    },
    async () => {
      const states = await readNodes(client).catch((error: unknown) => {
        if (error instanceof InfrastructureError) return messageOf(error);
        throw error;
      });
      return judgePressure(states, await disk()) ?? silence(states, Date.now());
    },
  ];
  const loops = looks.map(async (look) => {
    while (!ended.signal.aborted && !lost.signal.aborted) {
      try {
        const problem = await look();
        if (problem !== undefined && !ended.signal.aborted) {
          lost.abort(new InfrastructureError(`the cluster failed under the rehearsal: ${problem}`));
        }
      } catch (error) {
        if (!ended.signal.aborted) lost.abort(error);
      }
      await sleep(pollMs, undefined, { signal: ended.signal, ref: false }).catch(() => undefined);
    }
  });
  return {
    async [Symbol.asyncDispose]() {
      ended.abort();
      // A look at an API server that is gone takes its minute; nobody waits for what it finds.
      await Promise.race([Promise.all(loops), sleep(1_000, undefined, { ref: false })]);
    },
  };
}

/** What Docker knows of a node's container. */
export interface ContainerState {
  name: string;
  status: string;
  startedAt: string;
  oomKilled: boolean;
  exitCode: number;
}

/** By container id; one that does not exist is left out. */
async function inspect(nodes: readonly NodeContainer[]): Promise<Map<string, ContainerState>> {
  const format =
    "{{.Id}}\t{{.Name}}\t{{.State.Status}}\t{{.State.StartedAt}}\t{{.State.OOMKilled}}\t{{.State.ExitCode}}";
  const result = await tryDocker(["container", "inspect", "--format", format, ...nodes.map(({ id }) => id)]);
  if (result.exitCode !== 0 && !/no such container/i.test(result.stderr))
    throw new InfrastructureError(`Docker cannot be asked about the nodes: ${answerOf(result.stderr)}`);
  return new Map(
    result.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [id = "", name = "", status = "", startedAt = "", oom, code] = line.split("\t");
        const state = { status, startedAt, oomKilled: oom === "true", exitCode: Number(code) };
        return [id, { name: name.replace(/^\//, ""), ...state }];
      }),
  );
}

/** What happened to a container between two looks. Docker restarts a node that ends: its start tells. */
export function judgeContainers(
  before: ReadonlyMap<string, ContainerState>,
  now: ReadonlyMap<string, ContainerState>,
): { container: string; what: string } | undefined {
  for (const [id, { name, startedAt }] of before) {
    const state = now.get(id);
    if (state === undefined) return { container: name, what: `the node ${name} was removed` };
    if (state.oomKilled)
      return { container: name, what: `the node ${name} was killed because memory ran out` };
    if (state.status !== "running") {
      return { container: name, what: `the node ${name} is ${state.status} (exit code ${state.exitCode})` };
    }
    if (state.startedAt !== startedAt)
      return { container: name, what: `the node ${name} ended and was started again` };
  }
  return undefined;
}

export function judgeDisk(disk: Disk | undefined): string | undefined {
  return disk && disk.free < fullBelow ? `the disk is full: ${describeDisk(disk)}` : undefined;
}

/** Pressure that a node reports; that of the disk with the numbers, where they are known. */
export function judgePressure(
  nodes: readonly NodeState[] | string,
  disk: Disk | undefined,
): string | undefined {
  if (typeof nodes === "string") return undefined;
  for (const { name, pressures } of nodes) {
    const [pressure] = pressures;
    if (pressure === undefined) continue;
    const reported = `${name} reports ${pressure.type} (${pressure.message})`;
    if (pressure.type === "DiskPressure")
      return `the disk is full: ${reported}${disk ? `, ${describeDisk(disk)}` : ""}`;
    return pressure.type === "MemoryPressure" ? `memory ran out: ${reported}` : reported;
  }
  return undefined;
}

/** Tells when nodes were not Ready, or the API did not answer (its reason in place of nodes), for too long. */
export function silenceOf(): (nodes: readonly NodeState[] | string, nowMs: number) => string | undefined {
  let since: number | undefined;
  return (nodes, nowMs) => {
    const unready = typeof nodes === "string" ? undefined : nodes.find(({ ready }) => !ready);
    if (typeof nodes !== "string" && unready === undefined) {
      since = undefined;
      return undefined;
    }
    since ??= nowMs;
    if (nowMs - since < silenceMs) return undefined;
    const what = typeof nodes === "string" ? nodes : `${unready?.name} is not Ready: ${unready?.why}`;
    return `${what} (for ${Math.round((nowMs - since) / 1000)} s)`;
  };
}
