import { expect, test } from "vitest";
import { findDeployers } from "./deployers.ts";
import { application, type CommittedFiles, committed, folderSet, isOwn, ownUrl } from "./tree-fixture.ts";

/** Which of `files` the only Application or ApplicationSet of a repository deploys. */
async function deployedOf(files: CommittedFiles): Promise<string[]> {
  await using repository = await committed(files);
  const [deployer, other] = findDeployers(await repository.content(), isOwn);
  if (!deployer || other) throw new Error("a test has one Application");
  return repository.tree.files.map(({ path }) => path).filter(deployer.deploys);
}

const manifests = {
  "apps/a.yaml": "a: 1",
  "apps/sub/b.yaml": "b: 1",
  "apps/sub/deep/c.json": "{}",
  "other/d.yaml": "d: 1",
};

test("a folder of plain manifests without those below it", async () => {
  expect(await deployedOf({ ...manifests, "root.yaml": application("root", "apps") })).toEqual([
    "apps/a.yaml",
  ]);
});

test("a folder with those below it, but for what is excluded", async () => {
  const recursing = application("root", "./apps/", "directory:\n  recurse: true\n  exclude: 'sub/deep/*'");
  expect(await deployedOf({ ...manifests, "root.yaml": recursing })).toEqual([
    "apps/a.yaml",
    "apps/sub/b.yaml",
  ]);
  const including = application("root", "apps", "directory:\n  recurse: true\n  include: '{a,*c}.*'");
  expect(await deployedOf({ ...manifests, "root.yaml": including })).toEqual([
    "apps/a.yaml",
    "apps/sub/deep/c.json",
  ]);
});

test("not what another repository holds under the same path, nor a path that leads out", async () => {
  const foreign = application("root", "apps").replace(ownUrl, "https://git.example.org/else/where.git");
  expect(await deployedOf({ ...manifests, "root.yaml": foreign })).toEqual([]);
  expect(await deployedOf({ ...manifests, "root.yaml": application("root", "../apps") })).toEqual([]);
});

test("what a kustomization reaches, and nothing else", async () => {
  const deployed = await deployedOf({
    "root.yaml": application("root", "overlay"),
    "overlay/kustomization.yaml":
      "resources: [../base, own.yaml, https://example.org/x.yaml]\npatches: [{path: patch.yaml}]\n",
    "overlay/own.yaml": "a: 1",
    "overlay/patch.yaml": "a: 1",
    "overlay/forgotten.yaml": "a: 1",
    "base/kustomization.yml": "resources: [b.yaml, ../overlay]\n",
    "base/b.yaml": "b: 1",
  });
  expect(deployed).toEqual(["base/b.yaml", "overlay/own.yaml"]);
});

test("a chart's templates", async () => {
  const deployed = await deployedOf({
    "root.yaml": application("root", "chart"),
    "chart/Chart.yaml": "name: c",
    "chart/values.yaml": "a: 1",
    "chart/templates/a.yaml": "a: 1",
  });
  expect(deployed).toEqual(["chart/templates/a.yaml"]);
});

test("a plugin's folder whole, and not a file that Argo CD is told to skip", async () => {
  expect(
    await deployedOf({ ...manifests, "root.yaml": application("root", "apps", "plugin: {name: x}") }),
  ).toEqual(["apps/a.yaml", "apps/sub/b.yaml", "apps/sub/deep/c.json"]);
  const skipped = { "apps/a.yaml": "# +argocd:skip-file-rendering\n# for argoproj.io/ too\na: 1" };
  expect(await deployedOf({ ...skipped, "root.yaml": application("root", "apps") })).toEqual([]);
});

const sites = {
  "sites/blog/a.yaml": "a: 1",
  "sites/recipes/b.yaml": "b: 1",
  "sites/.hidden/c.yaml": "c: 1",
  "sites/blog/sub/d.yaml": "d: 1",
  "sites/readme.yaml": "e: 1",
};

test("the folders that an ApplicationSet finds", async () => {
  expect(await deployedOf({ ...sites, "set.yaml": folderSet("sites", "sites/*") })).toEqual([
    "sites/blog/a.yaml",
    "sites/recipes/b.yaml",
  ]);
  const excluding = folderSet("sites", "sites/*\n          - path: sites/re*\n            exclude: true");
  expect(await deployedOf({ ...sites, "set.yaml": excluding })).toEqual(["sites/blog/a.yaml"]);
});

test("an ApplicationSet with the old templates, a path of more than the folder, a list, a matrix", async () => {
  const old = folderSet("sites", "sites/*").replace("{{ .path.path }}", "sites/{{path.basename}}/sub");
  expect(await deployedOf({ ...sites, "set.yaml": old })).toEqual(["sites/blog/sub/d.yaml"]);
  const set = folderSet("sites", "sites/*");
  const listed = set.replace(
    / {4}- git:.*?template:/s,
    "    - list: {elements: [{name: blog, at: {env: sites}}]}\n  template:",
  );
  const templated = listed.replace("{{ .path.path }}", "{{ .at.env }}/{{.name}}");
  expect(await deployedOf({ ...sites, "set.yaml": templated })).toEqual(["sites/blog/a.yaml"]);
  const matrix = set
    .replace(
      / {4}- git:.*?template:/s,
      `    - matrix:
        generators:
          - list: {elements: [{env: sites}]}
          - git: {repoURL: ${ownUrl}, revision: main, directories: [{path: sites/*}]}
  template:`,
    )
    .replace("{{ .path.path }}", "{{ .env }}/{{ index .path.segments 1 }}");
  expect(await deployedOf({ ...sites, "set.yaml": matrix })).toEqual([
    "sites/blog/a.yaml",
    "sites/recipes/b.yaml",
  ]);
});

test("an ApplicationSet by files", async () => {
  const set = folderSet("sites", "sites/*")
    .replace("directories:", "files:")
    .replace("sites/*\n", "sites/*/a.yaml\n");
  expect(await deployedOf({ ...sites, "set.yaml": set })).toEqual(["sites/blog/a.yaml"]);
});

test("nothing where only the cluster knows the path", async () => {
  const set = folderSet("sites", "sites/*").replace("{{ .path.path }}", "{{ .metadata.labels.path }}");
  expect(await deployedOf({ ...sites, "set.yaml": set })).toEqual([]);
});
