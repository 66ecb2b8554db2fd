import { gitAt } from "./git.ts";

/** A path at which two commits differ. A renamed file is one deleted and one added. */
export interface ChangedFile {
  /** From the top of the repository. */
  path: string;
  kind: "added" | "modified" | "deleted";
  /** Whether it is, or was, something else than a file: a symbolic link, a submodule. */
  special: boolean;
}

/** What differs from one commit or tree of the Git directory `gitDir` to another, in Git's order. */
export async function changedFiles(
  gitDir: string,
  from: string,
  to: string,
  signal?: AbortSignal,
): Promise<ChangedFile[]> {
  const args = ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-ext-diff", from, to, "--"];
  const output = await gitAt(gitDir).run(args, { signal });
  const fields = output.split("\0");
  const found: ChangedFile[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [, before = "", after = ""] = /^:(\d+) (\d+) /.exec(fields[index] ?? "") ?? [];
    found.push({
      path: fields[index + 1] ?? "",
      kind: before === none ? "added" : after === none ? "deleted" : "modified",
      special: [before, after].some((mode) => mode !== none && !mode.startsWith("100")),
    });
  }
  return found;
}

/** The best common ancestors of two commits; none where their histories have nothing in common. */
export async function mergeBases(
  gitDir: string,
  left: string,
  right: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const { stdout } = await gitAt(gitDir).attempt(["merge-base", "--all", left, right], { signal });
  return stdout.split("\n").filter((line) => line !== "");
}

const none = "000000";
