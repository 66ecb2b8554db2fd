import { existsSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../src/runner/package-root.ts";
import { commitAll, rehearse } from "./quickstart.ts";

const homelabs = join(packageRoot(), "../shared/homelabs");

/** Real repositories, which are no part of the project. What is out of reach here (chart hosts) is named per Application. */
describe.skipIf(!existsSync(homelabs))("real homelabs (needs ../shared/homelabs)", () => {
  test("vehagn: ApplicationSets that make ApplicationSets, found by convention", async () => {
    await using repository = await checkout("vehagn-homelab");
    const { exitCode, verdict } = await rehearse(repository.folder, "--timeout", "5m");
    expect({ exitCode, result: verdict.result }, verdict.summary).toEqual({
      exitCode: 3,
      result: "infrastructure",
    });
    expect(verdict.repository?.roots.map(({ name }) => name)).toEqual(["applications", "infrastructure"]);
    expect(verdict.applications).toHaveLength(47);
    const plugin = verdict.applications.find(({ name }) => name === "cert-manager");
    expect(plugin?.reason).toMatchObject({ code: "unsupported", class: "infrastructure" });
    expect(plugin?.reason?.message).toContain("kustomize-build-with-helm");
    const route = verdict.applications.find(({ name }) => name === "whoami");
    expect(route?.reason).toMatchObject({ code: "missing-kind", class: "infrastructure" });
    expect(route?.reason?.place).toMatchObject({ file: "k8s/apps/dev/whoami/http-route.yaml" });
    expect(verdict.applications.filter(({ reason }) => reason?.class === "change")).toEqual([]);
  });

  test("jamesdkelly88: list ApplicationSets with a revision each, one of three clusters", async () => {
    await using repository = await checkout("jamesdkelly88-kubernetes-lab");
    const ambiguous = await rehearse(repository.folder);
    expect(ambiguous.exitCode).toBe(2);
    expect(ambiguous.verdict.summary).toMatch(/clusters\/alpha.*clusters\/beta.*clusters\/gamma/);
    const { exitCode, verdict } = await rehearse(
      repository.folder,
      "--root",
      "clusters/beta/argocd.yaml",
      "--timeout",
      "5m",
    );
    expect({ exitCode, result: verdict.result }, verdict.summary).toEqual({
      exitCode: 3,
      result: "infrastructure",
    });
    expect(verdict.applications).toHaveLength(19);
    const passed = verdict.applications.filter(({ state }) => state === "passed").map(({ name }) => name);
    expect(passed).toEqual(expect.arrayContaining(["argocd-ingress", "beta", "echo", "homer"]));
    const chart = verdict.applications.find(({ name }) => name === "external-secrets");
    expect(chart?.reason).toMatchObject({ code: "transport", class: "infrastructure" });
    expect(chart?.reason?.message).toContain("charts.external-secrets.io");
  });
});

async function checkout(name: string): Promise<{ folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  await cp(join(homelabs, name), folder, { recursive: true });
  await commitAll(folder);
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
