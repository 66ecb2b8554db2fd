import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { loadConfig } from "../src/repository/config.ts";
import { packageRoot } from "../src/runner/package-root.ts";

/** What the homelab at the top of this repository promises to whoever copies it, as far as its text shows. */

interface Source {
  repoURL: string;
  path?: string;
  chart?: string;
  targetRevision?: string;
  ref?: string;
  helm?: { releaseName?: string; valueFiles?: string[] };
}

interface Application {
  name: string;
  project: string;
  sources: Source[];
  namespace: string;
  syncPolicy: {
    automated?: { prune?: boolean; selfHeal?: boolean };
    retry?: { limit?: number; backoff?: { duration?: string } };
    syncOptions?: string[];
  };
}

interface ApplicationSpec {
  project: string;
  source?: Source;
  sources?: Source[];
  destination: { namespace: string };
  syncPolicy: Application["syncPolicy"];
}

interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: ApplicationSpec & { template?: { metadata: { name: string }; spec: ApplicationSpec } };
}

interface Project {
  metadata: { name: string };
  spec: {
    sourceRepos: string[];
    destinations: { server: string; namespace: string }[];
    clusterResourceWhitelist: { group: string; kind: string }[];
  };
}

const own = "https://github.com/gitops-rehearsal/rehearsal.git";
const top = packageRoot();
const read = (path: string) => readFile(join(top, path), "utf8");

const files = globSync(
  "{bootstrap/root.yaml,bootstrap/areas/*.yaml,{infrastructure,monitoring,applications}/*.yaml}",
  {
    cwd: top,
  },
).sort();
const manifests = (
  await Promise.all(
    files.map(async (path) =>
      parseAllDocuments(await read(path)).map((document): Manifest => document.toJS()),
    ),
  )
).flat();
const projects = manifests.filter(({ kind }) => kind === "AppProject") as unknown as Project[];
const applications = manifests.flatMap(({ kind, metadata, spec }): Application[] => {
  const made = kind === "ApplicationSet" ? spec.template : { metadata, spec };
  if (made === undefined || (kind !== "Application" && kind !== "ApplicationSet")) return [];
  const { project, source, sources, destination, syncPolicy } = made.spec;
  return [
    {
      name: made.metadata.name,
      project,
      sources: sources ?? (source ? [source] : []),
      namespace: destination.namespace,
      syncPolicy,
    },
  ];
});
const named = (name: string) => {
  const found = applications.find((application) => application.name === name);
  if (found === undefined) throw new Error(`there is no Application ${name}`);
  return found;
};

