import { describeHost, preflight } from "../engine/k3d/preflight.ts";
import { exitCodes } from "../rehearsal/verdict.ts";
import { loadConfig } from "../repository/config.ts";
import { isExpected } from "../runner/errors.ts";
import { type Log, silentLog } from "../runner/log.ts";
import { inspectToolchain } from "../toolchain/inspect.ts";
import { describeToolchain } from "../toolchain/inspect-text.ts";

export interface DoctorFlags {
  toolchain?: string;
  json?: boolean;
}

/** Whether the engine k3d could start here. */
interface K3dReport {
  ready: boolean;
  /** The machine that Docker has, or why that will not do. */
  detail: string;
  /** How to mend it. */
  fix?: string | undefined;
  warnings: readonly string[];
}

/**
 * Prints what a rehearsal would find on this machine. Exit code 3 where one could not start; want of Docker
 * is no reason for that, as the simulated engine needs none.
 */
export async function doctor(flags: DoctorFlags): Promise<number> {
  const { toolchain } = await loadConfig(".");
  const [report, k3d] = await Promise.all([
    inspectToolchain({
      directory: flags.toolchain ?? toolchain.directory,
      archive: toolchain.archive,
      archiveSha256: toolchain.archiveSha256,
      log: silentLog,
    }),
    lookAtDocker(),
  ]);
  const text = flags.json
    ? JSON.stringify({ ...report, k3d }, null, 2)
    : [...describeToolchain(report), "", ...describeK3d(k3d)].join("\n");
  process.stdout.write(`${text}\n`);
  return report.problems.length === 0 ? exitCodes.passed : exitCodes.infrastructure;
}

async function lookAtDocker(): Promise<K3dReport> {
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (line) => warnings.push(line) };
  try {
    const host = await preflight(log, AbortSignal.timeout(20_000));
    return { ready: true, detail: describeHost(host), warnings };
  } catch (error) {
    if (!isExpected(error)) throw error;
    return { ready: false, detail: error.message, fix: error.fix, warnings };
  }
}

function describeK3d({ ready, detail, fix, warnings }: K3dReport): string[] {
  return [
    `Engine k3d: ${ready ? `Docker has ${detail}` : `cannot start here: ${detail}`}`,
    ...[...warnings, ...(fix === undefined ? [] : [fix])].map((line) => `  ${line}`),
  ];
}
