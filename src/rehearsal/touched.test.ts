import { describe, expect, test } from "vitest";
import { readContent } from "../repository/content.ts";
import { memoryTree } from "../repository/memory-tree-fixture.ts";
import { application, folderSet, ownUrl } from "../repository/tree-fixture.ts";
import { declaredSources, describeChanges } from "./touched.ts";
import { shownChanges } from "./verdict.ts";

const several = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: chart}
spec:
  sources:
    - repoURL: https://charts.example.org
      chart: redis
      helm: {valueFiles: [$values/envs/redis.yaml]}
    - {repoURL: "${ownUrl}", ref: values}
`;
const content = readContent(
  memoryTree({
    "apps/web.yaml": application(
      "web",
      "web",
      "helm:\n  valueFiles: [values.yaml, ../envs/web.yaml, /envs/all.yaml]",
    ),
    "apps/chart.yaml": several,
    "apps/overlay.yaml": application("overlay", "overlay/prod"),
    "apps/theirs.yaml": application("theirs", "web").replace(ownUrl, "https://elsewhere.example/x"),
    "set.yaml": folderSet("sites", "sites/*"),
    "web/values.yaml": "",
    "web/Chart.yaml": "",
    "overlay/prod/kustomization.yaml": "resources: [../base]\n",
    "overlay/base/kustomization.yaml": "resources: [a.yaml]\n",
    "overlay/base/a.yaml": "",
    "sites/blog/a.yaml": "",
  }),
  "",
);

async function applicationsOf(path: string): Promise<readonly string[] | undefined> {
  const known = await content;
  const changed = [{ path, kind: "modified" as const, special: false }];
  const { changes } = describeChanges(changed, declaredSources(known), known, { urls: [ownUrl] });
  return changes[0]?.applications;
}

describe("the Applications of a changed file", () => {
  test.each([
    ["in a source's folder", "web/templates/a.yaml", ["web"]],
    ["deleted from it", "web/gone.yaml", ["web"]],
    ["values beside it", "envs/web.yaml", ["web"]],
    ["values from the top", "envs/all.yaml", ["web"]],
    ["values of a chart from elsewhere", "envs/redis.yaml", ["chart"]],
    ["what a kustomization reaches", "overlay/base/a.yaml", ["overlay"]],
    ["what an ApplicationSet lists", "sites/blog/a.yaml", ["sites"]],
    ["among plain manifests", "sites/blog/b.yaml", ["sites"]],
    ["below them", "sites/blog/more/b.yaml", []],
    ["of nobody", "README.md", []],
    ["with a name that only begins so", "web2/a.yaml", []],
  ])("%s", async (_, path, names) => {
    expect(await applicationsOf(path)).toEqual(names);
  });

  test("are named for so many files, and all are counted", async () => {
    const known = await content;
    const changed = Array.from({ length: shownChanges + 1 }, (_, index) => {
      return { path: `web/${index}`, kind: "added" as const, special: false };
    });
    const described = describeChanges(changed, declaredSources(known), known, { urls: [ownUrl] });
    expect(described.changes).toHaveLength(shownChanges);
    expect(described.changed).toBe(shownChanges + 1);
  });
});
