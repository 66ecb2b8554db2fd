import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { docker } from "../../src/engine/k3d/docker.ts";
import { ownerLabel } from "../../src/engine/k3d/leftovers.ts";
import { parseOwner } from "../../src/engine/k3d/owner.ts";
import type { Usage } from "../../src/runner/usage.ts";

const intervalMs = 1_000;

/** What Docker tells of a container, as far as it is read here: GET /containers/{id}/stats. */
export interface ContainerStats {
  cpu_stats?: { cpu_usage?: { total_usage?: number } };
  memory_stats?: {
    usage?: number;
    /** `inactive_file` with cgroup v2, `total_inactive_file` with v1, where the other does not count what is below. */
    stats?: { inactive_file?: number; total_inactive_file?: number };
  };
}

interface Container {
  Id: string;
  Labels: Record<string, string>;
}

/** Watches containers until it is disposed. */
export interface DockerMeter extends AsyncDisposable {
  /** What they took so far, all together; undefined where none was seen or Docker does not tell. */
  read(): Usage | undefined;
}

/**
 * Meters the nodes of clusters that child processes of this one make, with whatever runs in them. Asks
 * Docker's API itself, as the `docker` command has no CPU time to give. Where that cannot be asked, or the
 * children cannot be told (both only work on Linux), there is nothing to read.
 */
export async function meterNodes(): Promise<DockerMeter> {
  const endpoint = await docker(["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]);
  const [, socketPath] = /^unix:\/\/(.+)$/.exec(endpoint) ?? [];
  const tally = createTally();
  if (socketPath === undefined) return { read: tally.read, async [Symbol.asyncDispose]() {} };
  const ended = new AbortController();
  const loop = (async () => {
    while (!ended.signal.aborted) {
      // A container that ends between two questions is one to ask no more; nothing here may stop a measurement.
      await sample(socketPath, tally).catch(() => undefined);
      await sleep(intervalMs, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  })();
  return {
    read: tally.read,
    async [Symbol.asyncDispose]() {
      ended.abort();
      await loop;
    },
  };
}

interface Tally {
  add(all: ReadonlyMap<string, ContainerStats>): void;
  read(): Usage | undefined;
}

/** Sums up samples: CPU time by each container's last one, memory by the highest sum of one moment. */
export function createTally(): Tally {
  const nanoseconds = new Map<string, number>();
  let peak = 0;
  return {
    add(all) {
      let bytes = 0;
      for (const [id, { cpu_stats, memory_stats }] of all) {
        const used = cpu_stats?.cpu_usage?.total_usage;
        if (used) nanoseconds.set(id, used); // one that has ended is at 0
        const { usage = 0, stats } = memory_stats ?? {};
        // As `docker stats` has it: without what the kernel may drop at any time.
        bytes += usage - (stats?.total_inactive_file ?? stats?.inactive_file ?? 0);
      }
      peak = Math.max(peak, bytes);
    },
    read() {
      if (peak === 0) return undefined;
      const total = [...nanoseconds.values()].reduce((sum, value) => sum + value, 0);
      return { cpuSeconds: total / 1e9, peakMemoryBytes: peak };
    },
  };
}

async function sample(socketPath: string, tally: Tally): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({ label: [ownerLabel] }));
  const containers = (await ask(socketPath, `/containers/json?filters=${filters}`)) as Container[];
  const stats = await Promise.all(
    containers.map(async ({ Id, Labels }) => {
      const owner = parseOwner(Labels[ownerLabel] ?? "");
      if (owner === undefined || (await parentOf(owner.pid)) !== process.pid) return [];
      const path = `/containers/${Id}/stats?stream=false&one-shot=true`;
      return [[Id, (await ask(socketPath, path)) as ContainerStats] as const];
    }),
  );
  tally.add(new Map(stats.flat()));
}

/** proc(5): the second field after the command's name, which may hold blanks and parentheses. */
async function parentOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

/** Without a version in the path, Docker answers as its newest. */
function ask(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const question = request({ socketPath, path, timeout: 5_000 }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => {
        try {
          if (response.statusCode !== 200) throw new Error(`Docker answers ${response.statusCode}: ${text}`);
          resolve(JSON.parse(text));
        } catch (error) {
          reject(error);
        }
      });
    });
    question.on("timeout", () => question.destroy(new Error("Docker does not answer")));
    question.on("error", reject);
    question.end();
  });
}
