/**
 * `npm run release -- ARCHIVES` makes and tags the commits of a release in a fresh clone with `dist` built;
 * ARCHIVES is a folder with the toolchain archives and their checksums. `npm run release -- --verify TAG` makes
 * the commits of a published release again, from the commit below them, and fails unless they are the same.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isExpected, UsageError } from "../../src/runner/errors.ts";
import { packageRoot, packageVersion } from "../../src/runner/package-root.ts";
import { run } from "../../src/runner/process.ts";
import { parseRelease, type Release, releaseFile } from "../../src/toolchain/release.ts";
import { makeReleaseCommits } from "./release-commit.ts";
import { releaseOf } from "./release-facts.ts";

const downloads = "https://github.com/gitops-rehearsal/rehearsal/releases/download";

async function main([first, second]: readonly string[]): Promise<void> {
  const top = packageRoot();
  if (first === undefined) throw new UsageError("usage: npm run release -- ARCHIVES | --verify TAG");
  if (first === "--verify") return verify(top, second ?? `v${packageVersion()}`);
  const version = packageVersion();
  const sums = (await readdir(first)).filter((name) => name.endsWith(".sha256"));
  const release = releaseOf(
    `${downloads}/v${version}`,
    await Promise.all(sums.map((name) => readFile(join(first, name), "utf8"))),
  );
  const { carrier, tagged, tag } = await makeReleaseCommits({ top, version, release });
  process.stdout.write(`${tag} is ${tagged}; dist is in ${carrier}\n`);
}

async function verify(top: string, tag: string): Promise<void> {
  const show = async (what: string) => (await run("git", ["show", what], { cwd: top })).stdout;
  const release: Release = parseRelease(await show(`${tag}:${releaseFile}`));
  const { tagged } = await makeReleaseCommits({ top, version: tag.replace(/^v/, ""), release });
  process.stdout.write(`${tag} is ${tagged}, byte for byte what this machine builds\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!isExpected(error)) throw error;
  process.stderr.write(`${error.message}\n${error.fix ?? ""}\n`);
  process.exitCode = 1;
}
