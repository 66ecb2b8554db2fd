import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { engines } from "../engine/engines.ts";
import { exitCodes } from "../rehearsal/verdict.ts";
import { parseDuration } from "../runner/duration.ts";
import { messageOf, UsageError } from "../runner/errors.ts";
import { packageVersion } from "../runner/package-root.ts";
import { type DoctorFlags, doctor } from "./doctor.ts";
import { type RehearseFlags, rehearseCommand } from "./rehearse-command.ts";
import { type VendorFlags, vendorCommand } from "./vendor-command.ts";

/** Runs the command line and gives its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.passed;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.passed : exitCodes.misused;
    throw error;
  }
}

function createProgram(setExitCode: (code: number) => void): Command {
  const program = new Command("rehearse")
    .description(
      "Rehearses a change of a GitOps repository on a throw-away Argo CD, and says whether it may be merged.",
    )
    .version(packageVersion(), "-V, --version")
    .showSuggestionAfterError()
    .configureHelp({ sortOptions: false })
    .enablePositionalOptions() // `doctor --json` is the doctor's
    .exitOverride()
    .argument("[path]", "a folder in the checkout; the Applications below it are rehearsed", ".")
    .option("--base <revision>", "what the change is merged into (default: the default branch)")
    .option("--head <revision>", "the change (default: HEAD)")
    .option("--worktree", "rehearse what lies in the checkout, committed or not")
    .addOption(
      new Option(
        "--engine <name>",
        "where to rehearse (default: k3d on GitHub Actions, simulated elsewhere)",
      ).choices(Object.keys(engines)),
    )
    .option("--context <name>", "the context of the kubeconfig, for the engine existing")
    .option("--timeout <duration>", "how long the Applications may take (default: 10m)", duration)
    .option("--root <path...>", "the root manifests or their folder, where convention does not find them")
    .option("--config <file>", "configuration (default: .rehearsal.yaml)")
    .addOption(
      new Option(
        "--trust-base",
        "the change is somebody else's: take the whole configuration from the base, as on GitHub",
      ).conflicts("config"),
    )
    .option("--toolchain <folder>", "programs of your own in place of ours")
    .option("--no-fetch", "take branches and tags as the checkout has them, and do not ask the remote")
    .option("--offline", "fetch nothing at all: what is not in the cache cannot be rehearsed")
    .option("--cache <folder>", "where charts and other repositories are kept (default: in ~/.cache)")
    .option(
      "--guard-host",
      "refuse workloads that reach this machine, unless hostAccess of the base waives them",
    )
    .option("--report <folder>", "write verdict.json, report.md, report.html and junit.xml there")
    .option("--logs <folder>", "keep the logs of every process there")
    .option("--json", "print the verdict as JSON on standard output; progress goes to standard error")
    .option("-v, --verbose", "say more about what happens")
    .addHelpText("after", examples)
    .action(async (path: string, flags: RehearseFlags) => setExitCode(await rehearseCommand(path, flags)));
  program
    .command("vendor")
    .description("fill the cache with what the repository takes from other hosts, and write the lock")
    .argument("[path]", "a folder in the checkout, as for a rehearsal", ".")
    .option(
      "--seed <folder>",
      "take charts from archives name-version.tgz there; may be repeated",
      collect,
      [],
    )
    .option(
      "--check",
      "fetch and write nothing: fail where the lock or the cache lacks something, or differs",
    )
    .option("--offline", "ask nobody: only the cache and seeds count")
    .option("--cache <folder>", "where everything is kept (default: in ~/.cache)")
    .option("--lock <file>", "the lock (default: rehearsal.lock.yaml beside .rehearsal.yaml)")
    .option("--config <file>", "configuration (default: .rehearsal.yaml)")
    .option("--json", "print what was found as JSON on standard output; progress goes to standard error")
    .action(async (path: string, flags: VendorFlags) => setExitCode(await vendorCommand(path, flags)));
  program
    .command("doctor")
    .description("show which programs are there, where they come from, and what is missing")
    .option("--toolchain <folder>", "programs of your own in place of ours")
    .option("--json", "print it as JSON")
    .action(async (flags: DoctorFlags) => setExitCode(await doctor(flags)));
  return program;
}

const examples = `
Examples:
  rehearse                              the current branch, merged into the default branch
  rehearse --worktree                   the same with what is not committed yet
  rehearse --base main --head feature   any two revisions
  rehearse --engine k3d                 with real containers, in Docker
  rehearse clusters/home --json         one folder of a larger repository, for a script
  rehearse vendor && rehearse --offline without any network

Exit codes:
  0  every Application is Synced and Healthy
  1  the change is broken
  2  wrong use or configuration
  3  the rehearsal itself could not be carried out
`;

function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

function duration(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    const fix = error instanceof UsageError ? error.fix : "";
    throw new InvalidArgumentError(`${messageOf(error)}. ${fix}`);
  }
}
