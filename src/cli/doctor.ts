import { exitCodes } from "../rehearsal/verdict.ts";
import { loadConfig } from "../repository/config.ts";
import { silentLog } from "../runner/log.ts";
import { inspectToolchain } from "../toolchain/inspect.ts";
import { describeToolchain } from "../toolchain/inspect-text.ts";

export interface DoctorFlags {
  toolchain?: string;
  json?: boolean;
}

/** Prints what a rehearsal would find on this machine. Exit code 3 where one could not start. */
export async function doctor(flags: DoctorFlags): Promise<number> {
  const { toolchain } = await loadConfig(".");
  const report = await inspectToolchain({
    directory: flags.toolchain ?? toolchain.directory,
    archive: toolchain.archive,
    archiveSha256: toolchain.archiveSha256,
    log: silentLog,
  });
  const text = flags.json ? JSON.stringify(report, null, 2) : describeToolchain(report).join("\n");
  process.stdout.write(`${text}\n`);
  return report.problems.length === 0 ? exitCodes.passed : exitCodes.infrastructure;
}
