import { describe, expect, test } from "vitest";
import { changedFiles } from "./changed-files.ts";
import { commit, createRepository, git, temporaryFolder } from "./git-fixture.ts";
import { memoryTree } from "./memory-tree-fixture.ts";
import { findIrrelevance } from "./relevance.ts";
import { openTree, type Tree } from "./tree.ts";
import { application, type CommittedFiles, committed, folderSet } from "./tree-fixture.ts";

const homelab: CommittedFiles = {
  "README.md": "# Homelab\n",
  "docs/setup.md": "How to\n",
  "root.yaml": application("root", "apps"),
  "apps/web.yaml": application("web", "web"),
  "web/deployment.yaml": "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: web}\n",
};

async function treeOf(files: CommittedFiles): Promise<{ tree: Tree } & AsyncDisposable> {
  const plain = Object.entries(files).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  if (plain.length < Object.keys(files).length) return committed(files);
  return { tree: memoryTree(Object.fromEntries(plain)), async [Symbol.asyncDispose]() {} };
}

/** Whether a change from `before` to `after` is irrelevant; `after` adds to `before`, undefined deletes. */
async function irrelevant(
  before: CommittedFiles,
  after: Record<string, CommittedFiles[string] | undefined>,
  ignore: readonly string[] = [],
): Promise<boolean> {
  const merged = Object.fromEntries(
    Object.entries({ ...before, ...after }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
  await using left = await treeOf(before);
  await using right = await treeOf(merged);
  const changed = Object.keys(after).map((path) => ({
    path,
    kind: "modified" as const,
    special: [before[path], after[path]].some((file) => typeof file === "object" && "link" in file),
  }));
  const found = await findIrrelevance({
    ...{ changed, ignore, base: left.tree, merged: right.tree },
    k3dConfig: "ci/k3d.txt",
  });
  return found !== undefined;
}

describe("nothing of Argo CD's", () => {
  test.each<{ name: string; after: Parameters<typeof irrelevant>[1]; ignore?: string[] }>([
    { name: "a changed document", after: { "README.md": "new" } },
    { name: "a document in a folder", after: { "docs/setup.md": "new" } },
    { name: "a document beside manifests", after: { "web/NOTES.md": "new" } },
    { name: "a picture", after: { "docs/rack.png": "new" } },
    { name: "a removed document", after: { "docs/setup.md": undefined, "docs/other.md": "x" } },
    { name: "a license", after: { LICENSE: "x" } },
    { name: "a workflow", after: { ".github/workflows/lint.yaml": "on: push\n" } },
    { name: "Renovate's settings", after: { "renovate.json": "{}" } },
    {
      name: "what the base ignores",
      after: { "ansible/site.yaml": "- hosts: all\n" },
      ignore: ["ansible/**"],
    },
  ])("$name", async ({ after, ignore }) => {
    expect(await irrelevant({ ...homelab, "ansible/hosts.md": "" }, after, ignore)).toBe(true);
  });

  test("what a configuration names only to have it ignored", async () => {
    const configured = {
      ...homelab,
      ".rehearsal.yaml": "relevance:\n  ignore: [ansible/**]\n",
      "ansible/hosts.md": "",
    };
    const after = { "ansible/site.yaml": "- hosts: all\n" };
    expect(await irrelevant(configured, after, ["ansible/**"])).toBe(true);
    expect(
      await irrelevant({ ...configured, ".rehearsal.yaml": "roots: [ansible]\n" }, after, ["ansible/**"]),
    ).toBe(false);
  });
});

describe("what Argo CD could notice", () => {
  const chart = {
    "chart/Chart.yaml": "name: c\nversion: 1.0.0\n",
    "chart/README.md": "x",
    "chart/templates/a.yaml": "a: 1\n",
  };
  test.each<{
    name: string;
    before?: CommittedFiles;
    after: Parameters<typeof irrelevant>[1];
    ignore?: string[];
  }>([
    { name: "nothing at all", after: {} },
    { name: "a manifest", after: { "web/deployment.yaml": "x: 1\n" } },
    { name: "a manifest beside a document", after: { "README.md": "x", "web/deployment.yaml": "x: 1\n" } },
    { name: "an unknown kind of file", after: { "web/script.sh": "x" } },
    { name: "a symbolic link", after: { "docs/link.md": { link: "../README.md" } } },
    { name: "a link that becomes a file", before: { "l.md": { link: "README.md" } }, after: { "l.md": "x" } },
    {
      name: "what a link leads to",
      before: { "web/cm.yaml": { link: "../docs/setup.md" } },
      after: { "docs/setup.md": "x" },
    },
    {
      name: "what lies below a linked folder",
      before: { "web/more": { link: "../docs" } },
      after: { "docs/setup.md": "x" },
    },
    { name: ".gitattributes", after: { ".gitattributes": "* text\n" } },
    { name: ".gitmodules", after: { ".gitmodules": "" } },
    { name: ".rehearsal.yaml", after: { ".rehearsal.yaml": "" }, ignore: ["**"] },
    { name: "the configuration of k3d", after: { "ci/k3d.txt": "" }, ignore: ["**"] },
    { name: ".argocd-source.yaml", after: { "web/.argocd-source.yaml": "" }, ignore: ["**"] },
    { name: ".helmignore", after: { "chart/.helmignore": "*.md" }, ignore: ["**"] },
    {
      name: "a file of a generator",
      before: {
        "web/kustomization.yaml": "configMapGenerator:\n  - name: a\n    files: [motd.txt]\n",
        "web/motd.txt": "",
      },
      after: { "web/motd.txt": "x" },
    },
    {
      name: "a document named only by the merge result",
      after: { "docs/setup.md": "x", "README.md": "files: setup.md", "web/a.tpl": "setup.md" },
    },
    {
      name: "a pattern that matches it",
      before: { "web/x.yaml": "files: ['*.md']\n" },
      after: { "web/a.md": "x" },
    },
    {
      name: "a name that a template makes",
      before: { "apps/set.yaml": "valueFiles: ['{{ name }}.txt']\n" },
      after: { "web/a.txt": "x" },
    },
    {
      name: "a chart that reads files",
      before: { ...chart, "chart/templates/a.yaml": "{{ .Files.Get .Values.f }}" },
      after: { "chart/README.md": "y" },
    },
    {
      name: "a chart that depends on others",
      before: { ...chart, "chart/Chart.yaml": "name: c\ndependencies:\n  - name: d\n" },
      after: { "chart/README.md": "y" },
    },
    { name: "a document among templates", before: chart, after: { "chart/templates/README.md": "y" } },
    {
      name: "a folder that a generator would list",
      before: { "set.yaml": folderSet("all", "apps/*") },
      after: { "apps/new/README.md": "x" },
    },
    {
      name: "the last file of a folder that is named",
      before: { "apps/d.yaml": application("d", "docs") },
      after: { "docs/setup.md": undefined },
    },
    {
      name: "a file of a generator of files",
      before: {
        "set.yaml": folderSet("all", "x")
          .replace("directories", "files")
          .replace("path: x", 'path: "conf/*.txt"'),
      },
      after: { "conf/a/b.txt": "x" },
    },
    {
      name: "anything, for a plugin",
      before: { "apps/p.yaml": application("p", "web", "plugin:\n  name: x") },
      after: { "README.md": "x" },
    },
    {
      name: "anything, for a plugin in values",
      before: { "v.yaml": "configs:\n  cmp:\n    create: true\n" },
      after: { "README.md": "x" },
    },
    {
      name: "anything, for functions that kustomize executes",
      before: { "v.yaml": "kustomize.buildOptions: --enable-exec\n" },
      after: { "README.md": "x" },
    },
    {
      name: "tools' YAML at the top, which is a source",
      before: { "apps/top.yaml": application("top", ".") },
      after: { "renovate.json": "{}" },
    },
    {
      name: "a workflow in a folder that is named",
      before: { "apps/gh.yaml": application("gh", ".github/workflows") },
      after: { ".github/workflows/a.yaml": "x" },
    },
    { name: "what is ignored in a source's folder", after: { "web/more.yaml": "x" }, ignore: ["web/**"] },
    {
      name: "what is ignored where templates make ApplicationSets",
      before: { ...chart, "chart/templates/a.yaml": "kind: ApplicationSet\n" },
      after: { "ansible/a.yaml": "x" },
      ignore: ["ansible/**"],
    },
    {
      name: "what a change would have ignored",
      after: { ".rehearsal.yaml": "relevance: {ignore: ['**']}\n", "web/deployment.yaml": "x: 1\n" },
    },
  ])("$name", async ({ before, after, ignore }) => {
    expect(await irrelevant({ ...homelab, ...before }, after, ignore)).toBe(false);
  });
});

describe("of a real change", () => {
  test("says why, and is relevant with one manifest more, also where the merge hides it", async () => {
    await using folder = await temporaryFolder();
    const path = folder.path;
    const files = { "README.md": "a\n", "web/a.yaml": "a: 1\n", "root.yaml": application("root", "web") };
    const base = await createRepository(path, files);
    const documented = await commit(path, { "README.md": "b\n", "docs/a.md": "a\n" });
    const gitDir = `${path}/.git`;
    const ask = async (to: string) =>
      findIrrelevance({
        changed: await changedFiles(gitDir, base, to),
        base: await openTree(gitDir, base),
        merged: await openTree(gitDir, to),
        ...{ ignore: [], k3dConfig: undefined },
      });
    expect(await ask(documented)).toBe(
      "each of the 2 files that change is documentation or about the repository itself, which Argo CD does not read",
    );
    await git(path, "submodule", "--quiet", "add", path, "docs/sub");
    const withSubmodule = await commit(path, {});
    expect(
      (await changedFiles(gitDir, documented, withSubmodule)).map(({ path, special }) => [path, special]),
    ).toEqual([
      [".gitmodules", false],
      ["docs/sub", true],
    ]);
    expect(await ask(withSubmodule)).toBeUndefined();
  });
});
