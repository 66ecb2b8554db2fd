import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { run } from "../../src/runner/process.ts";
import { generateWorkload, settleSeconds, workloadFiles } from "./generate.ts";

interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: { source: { path: string }; destination: { namespace: string } };
}

/** What Helm would fill in does not matter to the shape. */
function manifestOf(text: string): Manifest {
  return parse(text.replaceAll(/\{\{.*?\}\}/g, "x")) as Manifest;
}

describe("workloadFiles", () => {
  const files = new Map(workloadFiles(12));
  const children = [...files]
    .filter(([path]) => path.startsWith("applications/"))
    .map(([, text]) => manifestOf(text));

  it("holds nothing but YAML", () => {
    for (const [path, text] of files) expect(manifestOf(text), path).toBeTypeOf("object");
  });

  it("has as many Applications as asked for, each with a chart of its own", () => {
    const applications = children.filter(({ kind }) => kind === "Application");
    expect(applications).toHaveLength(12);
    expect(new Set(applications.map(({ spec }) => spec.source.path)).size).toBe(12);
    for (const { spec } of applications) {
      const kinds = [...files]
        .filter(([path]) => path.startsWith(`${spec.source.path}/templates/`))
        .map(([, text]) => manifestOf(text).kind);
      expect(kinds.sort()).toEqual(["ConfigMap", "Deployment", "Service"]);
      expect(files.has(`${spec.source.path}/Chart.yaml`)).toBe(true);
    }
  });

  it("brings every namespace that an Application deploys to", () => {
    const brought = children.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name);
    const used = children.flatMap(({ spec }) => spec?.destination.namespace ?? []);
    expect(new Set(used)).toEqual(new Set(brought));
  });

  it("brings a configuration of k3d where there is one, and names it", () => {
    const withConfig = new Map(workloadFiles(1, "kind: Simple\n"));
    expect(withConfig.get("k3d.yaml")).toBe("kind: Simple\n");
    expect(parse(withConfig.get(".rehearsal.yaml") ?? "")).toMatchObject({ k3d: { config: "k3d.yaml" } });
    expect(files.has("k3d.yaml")).toBe(false);
    expect(parse(files.get(".rehearsal.yaml") ?? "")).not.toHaveProperty("k3d");
  });

  it("configures the settle window that is subtracted from what is measured", () => {
    expect(parse(files.get(".rehearsal.yaml") ?? "")).toMatchObject({ settle: `${settleSeconds}s` });
  });
});

describe("generateWorkload", () => {
  const git = async (folder: string, ...args: string[]) =>
    (await run("git", args, { cwd: folder })).stdout.trim();

  it("makes the same commits each time, a change of one chart apart, and removes them", async () => {
    let folder: string;
    {
      await using workload = await generateWorkload(3);
      await using again = await generateWorkload(3);
      folder = workload.folder;
      expect(workload.expected).toBe(4);
      expect(await git(folder, "rev-parse", "change")).toBe(await git(again.folder, "rev-parse", "change"));
      expect(await git(folder, "diff", "--name-only", "main", "change")).toBe("charts/app-0000/values.yaml");
      expect(await git(folder, "status", "--porcelain")).toBe("");
      expect(await git(folder, "show", "main:infrastructure/argocd/values.yaml")).toContain(
        "resource.customizations.health.argoproj.io_Application",
      );
    }
    expect(existsSync(folder)).toBe(false);
  });
});
