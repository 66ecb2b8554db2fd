import { join } from "node:path";
import type { Git } from "../repository/git.ts";
import { sameRepository } from "../repository/repository-url.ts";

// Up to what cannot be part of a URL in YAML or JSON, or begins the query of a remote kustomization.
const tail = "[^\\s\"'`,;<>()\\[\\]{}|\\\\?#]+";
const sshUrl = new RegExp(
  `(?<![\\w.@/+-])(?:(?:git\\+)?ssh://${tail}|[\\w.+-]+@(?:\\[[\\da-fA-F:]+\\]|[\\w.-]+):(?!//)${tail})`,
  "gi",
);

/**
 * Replaces the ssh spellings of the repositories `urls` (https) by those URLs; `.git` and a path after `//`,
 * as kustomize has it, are kept.
 */
export function replaceSshUrls(text: string, urls: readonly string[]): string {
  return text.replace(sshUrl, (spelling) => {
    const [, repository = spelling, inner = ""] = spelling.match(/^((?:[\w+]+:\/\/)?.*?)(\/\/.*)?$/) ?? [];
    const url = urls.find((candidate) => sameRepository(candidate, repository));
    if (url === undefined) return spelling;
    return `${url}${/\.git\/?$/i.test(repository) ? ".git" : ""}${inner}`;
  });
}

/**
 * The one exception to "no manifest is rewritten": ssh cannot be intercepted, so manifests of the merge
 * result point to the https URL instead. Gives the new tree and the files that differ in it.
 */
export async function rewriteSshUrls(request: {
  git: Git;
  gitDir: string;
  tree: string;
  urls: readonly string[];
  signal?: AbortSignal | undefined;
}): Promise<{ tree: string; rewritten: string[] }> {
  const { git, gitDir, tree, urls, signal } = request;
  const changes: { path: string; entry: string }[] = [];
  for (const path of await filesThatName(git, tree, urls, signal)) {
    const listing = await git.run(["ls-tree", "-z", tree, "--", path], { signal });
    const [, mode, blob] = listing.match(/^(100\d+) blob (\w+)\t/) ?? [];
    if (mode === undefined || blob === undefined) continue;
    const text = await git.run(["cat-file", "blob", blob], { signal });
    const replaced = replaceSshUrls(text, urls);
    // The replacement character stands for bytes that are not UTF-8 and would not survive.
    if (replaced === text || text.includes("\uFFFD")) continue;
    const written = await git.run(["hash-object", "-w", "--stdin"], { input: replaced, signal });
    changes.push({ path, entry: `${mode} ${written.trim()}\t${path}\0` });
  }
  if (changes.length === 0) return { tree, rewritten: [] };
  const env = { GIT_INDEX_FILE: join(gitDir, "rewrite.index") };
  await git.run(["read-tree", tree], { env, signal });
  const input = changes.map(({ entry }) => entry).join("");
  await git.run(["update-index", "-z", "--index-info"], { env, input, signal });
  const newTree = await git.run(["write-tree"], { env, signal });
  return { tree: newTree.trim(), rewritten: changes.map(({ path }) => path) };
}

/** A quick choice: those with the repository's name anywhere in them. */
async function filesThatName(
  git: Git,
  tree: string,
  urls: readonly string[],
  signal?: AbortSignal,
): Promise<string[]> {
  const names = [...new Set(urls.map((url) => url.slice(url.lastIndexOf("/") + 1)))];
  if (names.length === 0) return [];
  const patterns = names.flatMap((name) => ["-e", name]);
  const args = ["grep", "-I", "-l", "-z", "-i", "-F", ...patterns, tree];
  const { stdout } = await git.attempt([...args, "--", "*.yaml", "*.yml", "*.json"], { signal });
  return stdout
    .split("\0")
    .filter(Boolean)
    .map((line) => line.slice(tree.length + 1));
}
