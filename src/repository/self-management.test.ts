import { expect, test } from "vitest";
import { parse } from "yaml";
import { findSelfManagement, type SelfManagement } from "./self-management.ts";
import { type CommittedFiles, committed, isOwn, ownUrl } from "./tree-fixture.ts";

async function found(files: CommittedFiles): Promise<SelfManagement | undefined> {
  await using repository = await committed(files);
  return await findSelfManagement(await repository.content(), isOwn);
}

function argocd(sources: string): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: argo-cd}
spec:
  project: default
  destination: {name: in-cluster, namespace: gitops}
  sources:
${sources.replace(/^(?=.)/gm, "    ")}`;
}

const chart = "repoURL: https://charts.example.org\n  chart: argo-cd\n  targetRevision: 9.2.2";

test("an Application with values from Git, inline values and parameters, in Helm's order", async () => {
  const own = await found({
    "argocd.yaml": argocd(`- ${chart}
  helm:
    releaseName: argocd
    valueFiles: [$values/infra/values.yaml, $values/infra/gone.yaml, $other/x.yaml]
    valuesObject: {server: {replicas: 2}}
    parameters: [{name: global.domain, value: a.example.org}, {name: 'a\\.b', value: "1"}]
- {repoURL: ${ownUrl}, targetRevision: main, ref: values}
- {repoURL: https://git.example.org/other.git, ref: other}
`),
    "infra/values.yaml": "server: {replicas: 1}\n",
  });
  expect(own).toMatchObject({
    chart: "argo-cd",
    repository: "https://charts.example.org",
    version: "9.2.2",
    release: "argocd",
    namespace: "gitops",
    missing: ["$values/infra/gone.yaml", "$other/x.yaml"],
    place: { file: "argocd.yaml", line: 2 },
    others: [],
  });
  expect(own?.values.map(({ text }) => parse(text))).toEqual([
    { server: { replicas: 1 } },
    { server: { replicas: 2 } },
    { global: { domain: "a.example.org" } },
    { "a.b": 1 },
  ]);
});

test("its name is the release's, and a registry gets its scheme", async () => {
  const own = await found({
    "a.yaml": argocd("- {repoURL: ghcr.io/argoproj/argo-helm, chart: argo-cd, targetRevision: 9.x}\n"),
  });
  expect(own).toMatchObject({
    release: "argo-cd",
    repository: "oci://ghcr.io/argoproj/argo-helm",
    version: "9.x",
    values: [],
  });
});

test("values as text, and files that may be missing", async () => {
  const helm = `\n  helm:\n    ignoreMissingValueFiles: true\n    valueFiles: [$v/gone.yaml]\n    values: |\n      server: {replicas: 3}\n- {repoURL: ${ownUrl}, ref: v}\n`;
  const own = await found({ "a.yaml": argocd(`- ${chart}${helm}`) });
  expect(own?.missing).toEqual([]);
  expect(own?.values.map(({ text }) => parse(text))).toEqual([{ server: { replicas: 3 } }]);
});

test("a chart in Git that depends on it: its part of the values", async () => {
  const own = await found({
    "a.yaml": argocd(
      `- {repoURL: ${ownUrl}, path: charts/argocd, helm: {valueFiles: [../more.yaml, /top.yaml]}}\n`,
    ),
    "charts/argocd/Chart.yaml":
      "name: mine\ndependencies: [{name: argo-cd, version: 9.1.0, repository: https://charts.example.org}]\n",
    "charts/argocd/values.yaml": "argo-cd: {server: {replicas: 1}}\nmine: 1\n",
    "charts/more.yaml": "mine: 2\n",
    "top.yaml": "argo-cd: {dex: {enabled: false}}\n",
  });
  expect(own).toMatchObject({ repository: "https://charts.example.org", version: "9.1.0", missing: [] });
  expect(own?.values.map(({ text, file }) => [file, parse(text)])).toEqual([
    ["charts/argocd/values.yaml", { server: { replicas: 1 } }],
    ["top.yaml", { dex: { enabled: false } }],
  ]);
});

test("a kustomization that inflates it, unless an Application does; and nothing", async () => {
  const kustomization =
    "helmCharts:\n  - repo: https://charts.example.org\n    name: argo-cd\n    version: 9.0.0\n    valuesFile: v.yaml\n    valuesInline: {a: 1}\n";
  const files = { "k/kustomization.yaml": kustomization, "k/v.yaml": "b: 2\n" };
  const own = await found(files);
  expect(own).toMatchObject({ version: "9.0.0", place: { file: "k/kustomization.yaml", line: 3 } });
  expect(own?.values.map(({ text }) => parse(text))).toEqual([{ b: 2 }, { a: 1 }]);
  const both = await found({ ...files, "a.yaml": argocd(`- ${chart}\n`) });
  expect(both).toMatchObject({ version: "9.2.2", others: [{ file: "k/kustomization.yaml", line: 3 }] });
  expect(await found({ "a.yaml": "a: 1" })).toBeUndefined();
});
