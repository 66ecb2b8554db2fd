import { posix, resolve } from "node:path";
import { defaultEngine } from "../engine/default-engine.ts";
import type { EngineName } from "../engine/engine.ts";
import { engines } from "../engine/engines.ts";
import { verdictOfError } from "../rehearsal/error-verdict.ts";
import { rehearse } from "../rehearsal/rehearse.ts";
import { stopwatch } from "../rehearsal/stopwatch.ts";
import { exitCodes, type Verdict } from "../rehearsal/verdict.ts";
import { paletteFor } from "../report/palette.ts";
import { type Console, plainConsole } from "../report/plain-console.ts";
import { verdictText } from "../report/text.ts";
import { type Checkout, openCheckout } from "../repository/checkout.ts";
import { type Config, emptyConfig, loadConfig } from "../repository/config.ts";
import type { ConfigOverrides } from "../repository/config-overrides.ts";
import { liveConsole } from "./console.ts";
import { interruption } from "./interruption.ts";
import { keepReport, makeReportFolder } from "./report-folder.ts";

export interface RehearseFlags {
  base?: string;
  head?: string;
  worktree?: boolean;
  engine?: EngineName;
  context?: string;
  /** Milliseconds. */
  timeout?: number;
  root?: string[];
  config?: string;
  trustBase?: boolean;
  toolchain?: string;
  fetch: boolean;
  offline?: boolean;
  cache?: string;
  guardHost?: boolean;
  report?: string;
  logs?: string;
  json?: boolean;
  verbose?: boolean;
}

/** Rehearses, shows it, and gives the exit code of the verdict. */
export async function rehearseCommand(path: string, flags: RehearseFlags): Promise<number> {
  // With --json, standard output is the verdict's alone.
  const stream = flags.json ? process.stderr : process.stdout;
  const palette = paletteFor(stream.isTTY && !process.env.NO_COLOR);
  const live = stream.isTTY && !process.env.CI;
  const console = (live ? liveConsole : plainConsole)({ stream, palette, verbose: flags.verbose ?? false });
  const { signal, release } = interruption();
  let verdict: Verdict;
  try {
    verdict = await rehearseWith(console, signal, path, flags);
  } finally {
    release();
    console.close();
  }
  if (flags.report !== undefined) await keepReport(flags.report, verdict);
  if (flags.json) process.stdout.write(`${JSON.stringify(verdict, null, 2)}\n`);
  stream.write(`\n${verdictText(verdict, palette).join("\n")}\n`);
  return exitCodes[verdict.result];
}

async function rehearseWith(
  console: Console,
  signal: AbortSignal,
  path: string,
  flags: RehearseFlags,
): Promise<Verdict> {
  let checkout: Checkout;
  let config: Config;
  try {
    if (flags.report !== undefined) await makeReportFolder(flags.report);
    checkout = await openCheckout(path, signal);
    config = flags.trustBase ? emptyConfig() : await loadConfig(path, { file: flags.config });
  } catch (error) {
    return verdictOfError(error, stopwatch());
  }
  return rehearse({
    checkout,
    base: flags.base,
    head: flags.head,
    worktree: flags.worktree ?? false,
    fetch: flags.fetch,
    engine: flags.engine && engines[flags.engine],
    engineFor: (name) => engines[name ?? defaultEngine(process.env)],
    config,
    configFrom: flags.trustBase ? "base" : flags.config === undefined ? "checkout" : "named",
    overrides: overridesOf(flags, checkout),
    guardHost: flags.guardHost ?? false,
    logsTo: flags.logs,
    log: console,
    signal,
    onProgress: (tree) => console.showTree(tree),
  });
}

function overridesOf(flags: RehearseFlags, { scope }: Checkout): ConfigOverrides {
  const { context, timeout, root, toolchain, offline, cache } = flags;
  return {
    context,
    ...{ offline, cache: cache && resolve(cache) },
    timeoutMs: timeout,
    roots: root?.map((path) => posix.join(scope, path)),
    rootsFrom: "--root",
    toolchainDirectory: toolchain && resolve(toolchain),
  };
}
