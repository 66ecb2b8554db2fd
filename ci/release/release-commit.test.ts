import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { commit, git, temporaryFolder } from "../../src/repository/git-fixture.ts";
import { makeReleaseCommits } from "./release-commit.ts";
import { selfReferences } from "./self-references.ts";

const release = {
  toolchain: { archive: "https://example.test/{key}", sha256: { "linux-amd64": "a".repeat(64) } },
};
const called = ".github/workflows/rehearse.yml";
const copied = "examples/workflows/rehearsal.yml";

const files = {
  ".gitignore": "dist/\n",
  "action.yml": "runs: { using: node24, main: dist/rehearse.js }\n",
  [called]: "jobs: { a: { steps: [\n  { id: x },\n] } }\n    uses: gitops-rehearsal/rehearsal@main\n",
  [copied]: "    uses: gitops-rehearsal/rehearsal/.github/workflows/rehearse.yml@main\n",
};

/** A clone with `dist` built, as a release job has it. */
async function builtClone(from: string, folder: string): Promise<string> {
  await git(from, "clone", "--quiet", from, folder);
  await mkdir(join(folder, "dist/chunks"), { recursive: true });
  await writeFile(join(folder, "dist/rehearse.js"), "import './chunks/a.js';\n");
  await writeFile(join(folder, "dist/chunks/a.js"), "1;\n");
  return folder;
}

it("a release carries dist, its workflows name the commit that does, and anyone makes the same again", async () => {
  await using temporary = await temporaryFolder();
  const upstream = join(temporary.path, "upstream");
  await mkdir(upstream);
  await git(upstream, "init", "--quiet");
  const source = await commit(upstream, files);
  const top = await builtClone(upstream, join(temporary.path, "one"));

  const made = await makeReleaseCommits({ top, version: "1.2.3", release });
  const show = (path: string) => git(top, "show", `${made.tag}:${path}`);
  expect(made.tag).toBe("v1.2.3");
  expect(await git(top, "rev-parse", "v1.2.3^{commit}", "v1.2.3~1", "v1.2.3~2")).toBe(
    [made.tagged, made.carrier, source].join("\n"),
  );
  expect(await git(top, "diff", "--name-only", source, made.carrier)).toBe(
    "dist/chunks/a.js\ndist/rehearse.js\nrelease.json",
  );
  expect(selfReferences(await show(called))).toEqual([made.carrier]);
  expect(selfReferences(await show(copied))).toEqual(["v1.2.3"]);
  expect(JSON.parse(await show("release.json"))).toEqual(release);

  // The checkout, its branch and its other worktrees are as they were.
  expect(await git(top, "rev-parse", "HEAD")).toBe(source);
  expect(await git(top, "status", "--porcelain")).toBe("");
  expect(await readFile(join(top, called), "utf8")).toBe(files[called]);
  expect((await git(top, "worktree", "list")).split("\n")).toHaveLength(1);

  const again = await builtClone(upstream, join(temporary.path, "two"));
  expect(await makeReleaseCommits({ top: again, version: "1.2.3", release })).toEqual(made);
  expect(await makeReleaseCommits({ top, version: "1.2.3", release })).toEqual(made);

  await writeFile(join(top, "dist/rehearse.js"), "2;\n");
  await expect(makeReleaseCommits({ top, version: "1.2.3", release })).rejects.toThrow(
    /^the tag v1\.2\.3 is there, and points at [0-9a-f]{40}, not at /,
  );
  await writeFile(join(top, "action.yml"), "# edited\n");
  await expect(makeReleaseCommits({ top, version: "1.2.4", release })).rejects.toThrow(/not committed/);
});
