/**
 * Packs the toolchain as a release archive: `npm run toolchain:pack -- OUT_DIR`. Where our cache lacks it, it
 * is built from source first: no archive is made of another.
 */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { formatDuration } from "../../src/runner/duration.ts";
import { InfrastructureError, isExpected, UsageError } from "../../src/runner/errors.ts";
import type { Log } from "../../src/runner/log.ts";
import { archiveName, packToolchain } from "../../src/toolchain/archive-format.ts";
import { readManifest } from "../../src/toolchain/manifest.ts";
import { resolveToolchain } from "../../src/toolchain/resolve.ts";
import { formatBytes } from "../../src/toolchain/wording.ts";

const updateMs = 10_000;

async function main(): Promise<void> {
  const [folder, ...rest] = process.argv.slice(2);
  if (folder === undefined || rest.length > 0) {
    say("usage: npm run toolchain:pack -- OUT_DIR");
    process.exitCode = 2;
    return;
  }
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => interrupt.abort(new InfrastructureError(`ended by ${signal}`)));
  }
  const toolchain = await resolveToolchain({ log: plainLog(), signal: interrupt.signal });
  const source = dirname(toolchain.bin);
  const manifest = await readManifest(source);
  if (manifest === undefined) throw new Error(`no manifest in ${source}`);

  await mkdir(folder, { recursive: true });
  const path = join(folder, archiveName(manifest));
  const started = Date.now();
  const { sha256, bytes } = await packToolchain(source, manifest, path);
  say(`${path}: ${formatBytes(bytes)} in ${formatDuration(Date.now() - started)}, sha256 ${sha256}`);
}

/** One line per event; of a step's updates one in ten seconds. */
function plainLog(): Log {
  return {
    step(title) {
      say(title);
      let said = Date.now();
      return {
        update(detail) {
          if (Date.now() - said < updateMs) return;
          said = Date.now();
          say(`  ${detail}`);
        },
        done: (detail = "done") => say(`  ${detail}`),
        failed: (detail = "failed") => say(`  ${detail}`),
      };
    },
    info: say,
    warn: say,
    debug() {},
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  if (!isExpected(error)) throw error;
  say(error.fix === undefined ? error.message : `${error.message}\n${error.fix}`);
  process.exitCode = error instanceof UsageError ? 2 : 3;
}
