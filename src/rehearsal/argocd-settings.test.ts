import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { ArgoCdConfig } from "../repository/config.ts";
import { type CommittedFiles, committed, isOwn } from "../repository/tree-fixture.ts";
import { UsageError } from "../runner/errors.ts";
import { argoCdSettings } from "./argocd-settings.ts";

const unconfigured: ArgoCdConfig = {
  values: undefined,
  chart: undefined,
  repository: undefined,
  version: undefined,
  release: undefined,
  namespace: undefined,
};

async function settingsOf(files: CommittedFiles, config: Partial<ArgoCdConfig> = {}, scope = "") {
  await using repository = await committed(files);
  return await argoCdSettings({ ...unconfigured, ...config }, await repository.content(scope), isOwn);
}

const managesItself = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: argo-cd}
spec:
  destination: {name: in-cluster, namespace: gitops}
  source:
    repoURL: https://charts.example.org
    chart: argo-cd
    targetRevision: 9.2.2
    helm: {releaseName: cd, valuesObject: {server: {replicas: 2}}}
`;

it("is a release with a note, where nothing says otherwise", async () => {
  const { settings, notes } = await settingsOf({ "README.md": "" });
  expect(settings).toEqual({
    chart: "argo-cd",
    repository: "https://argoproj.github.io/argo-helm",
    version: undefined,
    release: "argocd",
    namespace: "argocd",
    values: [],
  });
  expect(notes).toEqual([
    "No values for Argo CD were found (infrastructure/argocd/values.yaml); it was installed with defaults.",
  ]);
});

describe("the values", () => {
  const conventional = { "infrastructure/argocd/values.yaml": "from: top\n" };

  it("are those of convention, below the scope before the top", async () => {
    expect((await settingsOf(conventional)).settings.values).toEqual(["from: top\n"]);
    const both = { ...conventional, "home/infrastructure/argocd/values.yaml": "from: home\n" };
    expect((await settingsOf(both, {}, "home")).settings.values).toEqual(["from: home\n"]);
    const { settings, notes } = await settingsOf({ ...conventional, "home/x": "" }, {}, "home");
    expect({ values: settings.values, notes }).toEqual({ values: ["from: top\n"], notes: [] });
  });

  it("are those of the Application that manages Argo CD, before convention", async () => {
    const { settings, notes } = await settingsOf({ ...conventional, "argocd.yaml": managesItself });
    expect(settings.values.map((text) => parse(text))).toEqual([{ server: { replicas: 2 } }]);
    expect(notes).toEqual([]);
  });

  it("are those of the configuration, before all", async () => {
    const values = { path: "own.yaml", place: { file: ".rehearsal.yaml", line: 3 } };
    const files = { ...conventional, "argocd.yaml": managesItself, "own.yaml": "from: own\n" };
    expect((await settingsOf(files, { values })).settings.values).toEqual(["from: own\n"]);
  });

  it("that are configured have to exist", async () => {
    const values = { path: "gone.yaml", place: { file: ".rehearsal.yaml", line: 3 } };
    const error = await settingsOf(conventional, { values }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({
      message: "gone.yaml does not exist in the merge result",
      where: values.place,
    });
  });

  it("that an Application names have to exist, or are noted", async () => {
    const missing = managesItself.replace("valuesObject: {server: {replicas: 2}}", "valueFiles: [gone.yaml]");
    const { notes } = await settingsOf({ ...conventional, "argocd.yaml": missing });
    expect(notes).toEqual(["The values file gone.yaml of Argo CD does not exist."]);
  });
});

describe("chart, version, release and namespace", () => {
  it("are those of the Application that manages Argo CD", async () => {
    expect((await settingsOf({ "argocd.yaml": managesItself })).settings).toMatchObject({
      chart: "argo-cd",
      repository: "https://charts.example.org",
      version: "9.2.2",
      release: "cd",
      namespace: "gitops",
    });
  });

  it("are each those of the configuration where it names them", async () => {
    const config = { version: "9.3.0", namespace: "argo" };
    expect((await settingsOf({ "argocd.yaml": managesItself }, config)).settings).toMatchObject({
      repository: "https://charts.example.org",
      version: "9.3.0",
      release: "cd",
      namespace: "argo",
    });
  });

  it("are a path, where the repository is a folder", async () => {
    expect((await settingsOf({}, { repository: "/charts", chart: "argo" })).settings).toMatchObject({
      chart: "/charts/argo",
      repository: undefined,
    });
  });
});
