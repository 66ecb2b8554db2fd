import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plainConsole } from "../src/cli/console.ts";
import { paletteFor } from "../src/report/palette.ts";
import { packageRoot } from "../src/runner/package-root.ts";
import { tryRun } from "../src/runner/process.ts";
import { resolveToolchain } from "../src/toolchain/resolve.ts";

/** Static checks; each counts as one test. */
const checks = [
  { name: "types", command: ["tsc"] },
  { name: "lint, format and boundaries", command: ["biome", "check", "."] },
  { name: "the JSON Schema of .rehearsal.yaml is up to date", command: ["node", "ci/schema.ts", "--check"] },
  { name: "bundle", command: ["rolldown", "-c"] },
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

/** Runs everything that must hold, and ends with one line that counts it. */
async function main(): Promise<number> {
  const tally: Tally = { passed: 0, failed: 0, skipped: [] };
  for (const check of checks) await runCheck(check, tally);
  const console = plainConsole({ stream: process.stdout, palette: paletteFor(false), verbose: false });
  await resolveToolchain({ log: console }); // here rather than in the first test that needs it, for its progress
  await runVitest(tally);
  for (const name of tally.skipped) print(`skipped: ${name}`);
  print(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped.length} skipped`);
  return tally.failed === 0 && tally.passed > checks.length ? 0 : 1;
}

async function runCheck(
  { name, command: [program, ...args] }: (typeof checks)[number],
  tally: Tally,
): Promise<void> {
  const result = await tryRun(program, args, { cwd: root });
  const passed = result.exitCode === 0;
  print(`${passed ? "✓" : "✗"} ${name}`);
  if (passed) tally.passed += 1;
  else {
    tally.failed += 1;
    print(result.stdout + result.stderr);
  }
}

async function runVitest(tally: Tally): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "rehearsal-tests-"));
  try {
    const report = join(folder, "report.json");
    const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
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

process.exitCode = await main();
