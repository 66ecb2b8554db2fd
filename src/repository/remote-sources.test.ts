import { describe, expect, test } from "vitest";
import { readContent } from "./content.ts";
import { memoryTree } from "./memory-tree-fixture.ts";
import type { RemoteSource } from "./remote-source.ts";
import { findRemoteSources } from "./remote-sources.ts";
import { findRoots } from "./roots.ts";
import { application, isOwn, ownUrl } from "./tree-fixture.ts";

async function find(files: Record<string, string>) {
  const content = await readContent(memoryTree(files), "");
  const found = await findRemoteSources({ content, isThisRepository: isOwn });
  return { ...found, lines: found.sources.map(line) };
}

/** One line for each, with its place. */
function line(source: RemoteSource): string {
  const { file, line } = source.place;
  const what =
    source.kind === "file"
      ? source.url
      : source.kind === "git"
        ? `${source.url} ${source.version} ${source.reads}${source.folder === undefined ? "" : ` in ${source.folder}`}`
        : `${source.url} ${source.name} ${source.version}`;
  return `${source.kind} ${what} at ${file}:${line}${source.optional ? " (optional)" : ""}`;
}

function chartApplication(source: string): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: app }
spec:
${source.replace(/^(?=.)/gm, "  ")}
  destination: { server: https://kubernetes.default.svc }
`;
}

describe("Applications", () => {
  test("name charts of repositories and registries, and other repositories", async () => {
    const { lines, unknown } = await find({
      "single.yaml": chartApplication(
        "source: { repoURL: https://charts.example.org/stable/, chart: traefik, targetRevision: 41.3.0 }",
      ),
      "multi.yaml": chartApplication(`sources:
  - { repoURL: registry.example.org/charts, chart: podinfo, targetRevision: 6.x }
  - { repoURL: https://git.example.org/else/values.git, targetRevision: main, ref: values }
  - { repoURL: ${ownUrl}, path: apps, targetRevision: main }`),
      "oci.yaml": chartApplication(
        "source: { repoURL: oci://registry.example.org/charts/whole, path: ., targetRevision: 1.2.3 }",
      ),
      "other.yaml": chartApplication(
        "source: { repoURL: https://git.example.org/else/apps, path: deploy, targetRevision: HEAD }",
      ),
      "apps/a.yaml": "kind: ConfigMap\n",
    });
    expect(unknown).toEqual([]);
    expect(lines).toEqual([
      "git https://git.example.org/else/apps undefined everything in deploy at other.yaml:2",
      "git https://git.example.org/else/values main everything at multi.yaml:2",
      "helm https://charts.example.org/stable traefik 41.3.0 at single.yaml:2",
      "oci oci://registry.example.org/charts podinfo 6.x at multi.yaml:2",
      "oci oci://registry.example.org/charts whole 1.2.3 at oci.yaml:2",
    ]);
  });

  test("read values by URL, and ask for one chart once", async () => {
    const source = `source:
  repoURL: https://charts.example.org
  chart: a
  targetRevision: 1.0.0
  helm: { valueFiles: [https://values.example.org/v.yaml, local.yaml] }`;
    const { lines } = await find({ "a.yaml": chartApplication(source), "b.yaml": chartApplication(source) });
    expect(lines).toEqual([
      "file https://values.example.org/v.yaml at a.yaml:2",
      "helm https://charts.example.org a 1.0.0 at a.yaml:2",
    ]);
  });

  test("that no root brings into the cluster ask for nothing", async () => {
    const files = {
      "root.yaml": application("root", "apps"),
      "apps/a.yaml": chartApplication("source: { repoURL: https://charts.example.org, chart: a }"),
      "old/b.yaml": chartApplication("source: { repoURL: https://charts.example.org, chart: b }"),
    };
    const content = await readContent(memoryTree(files), "");
    const configured = [{ path: "root.yaml", place: { file: ".rehearsal.yaml" } }];
    const roots = await findRoots({ content, configured, isThisRepository: isOwn });
    const { sources } = await findRemoteSources({ content, isThisRepository: isOwn, roots });
    expect(sources.map(line)).toEqual(["helm https://charts.example.org a undefined at apps/a.yaml:2"]);
  });

  test("of a repository over ssh are said to be out of reach", async () => {
    const { lines, unknown } = await find({
      "a.yaml": chartApplication("source: { repoURL: git@git.example.org:else/apps.git, path: . }"),
    });
    expect(lines).toEqual([]);
    expect(unknown).toMatchObject([
      { place: { file: "a.yaml", line: 2 }, why: expect.stringContaining("not fetched over https") },
    ]);
  });
});

