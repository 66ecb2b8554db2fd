import { describe, expect, test } from "vitest";
import { ownUrl } from "../../repository/tree-fixture.ts";
import { bothWays, configMap, type Files, settingsOf, valuesFile } from "./protection-fixture.ts";

describe("where Argo CD is deployed from", () => {
  const argo = (source: string, repository = "https://argoproj.github.io/argo-helm") =>
    `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: argocd}\nspec:\n  source:\n    repoURL: ${repository}\n    chart: argo-cd\n    targetRevision: 9.2.2\n${source.replace(/^(?=.)/gm, "    ")}`;
  const exec = "--enable-exec";
  const wrapper =
    "name: cd\nversion: 1.0.0\ndependencies: [{name: argo-cd, version: 9.2.2, repository: https://x}]\n";
  bothWays("argocd.yaml", [
    {
      name: "values in the Application",
      setting: "argocd-kustomize",
      safe: argo(""),
      weak: argo(`helm:\n  valuesObject:\n    configs: {cm: {kustomize.buildOptions: ${exec}}}\n`),
    },
    {
      name: "values as text",
      setting: "argocd-kustomize",
      safe: argo(""),
      weak: argo(`helm:\n  values: |\n    configs: {cm: {kustomize.buildOptions: ${exec}}}\n`),
    },
    {
      name: "parameters",
      setting: "argocd-kustomize",
      safe: argo(""),
      weak: argo(
        `helm:\n  parameters:\n    - {name: 'configs.cm.kustomize\\.buildOptions', value: ${exec}}\n`,
      ),
    },
    {
      name: "parameters of a list",
      setting: "argocd-tools",
      safe: argo(""),
      weak: argo("helm:\n  parameters:\n    - {name: 'repoServer.initContainers[0].image', value: x}\n"),
    },
  ]);

  test.each<{ name: string; before: Files; after: Files; settings: string[] }>([
    {
      name: "another chart repository",
      before: { "a.yaml": argo("") },
      after: { "a.yaml": argo("", "https://evil.example") },
      settings: ["argocd-source"],
    },
    {
      name: "another version of it",
      before: { "a.yaml": argo("") },
      after: { "a.yaml": argo("").replace("9.2.2", "9.3.0") },
      settings: [],
    },
    {
      name: "values from elsewhere",
      before: { "a.yaml": argo("") },
      after: { "a.yaml": argo("helm: {valueFiles: ['https://evil.example/v.yaml']}\n") },
      settings: ["argocd-source"],
    },
    {
      name: "a values file of any name",
      before: { "x/v.yaml": "a: 1\n" },
      after: { "x/v.yaml": "repoServer: {volumes: [{name: x}]}\n" },
      settings: ["argocd-tools"],
    },
    {
      name: "values of a chart that depends on it",
      before: { "x/v.yaml": "argo-cd: {server: {}}\n" },
      after: { "x/v.yaml": "argo-cd: {server: {env: [{name: x}]}}\n" },
      settings: ["argocd-tools"],
    },
    {
      name: "a patch in a kustomization",
      before: { "argocd/kustomization.yaml": "resources: [a.yaml]\n" },
      after: {
        "argocd/kustomization.yaml": `resources: [a.yaml]\npatches:\n  - patch: |-\n${configMap("argocd-cm", "exec.enabled: 'true'").replace(/^/gm, "      ")}`,
      },
      settings: ["argocd-access"],
    },
    {
      name: "operations on what a kustomization makes",
      before: { "argocd/kustomization.yaml": "resources: [a.yaml]\n" },
      after: {
        "argocd/kustomization.yaml":
          "resources: [a.yaml]\npatches:\n  - target: {kind: ConfigMap, name: argocd-cm}\n    patch: |-\n      - {op: add, path: /data/x, value: y}\n",
      },
      settings: ["argocd-settings"],
    },
    {
      name: "a generated ConfigMap",
      before: { "argocd/kustomization.yaml": "resources: [a.yaml]\n" },
      after: {
        "argocd/kustomization.yaml":
          "resources: [a.yaml]\nconfigMapGenerator:\n  - name: argocd-rbac-cm\n    behavior: merge\n    files: [policy.csv]\n",
        "argocd/policy.csv": "g, all, role:admin\n",
      },
      settings: ["argocd-rbac"],
    },
    {
      name: "another remote base",
      before: {
        "argocd/kustomization.yaml":
          "resources: ['https://raw.githubusercontent.com/argoproj/argo-cd/v3.1.0/manifests/install.yaml']\n",
      },
      after: {
        "argocd/kustomization.yaml":
          "resources: ['https://raw.githubusercontent.com/evil/argo-cd/v3.1.0/manifests/install.yaml']\n",
      },
      settings: ["argocd-source"],
    },
    {
      name: "another version of it",
      before: {
        "argocd/kustomization.yaml":
          "resources: ['https://raw.githubusercontent.com/argoproj/argo-cd/v3.1.0/manifests/install.yaml']\n",
      },
      after: {
        "argocd/kustomization.yaml":
          "resources: ['https://raw.githubusercontent.com/argoproj/argo-cd/v3.2.0/manifests/install.yaml']\n",
      },
      settings: [],
    },
    {
      name: "a template that makes projects",
      before: {
        "c/Chart.yaml": "name: c\n",
        "c/templates/p.yaml": "kind: AppProject\nspec: {{ .Values.a }}\n",
      },
      after: {
        "c/Chart.yaml": "name: c\n",
        "c/templates/p.yaml": "kind: AppProject\nspec: {{ .Values.b }}\n",
      },
      settings: ["argocd-projects"],
    },
    {
      name: "values that do not parse as we do",
      before: { [valuesFile]: "server: {}\n" },
      after: { [valuesFile]: "server: {}\nserver: {env: [x]}\n" },
      settings: ["argocd-settings"],
    },
    {
      name: "values at the usual place of one of several clusters",
      before: { [`home/${valuesFile}`]: "server: {}\n" },
      after: { [`home/${valuesFile}`]: "server: {env: [{name: x}]}\n" },
      settings: ["argocd-tools"],
    },
    {
      name: "values that claim to be an object",
      before: { "x.yaml": "a: 1\n" },
      after: { "x.yaml": "apiVersion: v1\nkind: X\nrepoServer: {volumes: [{name: x}]}\n" },
      settings: ["argocd-tools"],
    },
    {
      name: "values under any name that an Application gives them",
      before: {
        "argocd.yaml": argo("").replace("chart: argo-cd", "path: cd"),
        "cd/Chart.yaml": wrapper,
        "cd/v": "",
      },
      after: {
        "argocd.yaml": argo("helm: {valueFiles: [v]}\n", ownUrl).replace("chart: argo-cd", "path: cd"),
        "cd/Chart.yaml": wrapper,
        "cd/v": "argo-cd: {server: {env: [{name: x}]}}\n",
      },
      settings: ["argocd-tools"],
    },
    {
      name: "projects of the chart argocd-apps",
      before: { "x.yaml": "projects: {a: {sourceRepos: [https://x], destinations: []}}\n# argo\n" },
      after: { "x.yaml": "projects: {a: {sourceRepos: ['*'], destinations: []}}\n# argo\n" },
      settings: ["argocd-projects"],
    },
    {
      name: "a patch that its target gives another name",
      before: { "argocd/kustomization.yaml": "resources: [a.yaml]\n" },
      after: {
        "argocd/kustomization.yaml":
          "resources: [a.yaml]\npatches:\n  - {path: p.yaml, target: {kind: ConfigMap, name: argocd-cm}}\n",
        "argocd/p.yaml": configMap("other", "exec.enabled: 'true'"),
      },
      settings: ["argocd-access"],
    },
    {
      name: "operations on whatever a pattern matches",
      before: { "argocd/kustomization.yaml": "resources: [a.yaml]\n" },
      after: {
        "argocd/kustomization.yaml":
          "resources: [a.yaml]\npatches:\n  - target: {kind: ConfigMap, name: '.*-cm'}\n    patch: '[{op: add, path: /data/x, value: y}]'\n",
      },
      settings: ["argocd-settings"],
    },
    {
      name: "operations on a Deployment of another",
      before: { "web/kustomization.yaml": "resources: [a.yaml]\n" },
      after: {
        "web/kustomization.yaml":
          "resources: [a.yaml]\npatches:\n  - target: {kind: Deployment}\n    patch: '[{op: add, path: /x, value: argo}]'\n",
      },
      settings: [],
    },
    {
      name: "the patch of a template",
      before: { "s.yaml": "a: 1\n" },
      after: {
        "s.yaml":
          "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: x}\nspec:\n  templatePatch: |\n    spec:\n      source: {helm: {valuesObject: {repoServer: {volumes: [{name: x}]}}}}\n",
      },
      settings: ["argocd-tools"],
    },
  ])("$name", async ({ before, after, settings }) => {
    expect(await settingsOf(before, after)).toEqual(settings);
  });
});
