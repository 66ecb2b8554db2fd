import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../src/runner/package-root.ts";
import { quickstart, rehearse } from "./quickstart.ts";

const charts = join(packageRoot(), "../shared/charts");

describe.skipIf(!existsSync(charts))("Argo CD from its Helm chart (needs ../shared/charts)", () => {
  test("is installed with the repository's values, and the version that it pins is named", async () => {
    await using repository = await quickstart();
    await repository.change({
      ".rehearsal.yaml": () => `argocd: { repository: ${charts}, version: 9.2.2 }\n`,
    });
    const { exitCode, verdict } = await rehearse(repository.folder, "--base", "main");
    expect({ exitCode, result: verdict.result }, verdict.summary).toEqual({ exitCode: 0, result: "passed" });
    expect(verdict.argocd).toEqual({ running: "v3.6.1", pinned: "v3.2.3", source: "chart argo-cd 9.2.2" });
    expect(verdict.notes.join("\n")).toContain("The repository pins Argo CD v3.2.3; v3.6.1 was rehearsed.");
    expect(verdict.applications).toHaveLength(17);
  });

  test("values that the chart refuses are the change's fault", async () => {
    await using repository = await quickstart();
    await repository.change({
      ".rehearsal.yaml": () => `argocd: { repository: ${charts}, version: 9.2.2 }\n`,
      "infrastructure/argocd/values.yaml": (text) => `${text}\nnamespaceOverride: [no, text]\n`,
    });
    const { exitCode, verdict } = await rehearse(repository.folder, "--base", "main");
    expect(exitCode, verdict.summary).toBe(1);
    expect(verdict.summary).toContain("Argo CD cannot be installed with the repository's values");
  });
});
