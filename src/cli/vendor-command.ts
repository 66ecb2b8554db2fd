import { resolve } from "node:path";
import { firstOf } from "../rehearsal/error-verdict.ts";
import { type VendorReport, vendorRepository } from "../rehearsal/vendor-repository.ts";
import { exitCodes } from "../rehearsal/verdict.ts";
import { paletteFor } from "../report/palette.ts";
import { type Console, plainConsole } from "../report/plain-console.ts";
import { oneLine } from "../report/sanitise.ts";
import { vendorText } from "../report/vendor-text.ts";
import { openCheckout } from "../repository/checkout.ts";
import { loadConfig } from "../repository/config.ts";
import { ChangeError, isExpected, UsageError } from "../runner/errors.ts";
import type { Problem } from "../vendor/vendored.ts";
import { liveConsole } from "./console.ts";
import { interruption } from "./interruption.ts";

export interface VendorFlags {
  seed?: string[];
  check?: boolean;
  offline?: boolean;
  cache?: string;
  lock?: string;
  config?: string;
  json?: boolean;
}

/** Fills the cache, shows what is in it, and gives the exit code. */
export async function vendorCommand(path: string, flags: VendorFlags): Promise<number> {
  const stream = flags.json ? process.stderr : process.stdout;
  const palette = paletteFor(stream.isTTY && !process.env.NO_COLOR);
  const live = stream.isTTY && !process.env.CI;
  const console = (live ? liveConsole : plainConsole)({ stream, palette, verbose: false });
  const { signal, release } = interruption();
  let report: VendorReport;
  try {
    report = await vendorWith(path, flags, console, signal);
  } catch (thrown) {
    const error = signal.aborted ? signal.reason : firstOf(thrown);
    if (!isExpected(error)) throw error;
    console.close();
    const { message, where, fix } = error;
    if (flags.json) process.stdout.write(`${JSON.stringify({ error: { message, where, fix } }, null, 2)}\n`);
    stream.write(`${palette.bad("✗")} ${oneLine(message)}\n`);
    if (where) stream.write(`    ${oneLine([where.file, where.line].filter(Boolean).join(":"))}\n`);
    if (fix) stream.write(`    ${oneLine(fix)}\n`);
    if (error instanceof ChangeError) return exitCodes.failed;
    return error instanceof UsageError ? exitCodes.misused : exitCodes.infrastructure;
  } finally {
    release();
    console.close();
  }
  if (flags.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  stream.write(`\n${vendorText(report, palette).join("\n")}\n`);
  return exitCodeOf(report);
}

async function vendorWith(
  path: string,
  flags: VendorFlags,
  log: Console,
  signal: AbortSignal,
): Promise<VendorReport> {
  const { seed = [], check = false, offline, cache, lock } = flags;
  const checkout = await openCheckout(path, signal);
  return vendorRepository({
    checkout,
    config: await loadConfig(path, { file: flags.config }),
    configFrom: flags.config === undefined ? "checkout" : "named",
    overrides: { offline, cache: cache && resolve(cache) },
    seeds: seed.map((folder) => resolve(folder)),
    lockFile: lock && resolve(lock),
    ...{ check, log, signal },
  });
}

const exitCodeOfProblem: Record<Problem["kind"], number> = {
  missing: exitCodes.failed,
  changed: exitCodes.failed,
  incomplete: exitCodes.failed,
  denied: exitCodes.misused,
  unavailable: exitCodes.infrastructure,
};

/** The change's own fault goes before what is amiss around it. */
function exitCodeOf({ complete, sources }: VendorReport): number {
  if (complete) return exitCodes.passed;
  const codes = sources.flatMap((one) =>
    "problem" in one && !one.source.optional ? [exitCodeOfProblem[one.problem.kind]] : [],
  );
  return Math.min(...codes, codes.length === 0 ? exitCodes.failed : exitCodes.infrastructure);
}
