import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { paletteFor } from "../src/report/palette.ts";
import { plainConsole } from "../src/report/plain-console.ts";
import { packageRoot } from "../src/runner/package-root.ts";
import { tryRun } from "../src/runner/process.ts";
import { resolveToolchain } from "../src/toolchain/resolve.ts";
import { ensureDocker, findDocker } from "./docker.ts";
import { standIn } from "./stand-in/build.ts";
import { type Check, workflowChecks } from "./workflow-checks.ts";

/** Static checks; each counts as one test. */
const checks = [
  { name: "types", command: ["tsc"] },
  { name: "lint, format and boundaries", command: ["biome", "check", "."] },
  { name: "the JSON Schema of .rehearsal.yaml is up to date", command: ["node", "ci/schema.ts", "--check"] },
  {
    name: "each action.yml and README is up to date with its action",
    command: ["node", "ci/actions/main.ts", "--check"],
  },
  { name: "bundles are reproducible and start", command: ["node", "ci/dist.ts"] },
] as const;

interface Tally {
  passed: number;
  failed: number;
  skipped: string[];
}

interface VitestReport {
  testResults: {
    assertionResults: { status: string; fullName: string }[];
    status: string;
    message: string;
  }[];
}

const root = packageRoot();
const print = (line: string) => process.stdout.write(`${line}\n`);

/**
 * Runs everything that must hold, and ends with one line that counts it. With `k3d` as argument, only the
 * tests on real containers, and a machine without Docker fails them.
 */
async function main(only: string | undefined): Promise<number> {
  const tally: Tally = { passed: 0, failed: 0, skipped: [] };
  const onlyK3d = only === "k3d";
  const console = plainConsole({ stream: process.stdout, palette: paletteFor(false), verbose: false });
  if (!onlyK3d) {
    for (const check of checks) await runCheck(check, tally);
    const ofWorkflows = await workflowChecks({ log: console });
    for (const check of ofWorkflows.checks) await runCheck(check, tally);
    tally.skipped.push(...ofWorkflows.skipped);
  }
  await resolveToolchain({ log: console }); // here rather than in the first test that needs it, for its progress
  // Only CI, or who asks for these tests alone, has Docker installed and started for them.
  const mayInstall = onlyK3d || process.env.CI === "true";
  await using docker = await (mayInstall ? ensureDocker({ report: print }) : findDocker());
  if (docker.unavailable === undefined) await standIn({ log: console });
  else print(`the tests on real containers are ${onlyK3d ? "impossible" : "skipped"}: ${docker.unavailable}`);
  if (docker.unavailable !== undefined && onlyK3d) tally.failed += 1;
  else if (onlyK3d) await runVitest(["k3d"], tally);
  // They wait more than they work: for Pods, and for Argo CD to be sure.
  else await Promise.all([["unit", "engine"], ["act", "k3d"], ["patient"]].map((of) => runVitest(of, tally)));
  for (const name of tally.skipped) print(`skipped: ${name}`);
  print(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped.length} skipped`);
  return tally.failed === 0 && tally.passed > (onlyK3d ? 0 : checks.length) ? 0 : 1;
}

async function runCheck({ name, command: [program, ...args] }: Check, tally: Tally): Promise<void> {
  const result = await tryRun(program, args, { cwd: root });
  const passed = result.exitCode === 0;
  print(`${passed ? "✓" : "✗"} ${name}`);
  if (passed) tally.passed += 1;
  else {
    tally.failed += 1;
    print(result.stdout + result.stderr);
  }
}

async function runVitest(projects: readonly string[], tally: Tally): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "rehearsal-tests-"));
  try {
    const report = join(folder, "report.json");
    const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    args.push(...projects.map((project) => `--project=${project}`));
    const result = await tryRun("vitest", args, { cwd: root, onLine: print });
    const { testResults } = JSON.parse(await readFile(report, "utf8")) as VitestReport;
    const tests = testResults.flatMap((file) => file.assertionResults);
    tally.passed += tests.filter(({ status }) => status === "passed").length;
    tally.skipped.push(
      ...tests
        .filter(({ status }) => status !== "passed" && status !== "failed")
        .map(({ fullName }) => fullName),
    );
    const failed = tests.filter(({ status }) => status === "failed").length;
    // A file that cannot be loaded fails with no test of its own.
    tally.failed += failed === 0 && result.exitCode !== 0 ? 1 : failed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv[2]);
