import { readFile, writeFile } from "node:fs/promises";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { paletteFor } from "../../src/report/palette.ts";
import { plainConsole } from "../../src/report/plain-console.ts";
import { InfrastructureError, isExpected, UsageError } from "../../src/runner/errors.ts";
import { packageRoot } from "../../src/runner/package-root.ts";
import { run } from "../../src/runner/process.ts";
import { startRegistry } from "../stand-in/registry-server.ts";
import { generateWorkload, mostOnOneNode } from "./generate.ts";
import { type BenchEngine, benchEngines, type Measurement, measure } from "./measure.ts";
import { insertTable, markdownTable, type Origin, resultsOf } from "./table.ts";

const usage =
  "npm run bench -- [--apps N[,N…]] [--engine simulated[,k3d]] [--stand-in] [--runs K] [--json] [--write]";

interface Options {
  apps: readonly number[];
  engines: readonly BenchEngine[];
  runs: number;
  /** Whether nodes, and what runs on them, are made from ci/stand-in in place of the published images. */
  standIn: boolean;
  json: boolean;
  write: boolean;
}

async function main(signal: AbortSignal): Promise<void> {
  const options = readOptions();
  const origin = await originOf(packageRoot(), options); // before there is a load of our own
  const measurements = await measureAll(options, signal);
  const table = markdownTable(measurements, origin);
  process.stdout.write(`${options.json ? JSON.stringify({ ...origin, measurements }, null, 2) : table}\n`);
  if (!options.write) return;
  const document = join(packageRoot(), "docs/performance.md");
  await writeFile(document, insertTable(await readFile(document, "utf8"), table));
  const results = `${JSON.stringify(resultsOf(measurements, origin), null, 2)}\n`;
  await writeFile(join(packageRoot(), "ci/bench/results.json"), results);
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      apps: { type: "string", default: "1,50,250" },
      engine: { type: "string", default: "simulated" },
      runs: { type: "string", default: "3" },
      "stand-in": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
    },
  });
  const { json, write, "stand-in": standIn } = values;
  const apps = values.apps.split(",").map(count);
  const engines = values.engine.split(",").map(engineNamed);
  if (standIn && !engines.includes("k3d"))
    throw new UsageError("--stand-in is about the images of the engine k3d", { fix: usage });
  if (engines.includes("k3d") && Math.max(...apps) > mostOnOneNode)
    throw new UsageError(`a node takes the Pods of at most ${mostOnOneNode} of these Applications`, {
      fix: `Say --apps 1,${mostOnOneNode}, or measure more with --engine simulated alone.`,
    });
  return { apps, engines, runs: count(values.runs), standIn, json, write };
}

async function measureAll(
  { apps, engines, runs, standIn }: Options,
  signal: AbortSignal,
): Promise<Measurement[]> {
  await using registry = standIn ? await startRegistry({ log: progress, signal }) : undefined;
  const measurements: Measurement[] = [];
  for (const applications of apps) {
    // One repository for all engines, so that nothing but the engine differs.
    await using workload = await generateWorkload(applications, registry?.k3dConfig);
    for (const engine of engines) {
      const onRun = ({ allHealthy, total }: Measurement["median"], index: number) =>
        progress.info(
          `${applications} Applications, ${engine}, run ${index + 1} of ${runs}: healthy at ${allHealthy.toFixed(1)} s, total ${total.toFixed(1)} s`,
        );
      measurements.push(await measure({ workload, applications, engine, runs, signal, onRun }));
    }
  }
  return measurements;
}

function count(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text.trim()))
    throw new UsageError(`"${text}" is not a number from 1 to 9999`, { fix: usage });
  return Number(text);
}

function engineNamed(text: string): BenchEngine {
  const engine = benchEngines.find((name) => name === text.trim());
  if (engine === undefined)
    throw new UsageError(`"${text}" is none of ${benchEngines.join(", ")}`, { fix: usage });
  return engine;
}

async function originOf(folder: string, { engines, standIn }: Options): Promise<Origin> {
  const { stdout } = await run("git", ["describe", "--always", "--dirty", "--exclude=*"], { cwd: folder });
  const [date = ""] = new Date().toISOString().split("T");
  return {
    cores: cpus().length,
    processor: (cpus()[0]?.model ?? "unknown").trim(),
    memoryBytes: totalmem(),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    date,
    revision: stdout.trim(),
    images: engines.includes("k3d") ? (standIn ? "stand-in" : "published") : undefined,
  };
}

/** Aborts on Ctrl-C and SIGTERM, so that what was started is released. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.on(name, () => controller.abort(new InfrastructureError(`interrupted by ${name}`)));
  return controller.signal;
}

const progress = plainConsole({ stream: process.stderr, palette: paletteFor(false), verbose: false });

try {
  await main(interruption());
} catch (thrown) {
  // What failed first counts: a Docker that is gone can give nothing back either.
  const error = thrown instanceof SuppressedError ? thrown.suppressed : thrown;
  if (!isExpected(error)) throw thrown;
  progress.warn(`${error.message}${error.fix ? ` ${error.fix}` : ""}`);
  process.exitCode = 1;
} finally {
  progress.close();
}