describe("the model homelab", () => {
  it("has the Applications that its page shows", async () => {
    const page = await read("docs/homelab.md");
    expect(applications).toHaveLength(14);
    for (const { name } of applications) {
      expect(page, name).toMatch(
        new RegExp(`^[│ ├└─]*${name.replace("{{ .path.basename }}", "\\w+")}( |$)`, "m"),
      );
    }
  });

  it.each(applications)("$name syncs by itself, prunes, heals itself and retries", ({ syncPolicy }) => {
    expect(syncPolicy.automated).toMatchObject({ prune: true, selfHeal: true });
    expect(syncPolicy.retry?.limit).toBeGreaterThan(0);
    expect(syncPolicy.retry?.backoff?.duration).toMatch(/^\d+s$/);
  });

  it.each(applications)("$name follows main, or an exact version of a chart", ({ sources }) => {
    expect(sources).not.toEqual([]);
    for (const { repoURL, chart, targetRevision } of sources) {
      expect(targetRevision).toMatch(chart === undefined ? /^main$/ : /^v?\d+\.\d+\.\d+$/);
      expect(repoURL === own).toBe(chart === undefined);
    }
  });

  it.each(applications)("$name belongs to a project that allows it", ({ project, sources, namespace }) => {
    const { spec } = projects.find(({ metadata }) => metadata.name === project) ?? {};
    for (const { repoURL } of sources) expect(spec?.sourceRepos).toContain(repoURL);
    const allowed = spec?.destinations.map((destination) => destination.namespace.replace("*", "")) ?? [];
    const asked = namespace.replace(/\{\{.*\}\}$/, "");
    expect(allowed).toContain(asked);
  });

  it("allows only what is used: each repository of a project is one of its Applications'", () => {
    for (const { metadata, spec } of projects) {
      const ofProject = applications.filter(({ project }) => project === metadata.name);
      const used = new Set(ofProject.flatMap(({ sources }) => sources.map(({ repoURL }) => repoURL)));
      expect([...used].sort(), metadata.name).toEqual([...spec.sourceRepos].sort());
    }
  });

  it("has no wildcard in a project but for namespaces that come with their folders", () => {
    const wildcards = projects.flatMap(({ metadata, spec }) =>
      [...JSON.stringify(spec).matchAll(/"[^"]*\*[^"]*"/g)].map(([text]) => `${metadata.name} ${text}`),
    );
    expect(wildcards).toEqual(['applications "page-*"']);
  });

  it("lets nothing but the root and the areas make objects of Argo CD", () => {
    const mayDeployThere = projects.filter(({ spec }) =>
      spec.destinations.some(({ namespace }) => namespace === "argocd"),
    );
    expect(mayDeployThere.map(({ metadata }) => metadata.name).sort()).toEqual(["homelab", "infrastructure"]);
    const infrastructure = mayDeployThere.find(({ metadata }) => metadata.name === "infrastructure");
    const kinds = ["AppProject", "Application", "ApplicationSet"];
    expect(infrastructure?.spec).toMatchObject({
      namespaceResourceBlacklist: kinds.map((kind) => ({ group: "argoproj.io", kind })),
    });
  });

  it("names values files that are there", async () => {
    for (const { name, sources } of applications) {
      for (const file of sources.flatMap(({ helm }) => helm?.valueFiles ?? [])) {
        expect(file, name).toMatch(/^\$values\//);
        expect(parse(await read(file.replace("$values/", ""))), file).toBeTypeOf("object");
      }
    }
  });

  it("is bootstrapped with what Argo CD manages itself by", async () => {
    const { sources, namespace } = named("argocd");
    const [chart] = sources;
    const page = (await read("docs/homelab.md")).replace(/ \\\n\s*/g, " ");
    const command = /^helm upgrade --install .*$/m.exec(page)?.[0].split(" ") ?? [];
    const flag = (name: string) => command[command.indexOf(name) + 1];
    expect(command.slice(3, 5)).toEqual([chart?.helm?.releaseName, chart?.chart]);
    expect({
      repoURL: flag("--repo"),
      version: flag("--version"),
      namespace: flag("--namespace"),
      values: [`$values/${flag("--values")}`],
    }).toEqual({
      repoURL: chart?.repoURL,
      version: chart?.targetRevision,
      namespace,
      values: chart?.helm?.valueFiles,
    });
    expect(page).toMatch(/kubectl apply -f bootstrap\/root\.yaml$/m);
  });

  it("gives Applications a health, without which no wave waits", async () => {
    const { configs } = parse(await read("infrastructure/argocd/values.yaml"));
    expect(configs.cm["resource.customizations.health.argoproj.io_Application"]).toContain("return hs");
  });

  it("makes its cluster without what Git brings", async () => {
    const k3d = parse(await read("bootstrap/k3d.yaml"));
    expect(k3d).toMatchObject({ apiVersion: "k3d.io/v1alpha5", kind: "Simple" });
    expect(k3d.image).toMatch(/^docker\.io\/rancher\/k3s:v\d+\.\d+\.\d+-k3s\d+$/);
    expect(k3d.ports.map(({ port }: { port: string }) => port)).toEqual(["80:80", "443:443"]);
    expect(k3d.options.k3s.extraArgs.map(({ arg }: { arg: string }) => arg)).toEqual([
      "--disable=traefik",
      "--disable=local-storage",
    ]);
  });

  it("is what is rehearsed at the top of this repository", async () => {
    const config = await loadConfig(top);
    expect(config.roots.map(({ path }) => path)).toEqual(["bootstrap/root.yaml"]);
    expect(config.repository.url).toBe(own);
    expect(config.k3d.config?.path).toBe("bootstrap/k3d.yaml");
  });

  it("leaves the quickstart to its own conventions", async () => {
    const config = await loadConfig(join(top, "examples/quickstart"));
    expect(config.file).toBe("examples/quickstart/.rehearsal.yaml");
    expect(config.roots).toEqual([]);
  });
});
