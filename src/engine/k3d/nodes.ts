import { setTimeout as sleep } from "node:timers/promises";
import type { KubeClient, KubeObject } from "../../kubernetes/client.ts";
import { mapping, mappings, text } from "../../repository/untyped.ts";
import { InfrastructureError, messageOf } from "../../runner/errors.ts";
import { dockerLines, nodeLog } from "./docker.ts";

/** Bundled Pods (network, DNS) come first; a busy machine has taken a minute. */
const readyTimeoutMs = 180_000;
const pollMs = 500;

/** A container that is a node. */
export interface NodeContainer {
  id: string;
  /** The container's, and the node's in Kubernetes. */
  name: string;
}

/** The containers of a cluster that are nodes, and not k3d's helpers. */
export async function nodeContainers(cluster: string, signal?: AbortSignal): Promise<NodeContainer[]> {
  const lines = await dockerLines(
    [
      ...["ps", "--all", "--no-trunc", "--filter", `label=k3d.cluster=${cluster}`],
      ...["--format", '{{.ID}}\t{{.Names}}\t{{.Label "k3d.role"}}'],
    ],
    { signal },
  );
  return lines
    .map((line) => line.split("\t"))
    .filter(([, , role]) => role === "server" || role === "agent")
    .map(([id = "", name = ""]) => ({ id, name }));
}

/** What a node says of itself. */
export interface NodeState {
  name: string;
  ready: boolean;
  /** Why it is not ready, in its kubelet's words. */
  why: string;
  /** Conditions such as `DiskPressure` that hold. */
  pressures: { type: string; message: string }[];
}

const pressureTypes = ["DiskPressure", "MemoryPressure", "PIDPressure"];

/** Reads a Node object. */
export function stateOf(node: KubeObject): NodeState {
  const conditions = mappings(mapping(node.status).conditions);
  const ready = conditions.find(({ type }) => type === "Ready");
  return {
    name: node.metadata.name,
    ready: ready?.status === "True",
    why: text(ready?.message) ?? "its kubelet has not reported yet",
    pressures: conditions
      .filter(({ type, status }) => pressureTypes.includes(String(type)) && status === "True")
      .map(({ type, message }) => ({ type: String(type), message: text(message) ?? "" })),
  };
}

export async function readNodes(client: KubeClient): Promise<NodeState[]> {
  return (await client.list("v1", "Node")).items.map(stateOf);
}

/** Waits until `count` nodes are Ready. Throws InfrastructureError with what they wait for themselves. */
export async function untilNodesReady(
  client: KubeClient,
  count: number,
  { cluster, signal }: { cluster: string; signal: AbortSignal },
): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs;
  let problem = "";
  let unready: string | undefined;
  do {
    signal.throwIfAborted();
    try {
      const nodes = await readNodes(client);
      if (nodes.filter(({ ready }) => ready).length >= count) return;
      const waiting = nodes.find(({ ready }) => !ready);
      unready = waiting?.name;
      problem = waiting
        ? `${waiting.name} is not Ready: ${waiting.why}`
        : `${nodes.length} of ${count} nodes have registered`;
    } catch (error) {
      if (!(error instanceof InfrastructureError)) throw error;
      problem = messageOf(error);
    }
    await sleep(pollMs);
  } while (Date.now() < deadline);
  const container = unready ?? (await nodeContainers(cluster, signal))[0]?.name;
  const log = container === undefined ? "" : await nodeLog(container, 3, signal);
  throw new InfrastructureError(
    `the nodes did not become Ready within ${readyTimeoutMs / 1000} s: ${problem}${log === "" ? "" : `; the end of ${container}'s log: ${log}`}`,
  );
}
