import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compare } from "semver";
import { paletteFor } from "../../src/report/palette.ts";
import { plainConsole } from "../../src/report/plain-console.ts";
import { InfrastructureError, isExpected } from "../../src/runner/errors.ts";
import { packageRoot } from "../../src/runner/package-root.ts";
import { alone, batchesOf, findTrials } from "./charts.ts";
import { catalogueTable, type Result, replaceTable, resultOf } from "./table.ts";
import { type Outcome, tryCharts } from "./try-charts.ts";

const resultsFile = join(packageRoot(), "ci/catalogue/results.json");
const progress = plainConsole({ stream: process.stderr, palette: paletteFor(false), verbose: false });

/**
 * Tries the charts of `../shared/charts`, or of another folder: those that are named, else all. Each result takes
 * the place of the one before in `results.json`, from which the table is written.
 */
async function main(signal: AbortSignal): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      all: { type: "boolean", default: false },
      charts: { type: "string", default: join(packageRoot(), "../shared/charts") },
    },
  });
  const found = await findTrials(values.charts, true);
  const newest = found.filter(({ chart }, index) => found[index - 1]?.chart !== chart);
  const wanted = values.all ? found : newest;
  const trials =
    positionals.length === 0 ? wanted : wanted.filter(({ chart }) => positionals.includes(chart));
  const batches = batchesOf(trials, newest);
  for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
    const names = batch.judged.map(({ chart, version }) => `${chart} ${version}`);
    progress.info(`Trying ${names.join(", ")}`);
    const tried = await tryCharts(batch, signal);
    // One that fails ends the rehearsal of all: each that did not pass is tried alone before it counts.
    const isDecided = ({ application }: Outcome) => names.length === 1 || application.state === "passed";
    await keep(tried.filter(isDecided));
    batches.push(...tried.filter((each) => !isDecided(each)).map(({ trial }) => alone(trial, newest)));
  }
}

async function keep(outcomes: readonly Outcome[]): Promise<void> {
  const results = JSON.parse(await readFile(resultsFile, "utf8").catch(() => "[]")) as Result[];
  const all = new Map(results.map((result) => [`${result.chart} ${result.version}`, result]));
  for (const result of outcomes.map(resultOf)) {
    progress.info(`${result.chart} ${result.version} ${result.passes ? "passes" : `fails: ${result.said}`}`);
    all.set(`${result.chart} ${result.version}`, result);
  }
  const sorted = [...all.values()].sort(
    (left, right) => left.chart.localeCompare(right.chart) || compare(right.version, left.version),
  );
  await writeFile(resultsFile, `${JSON.stringify(sorted, null, 2)}\n`);
  const page = join(packageRoot(), "docs/simulated-engine.md");
  await writeFile(page, replaceTable(await readFile(page, "utf8"), catalogueTable(sorted)));
}

function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.on(name, () => controller.abort(new InfrastructureError(`interrupted by ${name}`)));
  return controller.signal;
}

try {
  await main(interruption());
} catch (error) {
  if (!isExpected(error)) throw error;
  progress.warn(error.message);
  process.exitCode = 1;
} finally {
  progress.close();
}