describe("ApplicationSets", () => {
  const set = (generators: string, source: string) => `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: { name: charts }
spec:
  goTemplate: true
  generators:
${generators.replace(/^(?=.)/gm, "    ")}
  template:
    metadata: { name: "{{ .name }}" }
    spec:
      source: ${source}
      destination: { server: https://kubernetes.default.svc }
`;

  test("are filled from their lists", async () => {
    const { lines, unknown } = await find({
      "set.yaml": set(
        `- list:
    elements:
      - { name: a, version: 1.0.0 }
      - { name: b, version: 2.0.0 }`,
        '{ repoURL: https://charts.example.org, chart: "{{ .name }}", targetRevision: "{{ .version }}" }',
      ),
    });
    expect(lines).toEqual([
      "helm https://charts.example.org a 1.0.0 at set.yaml:2",
      "helm https://charts.example.org b 2.0.0 at set.yaml:2",
    ]);
    expect(unknown).toEqual([]);
  });

  test("are filled from the files that they list", async () => {
    const source =
      '{ repoURL: "{{ .chart.repository }}", chart: "{{ .chart.name }}", targetRevision: "{{ .chart.version }}" }';
    const { lines, unknown } = await find({
      "set.yaml": set(`- git: { repoURL: ${ownUrl}, files: [{ path: "apps/*/app.json" }] }`, source),
      "apps/a/app.json":
        '{ "chart": { "repository": "https://charts.example.org", "name": "a", "version": "1.0.0" } }',
      "apps/b/app.json":
        '[{ "chart": { "repository": "https://charts.example.org", "name": "b", "version": "2.0.0" } }]',
    });
    expect(lines).toEqual([
      "helm https://charts.example.org a 1.0.0 at set.yaml:2",
      "helm https://charts.example.org b 2.0.0 at set.yaml:2",
    ]);
    expect(unknown).toEqual([]);
  });

  test("that only the cluster can fill are said to be unknown", async () => {
    const source =
      '{ repoURL: https://charts.example.org, chart: agent, targetRevision: "{{ .metadata.labels.agent }}" }';
    const { lines, unknown } = await find({ "set.yaml": set("- clusters: {}", source) });
    expect(lines).toEqual([]);
    expect(unknown).toMatchObject([{ place: { file: "set.yaml", line: 2 } }]);
  });

  test("with an empty list make none", async () => {
    const source = '{ repoURL: "{{ .url }}", chart: a }';
    expect(await find({ "set.yaml": set("- list: { elements: [] }", source) })).toMatchObject({
      sources: [],
      unknown: [],
    });
  });
});

describe("charts in Git", () => {
  const chart = `apiVersion: v2
name: wrapper
version: 0.1.0
dependencies:
  - name: postgresql
    version: ">=15"
    repository: https://charts.example.org/
  - name: common
    version: 2.x
    repository: oci://registry.example.org/charts
  - name: beside
    version: 1.0.0
    repository: file://../beside
  - name: internal
    version: 1.0.0
    repository: "@company"
`;

  test("depend on the versions that are written, or locked", async () => {
    const files = {
      "root.yaml": application("wrapper", "charts/wrapper"),
      "charts/wrapper/Chart.yaml": chart,
    };
    const open = await find(files);
    expect(open.lines).toEqual([
      "helm https://charts.example.org postgresql >=15 at charts/wrapper/Chart.yaml:5",
      "oci oci://registry.example.org/charts common 2.x at charts/wrapper/Chart.yaml:8",
    ]);
    expect(open.unknown).toMatchObject([
      { place: { line: 14 }, why: "chart internal of @company: no URL says where it is" },
    ]);
    const lock = `dependencies:
  - { name: postgresql, repository: https://charts.example.org, version: 15.5.38 }
`;
    const locked = await find({ ...files, "charts/wrapper/Chart.lock": lock });
    expect(locked.lines[0]).toContain("postgresql 15.5.38");
  });

  test("need nothing where all of it lies beside them", async () => {
    const files = {
      "root.yaml": application("wrapper", "wrapper"),
      "wrapper/Chart.yaml":
        "name: wrapper\ndependencies: [{ name: a, version: 1.x, repository: https://charts.example.org }]\n",
    };
    expect((await find(files)).lines).toHaveLength(1);
    expect((await find({ ...files, "wrapper/charts/a-1.2.3.tgz": "" })).lines).toEqual([]);
    expect((await find({ ...files, "wrapper/charts/a/Chart.yaml": "name: a\n" })).lines).toEqual([]);
    expect((await find({ ...files, "wrapper/charts/a-b-1.2.3.tgz": "" })).lines).toHaveLength(1);
  });
});

