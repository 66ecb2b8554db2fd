import { expect, test } from "vitest";
import { committed } from "./tree-fixture.ts";
import { findYamlErrors } from "./yaml-errors.ts";

test("every error below a folder, with its line, and none of elsewhere", async () => {
  await using repository = await committed({
    "app/fine.yaml": "a: {b: 1}\n---\nc: 2\n",
    "app/tabs.yaml": "a:\n\tb: 1\n",
    "app/deep/twice.yml": "a: 1\n---\nb: 1\nb: 2\n",
    "app/kustomization.yaml": "resources: [\n",
    "app/readme.md": "a: [\n",
    "chart/Chart.yaml": "name: c\n",
    "chart/templates/t.yaml": "{{ if .x }}\n",
    "other/broken.yaml": "a: [\n",
  });
  const errors = await findYamlErrors(repository.tree, "app");
  expect(errors.map(({ file, line }) => `${file}:${line}`)).toEqual([
    "app/deep/twice.yml:4",
    "app/kustomization.yaml:2",
    "app/tabs.yaml:2",
  ]);
  expect(await findYamlErrors(repository.tree, "chart")).toEqual([]);
  expect(await findYamlErrors(repository.tree, "nowhere")).toEqual([]);
});
