import { appendFile, copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Checkout } from "../repository/checkout.ts";
import { type Git, gitAt } from "../repository/git.ts";

const configuration = `
[uploadpack]
	allowAnySHA1InWant = true
	allowFilter = true
[gc]
	auto = 0
[maintenance]
	auto = false
[core]
	hooksPath = /dev/null
`;

/**
 * A bare repository that reads the checkout's objects where they are, and writes only to itself.
 * Its answers do not depend on anyone's configuration.
 */
export async function createOwnRepository(
  gitDir: string,
  checkout: Checkout,
  signal?: AbortSignal,
): Promise<Git> {
  await mkdir(gitDir, { recursive: true });
  const git = gitAt(gitDir);
  const format = (await checkout.git.run(["rev-parse", "--show-object-format"], { signal })).trim();
  await git.run(["init", "--quiet", "--bare", "--template=", `--object-format=${format}`], { signal });
  await mkdir(join(gitDir, "objects/info"), { recursive: true });
  await writeFile(join(gitDir, "objects/info/alternates"), `${checkout.objects}\n`);
  if (checkout.shallow) {
    // Without it, the borrowed commits at the cut would claim a history that is not there.
    await copyFile(join(checkout.commonDir, "shallow"), join(gitDir, "shallow"));
  }
  await appendFile(join(gitDir, "config"), configuration);
  return git;
}