describe("kustomizations", () => {
  test("inflate charts and include what is elsewhere, at any depth", async () => {
    const { lines } = await find({
      "root.yaml": application("app", "apps/app/overlay"),
      "apps/app/overlay/kustomization.yaml":
        "resources:\n  - ../base\ncomponents:\n  - https://github.com/o/c//x?ref=v3\n",
      "apps/app/base/kustomization.yaml": `resources:
  - https://github.com/o/r/releases/download/v1/install.yaml
  - https://github.com/o/r//config?ref=v1
patches:
  - path: https://patches.example.org/p
generators:
  - inflate.yaml
helmCharts:
  - name: loki
    repo: https://charts.example.org
    version: 1.0.0
  - name: here
    repo: https://charts.example.org
    version: 1.0.0
`,
      "apps/app/base/charts/here/Chart.yaml": "name: here\n",
      "apps/app/base/inflate.yaml": `apiVersion: builtin
kind: HelmChartInflationGenerator
metadata: { name: x }
name: minio
repo: oci://registry.example.org/charts
version: 5.0.0
`,
      "apps/unused/kustomization.yaml": "resources:\n  - https://github.com/o/unused?ref=v1\n",
    });
    expect(lines).toEqual([
      "file https://github.com/o/r/releases/download/v1/install.yaml at apps/app/base/kustomization.yaml:2",
      "file https://patches.example.org/p at apps/app/base/kustomization.yaml:5",
      "git https://github.com/o/c v3 revision in x at apps/app/overlay/kustomization.yaml:4",
      "git https://github.com/o/r v1 revision in config at apps/app/base/kustomization.yaml:3",
      "helm https://charts.example.org loki 1.0.0 at apps/app/base/kustomization.yaml:9",
      "oci oci://registry.example.org/charts minio 5.0.0 at apps/app/base/inflate.yaml:4",
    ]);
  });
});

describe("templates of charts in Git", () => {
  const files = {
    "root.yaml": application("root", "app-of-apps"),
    "app-of-apps/Chart.yaml": "name: app-of-apps\nversion: 0.1.0\n",
    "app-of-apps/values.yaml": `repo: ${ownUrl}\ntraefik: { version: 41.3.0 }\n`,
    "app-of-apps/templates/traefik.yaml": `{{- if .Values.traefik }}
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: traefik }
spec:
  source:
    repoURL: https://traefik.github.io/charts
    chart: traefik
    targetRevision: {{ .Values.traefik.version | quote }}
{{- end }}
`,
    "apps/loki/kustomization.yaml":
      "helmCharts: [{ name: loki, repo: https://charts.example.org, version: 1.0.0 }]\n",
  };

  test("are read as far as they are literal, or plain values", async () => {
    const { lines, unknown } = await find(files);
    expect(lines).toEqual([
      "helm https://traefik.github.io/charts traefik 41.3.0 at app-of-apps/templates/traefik.yaml:3 (optional)",
    ]);
    expect(unknown).toEqual([]);
  });

  test("leave what only their rendering tells as a note, and any folder may then be meant", async () => {
    const { lines, unknown } = await find({
      ...files,
      "app-of-apps/templates/all.yaml": `{{- range .Values.apps }}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: {{ .name }}
spec:
  source:
    repoURL: {{ .repo | default $.Values.repo }}
    path: {{ .path }}
{{- end }}
`,
    });
    expect(unknown).toMatchObject([{ place: { file: "app-of-apps/templates/all.yaml", line: 4 } }]);
    expect(lines).toEqual([
      "helm https://charts.example.org loki 1.0.0 at apps/loki/kustomization.yaml:1 (optional)",
      "helm https://traefik.github.io/charts traefik 41.3.0 at app-of-apps/templates/traefik.yaml:3 (optional)",
    ]);
  });
});

test("submodules are other repositories", async () => {
  const { lines, unknown } = await find({
    ".gitmodules": `[submodule "a"]
	path = a
	url = https://git.example.org/else/a.git
[submodule "b"]
	path = b
	url = ../b.git
`,
  });
  expect(lines).toEqual(["git https://git.example.org/else/a undefined everything at .gitmodules:3"]);
  expect(unknown).toMatchObject([{ place: { file: ".gitmodules", line: 6 } }]);
});
