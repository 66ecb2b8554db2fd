import { paletteFor } from "../../src/report/palette.ts";
import { plainConsole } from "../../src/report/plain-console.ts";
import { isExpected } from "../../src/runner/errors.ts";
import { argoHealth } from "./argo-health.ts";
import { deriveFiles, staleFiles, writeFiles } from "./stages.ts";

/** Writes the derived stages; with `--check`, fails where they are not up to date. */
async function main(check: boolean): Promise<number> {
  await using health = await argoHealth();
  const files = await deriveFiles(health);
  if (!check) {
    await writeFiles(files);
    return 0;
  }
  const stale = await staleFiles(files);
  for (const name of stale) progress.warn(`${name} is not as it would be derived`);
  return stale.length === 0 ? 0 : 1;
}

const progress = plainConsole({ stream: process.stderr, palette: paletteFor(false), verbose: false });

try {
  process.exitCode = await main(process.argv.includes("--check"));
} catch (error) {
  if (!isExpected(error)) throw error;
  progress.warn(error.message);
  process.exitCode = 1;
} finally {
  progress.close();
}
