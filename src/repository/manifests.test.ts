import { expect, test } from "vitest";
import { readDeclared } from "./manifests.ts";
import { application, committed, folderSet, ownUrl, project } from "./tree-fixture.ts";

test("reads Applications, ApplicationSets and AppProjects with their places", async () => {
  await using repository = await committed({
    "a.yaml": `# first\n${project("area")}---\n${application("one", "apps/one")}`,
    "sub/set.yml": folderSet("sites", "sites/*"),
    "b.json": JSON.stringify({
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      metadata: { name: "json", finalizers: ["x/y"], annotations: { "argocd.argoproj.io/sync-wave": "-3" } },
      spec: {
        project: "area",
        sources: [
          {
            repoURL: "https://charts.example.org",
            chart: "podinfo",
            targetRevision: "6.x",
            helm: { valueFiles: ["$v/a.yaml"] },
          },
          { repoURL: ownUrl, ref: "v" },
        ],
        destination: { name: "in-cluster", namespace: "podinfo" },
        syncPolicy: { automated: { prune: true } },
      },
    }),
  });
  const declared = await readDeclared(repository.tree, "");
  const [one, json] = [...declared.applications].sort((a, b) => (a.name > b.name ? 1 : -1)).reverse();
  expect(declared.projects.map(({ name, place }) => ({ name, place }))).toEqual([
    { name: "area", place: { file: "a.yaml", line: 3 } },
  ]);
  expect(one).toMatchObject({
    name: "one",
    namespace: "argocd",
    place: { file: "a.yaml", line: 12 },
    project: "default",
    automated: false,
    syncWave: 0,
    sources: [{ repoURL: ownUrl, path: "apps/one", targetRevision: "main" }],
    destination: { server: "https://kubernetes.default.svc", namespace: "one" },
  });
  expect(json).toMatchObject({
    name: "json",
    project: "area",
    automated: true,
    syncWave: -3,
    finalizers: ["x/y"],
  });
  expect(json?.sources).toEqual([
    {
      repoURL: "https://charts.example.org",
      chart: "podinfo",
      targetRevision: "6.x",
      helm: { valueFiles: ["$v/a.yaml"] },
    },
    { repoURL: ownUrl, ref: "v" },
  ]);
  expect(declared.applicationSets).toHaveLength(1);
  expect(declared.applicationSets[0]).toMatchObject({
    goTemplate: true,
    templateName: "sites-{{ .path.basename }}",
  });
});

test("unpacks a List and keeps unknown fields", async () => {
  const indented = application("one", "apps/one")
    .replace(/^/gm, "    ")
    .replace("    apiVersion", "  - apiVersion")
    .trimEnd();
  await using repository = await committed({
    "list.yaml": `apiVersion: v1\nkind: List\nitems:\n${indented}\n      future: {x: 1}\n`,
  });
  const { applications } = await readDeclared(repository.tree, "");
  expect(applications.map(({ name, place }) => [name, place.line])).toEqual([["one", 5]]);
  expect(applications[0]?.manifest.spec).toMatchObject({ future: { x: 1 } });
});

test("says which manifests do not parse, and reads the other documents of their file", async () => {
  await using repository = await committed({
    "a.yaml": `${application("fine", "x")}---\napiVersion: argoproj.io/v1alpha1\nkind Application\nmetadata: {}\n`,
    "values.yaml": "broken: [\n",
  });
  const declared = await readDeclared(repository.tree, "");
  expect(declared.applications.map(({ name }) => name)).toEqual(["fine"]);
  expect(declared.broken).toHaveLength(1);
  expect(declared.broken[0]).toMatchObject({ file: "a.yaml" });
  expect(declared.broken[0]?.line).toBeGreaterThan(15);
});

test("leaves templates of charts, other kinds and other groups alone", async () => {
  await using repository = await committed({
    "chart/Chart.yaml": "name: apps\n",
    "chart/templates/app.yaml": application("{{ .Values.name }}", "x"),
    "templates/app.yaml": application("no-chart", "x"),
    "rollout.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\n",
    "sig.yaml": "apiVersion: app.k8s.io/v1beta1\nkind: Application\nmetadata: {name: sig}\n",
  });
  const declared = await readDeclared(repository.tree, "");
  expect(declared.applications.map(({ name }) => name)).toEqual(["no-chart"]);
  expect(declared.templates).toEqual(["chart/templates/app.yaml"]);
  expect(declared.broken).toEqual([]);
});

test("honours the scope, and automated sync that is switched off", async () => {
  await using repository = await committed({
    "in/a.yaml": application("a", "x").replace(
      "  destination:",
      "  syncPolicy: {automated: {enabled: false}}\n  destination:",
    ),
    "out/b.yaml": application("b", "x"),
  });
  const declared = await readDeclared(repository.tree, "in");
  expect(declared.applications.map(({ name, automated }) => [name, automated])).toEqual([["a", false]]);
  expect(declared.filesRead).toBe(1);
});
