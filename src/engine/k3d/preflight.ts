import { statfs } from "node:fs/promises";
import { freemem } from "node:os";
import { InfrastructureError } from "../../runner/errors.ts";
import type { Log } from "../../runner/log.ts";
import { formatBytes } from "../../toolchain/wording.ts";
import { docker } from "./docker.ts";

/** The machine that runs the containers. */
export interface DockerHost {
  cpus: number;
  /** Bytes of memory that it has. */
  memory: number;
  /** Bytes of memory that are free now; undefined where it is not this system. */
  freeMemory: number | undefined;
  disk: Disk | undefined;
  /** Whether containers run in this very system, and not in a virtual machine beside it (Docker Desktop). */
  isThisSystem: boolean;
}

/** The file system with Docker's folder, where it can be seen from here. */
export interface Disk {
  folder: string;
  free: number;
  total: number;
}

/** Bytes, as k3s and Argo CD take them. */
const needs = {
  /** k3s takes 0.7 GB with nothing on it, and Argo CD as much again. */
  memory: { least: 1.5e9, comfortable: 3.5e9 },
  /** Node image 0.3 GB, Argo CD's and Redis' images 0.7 GB, then data and logs; applications come on top. */
  disk: { least: 2e9, comfortable: 6e9 },
} as const;

/** k3s starts its kubelet so that it evicts Pods below this share of free disk, however large the disk is. */
const evictedBelow = 0.05;

/**
 * Looks at Docker and its machine before anything is started there. Throws InfrastructureError where it
 * cannot work, with the numbers; what is merely tight is a warning.
 */
export async function preflight(log: Log, signal: AbortSignal): Promise<DockerHost> {
  const [endpoint, answer] = await Promise.all([
    docker(["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"], { signal }),
    docker(["info", "--format", "{{json .}}"], { signal }),
  ]);
  const info = JSON.parse(answer) as DockerInfo;
  if (isRemote(endpoint)) {
    throw new InfrastructureError(
      `Docker is on another machine (${endpoint}), from where a cluster cannot reach this one`,
      { fix: "Use a Docker on this machine, or rehearse on a cluster that is there: --engine existing." },
    );
  }
  const isThisSystem = process.platform === "linux" && !/docker desktop/i.test(info.OperatingSystem);
  const host: DockerHost = {
    cpus: info.NCPU,
    memory: info.MemTotal,
    freeMemory: isThisSystem ? freemem() : undefined,
    disk: isThisSystem ? await diskOf(info.DockerRootDir) : undefined,
    isThisSystem,
  };
  const { hopeless, tight } = judgeHost(host);
  if (hopeless !== undefined) {
    throw new InfrastructureError(`a cluster of k3d cannot run here: ${hopeless}`, {
      fix: "Free what is needed (docker system prune removes unused images), take a larger machine, or --engine simulated.",
    });
  }
  for (const line of tight) log.warn(line);
  return host;
}

interface DockerInfo {
  NCPU: number;
  MemTotal: number;
  DockerRootDir: string;
  OperatingSystem: string;
}

/** Whether an endpoint of Docker's is reached over a network. */
export function isRemote(endpoint: string): boolean {
  if (/^(?:unix|npipe|fd):/.test(endpoint)) return false;
  return !/^tcp:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::|\/|$)/.test(endpoint);
}

/** Undefined where the folder cannot be seen from here. */
export async function diskOf(folder: string): Promise<Disk | undefined> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { folder, free: bavail * bsize, total: blocks * bsize };
  } catch {
    return undefined;
  }
}

/** What keeps a cluster from running on a machine, and what is worth a warning; each with its numbers. */
export function judgeHost(host: Pick<DockerHost, "cpus" | "memory" | "freeMemory" | "disk">): {
  hopeless: string | undefined;
  tight: string[];
} {
  const { cpus, memory, freeMemory, disk } = host;
  const tight: string[] = [];
  const needed = (kind: keyof typeof needs) => `about ${formatBytes(needs[kind].comfortable)} is needed`;
  if (memory < needs.memory.least)
    return { hopeless: `Docker has ${formatBytes(memory)} of memory, ${needed("memory")}`, tight };
  if (disk && disk.free < needs.disk.least)
    return { hopeless: `${describeDisk(disk)}, ${needed("disk")}`, tight };
  const available = Math.min(memory, freeMemory ?? memory);
  if (available < needs.memory.comfortable)
    tight.push(`Memory is tight: ${formatBytes(available)} of ${formatBytes(memory)} is free`);
  if (disk && disk.free < needs.disk.comfortable) tight.push(`Disk is tight: ${describeDisk(disk)}`);
  else if (disk && disk.free < disk.total * evictedBelow)
    tight.push(`Disk is tight: ${describeDisk(disk)}, and below 5 % k3s starts no Pods`);
  if (cpus < 2) tight.push(`Docker has ${cpus} processor: a cluster is slow with less than 2`);
  return { hopeless: undefined, tight };
}

/** `2 processors, 24 GB of memory, 49 GB of 252 GB are free in /var/lib/docker` */
export function describeHost({ cpus, memory, disk }: DockerHost): string {
  const processors = `${cpus} processor${cpus === 1 ? "" : "s"}`;
  const parts = [processors, `${formatBytes(memory)} of memory`, ...(disk ? [describeDisk(disk)] : [])];
  return parts.join(", ");
}

/** `812 MB of 14 GB are free in /var/lib/docker` */
export function describeDisk({ folder, free, total }: Disk): string {
  return `${formatBytes(free)} of ${formatBytes(total)} are free in ${folder}`;
}
