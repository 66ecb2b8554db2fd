import { readFile, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isExpected, UsageError } from "../../src/runner/errors.ts";
import { packageRoot } from "../../src/runner/package-root.ts";
import { run } from "../../src/runner/process.ts";
import { type Measurement, measure } from "./measure.ts";
import { insertTable, markdownTable, type Origin, resultsOf } from "./table.ts";

const usage = "npm run bench -- [--apps N[,N…]] [--runs K] [--json] [--write]";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      apps: { type: "string", default: "1,50,250" },
      runs: { type: "string", default: "3" },
      json: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
    },
  });
  const runs = count(values.runs);
  const measurements: Measurement[] = [];
  for (const applications of values.apps.split(",").map(count)) {
    const tell = ({ allHealthy, total }: Measurement["median"], index: number) =>
      say(
        `${applications} Applications, run ${index + 1} of ${runs}: healthy at ${allHealthy.toFixed(1)} s, total ${total.toFixed(1)} s`,
      );
    measurements.push(await measure(applications, runs, tell));
  }
  const origin = await originOf(packageRoot());
  const table = markdownTable(measurements, origin);
  process.stdout.write(`${values.json ? JSON.stringify({ ...origin, measurements }, null, 2) : table}\n`);
  if (!values.write) return;
  const document = join(packageRoot(), "docs/performance.md");
  await writeFile(document, insertTable(await readFile(document, "utf8"), table));
  const results = `${JSON.stringify(resultsOf(measurements, origin), null, 2)}\n`;
  await writeFile(join(packageRoot(), "ci/bench/results.json"), results);
}

function count(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text.trim()))
    throw new UsageError(`"${text}" is not a number from 1 to 9999`, { fix: usage });
  return Number(text);
}

async function originOf(folder: string): Promise<Origin> {
  const { stdout } = await run("git", ["describe", "--always", "--dirty", "--exclude=*"], { cwd: folder });
  const [date = ""] = new Date().toISOString().split("T");
  const processor = (cpus()[0]?.model ?? "unknown").trim();
  return { cores: cpus().length, processor, memoryBytes: totalmem(), date, revision: stdout.trim() };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

await main().catch((error: unknown) => {
  if (!isExpected(error)) throw error;
  say(`${error.message}${error.fix ? ` ${error.fix}` : ""}`);
  process.exitCode = 1;
});
