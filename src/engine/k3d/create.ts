import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { K3dConfigFile } from "../../repository/config.ts";
import { InfrastructureError, UsageError } from "../../runner/errors.ts";
import type { Step } from "../../runner/log.ts";
import { lastLines, tryRun } from "../../runner/process.ts";
import type { ClusterConfig } from "./config-file.ts";
import { nodeLog } from "./docker.ts";
import { nodeContainers } from "./nodes.ts";

/** k3d's own limit counts per stage, and stops at nothing while an image is on its way. */
const createTimeoutMs = 15 * 60_000;
const shownTail = 600;

export interface CreateRequest {
  k3d: string;
  name: string;
  config: ClusterConfig;
  /** Whose configuration it is, for errors that k3d finds in it. */
  file: K3dConfigFile | undefined;
  /** Private: the configuration may hold a registry's credentials. */
  folder: string;
  step: Step;
  signal: AbortSignal;
}

/**
 * Runs `k3d cluster create`, which returns once every node has said that it is up. What it has made by the
 * time it fails stays, for the caller to remove. Throws UsageError where k3d refuses the configuration,
 * InfrastructureError with k3d's reason and the end of a node's log otherwise.
 */
export async function createCluster(request: CreateRequest): Promise<void> {
  const { k3d, name, config, folder, step, signal } = request;
  const path = join(folder, "k3d.yaml");
  await writeFile(path, config.text, { mode: 0o600 });
  const said: Line[] = [];
  const { exitCode, stderr } = await tryRun(k3d, ["cluster", "create", "--config", path], {
    cwd: folder,
    // k3d leaves a copy of the configuration there, with its variables replaced.
    env: { TMPDIR: folder, KUBECONFIG: join(folder, "no-kubeconfig") },
    signal,
    timeoutMs: createTimeoutMs,
    onLine(text) {
      const line = parseLine(text);
      said.push(line);
      if (line.level === "INFO") step.update(line.message);
    },
  });
  if (exitCode === 0) return;
  const reason = reasonOf(said, path) || lastLines(stripVTControlCharacters(stderr), 1) || `code ${exitCode}`;
  if (isRefusal(said)) throw refused(reason, request.file);
  throw new InfrastructureError(`k3d could not create the cluster: ${reason}${await tails(name)}`);
}

export interface Line {
  /** `INFO`, `WARN`, `ERRO`, `FATA`; empty for what is no line of the log. */
  level: string;
  message: string;
}

/** A line as k3d's logger writes it: `INFO[0012] Starting servers...`, with colours. */
export function parseLine(text: string): Line {
  const plain = stripVTControlCharacters(text).trim();
  const [, level = "", message = plain] = /^([A-Z]{4})\[\d+\] ?(.*)$/.exec(plain) ?? [];
  return { level, message: message.trim() };
}

/** Whether k3d ended before it began to make anything, and so for what it read. */
export function isRefusal(lines: readonly Line[]): boolean {
  const began = lines.some(({ message }) => message.startsWith("Prep: Network"));
  const isNetwork = lines.some(({ message }) => /dial tcp|i\/o timeout|no such host/i.test(message));
  return !began && !isNetwork;
}

/** The errors that k3d gives, without those that only say that there was one, and without our file's name. */
export function reasonOf(lines: readonly Line[], path: string): string {
  const errors = lines.filter(({ level }) => level === "ERRO" || level === "FATA");
  const telling = errors.filter(({ message }) => !/^Cluster creation FAILED/.test(message));
  return (telling.length > 0 ? telling : errors)
    .slice(-2)
    .map(({ message }) => message.replaceAll(` for config file ${path}`, ""))
    .join("; ");
}

function refused(reason: string, file: K3dConfigFile | undefined): Error {
  if (file === undefined) return new InfrastructureError(`k3d refuses to create a cluster: ${reason}`);
  return new UsageError(`k3d refuses ${file.path}: ${reason}`, {
    where: { file: file.path },
    fix: "Correct the configuration; https://k3d.io/stable/usage/configfile describes it.",
  });
}

/** The ends of the nodes' logs, as far as there are any. Never throws. */
async function tails(name: string): Promise<string> {
  try {
    const containers = await nodeContainers(name);
    const logs = await Promise.all(
      containers.map(async (container) => ({ container, log: await nodeLog(container.name, 3) })),
    );
    return logs
      .filter(({ log }) => log !== "")
      .map(({ container, log }) => `; the end of ${container.name}'s log: ${log.slice(-shownTail)}`)
      .join("");
  } catch {
    return "";
  }
}
