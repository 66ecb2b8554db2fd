import { packageRoot } from "../src/runner/package-root.ts";
import { run } from "../src/runner/process.ts";

/** Builds the bundles once, before any test that starts one. */
export async function setup(): Promise<void> {
  await run("rolldown", ["-c"], { cwd: packageRoot() });
}
