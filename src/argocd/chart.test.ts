import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "tar";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ChangeError, UsageError } from "../runner/errors.ts";
import { toolchainIn } from "../toolchain/toolchain.ts";
import { fetchChart } from "./chart.ts";
import type { ArgoCdSettings } from "./settings.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chart-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "charts/argo-cd"), { recursive: true });
  await mkdir(join(folder, "bin"));
});

const manifest = "name: argo-cd\nversion: 9.2.2\nappVersion: v3.2.3\n";

function fetch(settings: Partial<ArgoCdSettings>) {
  const versions = { kubernetes: "v1", argocd: "v3", helm: "v4", kustomize: "v5", k3d: "v5" };
  return fetchChart(
    {
      chart: join(folder, "charts/argo-cd"),
      repository: undefined,
      version: undefined,
      release: "argocd",
      namespace: "argocd",
      values: [],
      ...settings,
    },
    {
      folder,
      toolchain: toolchainIn(folder, versions, "test"),
      env: {},
      signal: new AbortController().signal,
    },
  );
}

describe("a chart on disk", () => {
  it("is a folder", async () => {
    await writeFile(join(folder, "charts/argo-cd/Chart.yaml"), manifest);
    expect(await fetch({})).toEqual({
      path: join(folder, "charts/argo-cd"),
      name: "argo-cd",
      version: "9.2.2",
      appVersion: "v3.2.3",
    });
  });

  it("is an archive of the version that is wanted, whose own Chart.yaml counts", async () => {
    const chart = join(folder, "charts/argo-cd");
    await mkdir(join(chart, "charts/redis"), { recursive: true });
    await writeFile(join(chart, "charts/redis/Chart.yaml"), "name: redis\nversion: 1.0.0\n");
    await writeFile(join(chart, "Chart.yaml"), manifest);
    const archive = join(folder, "charts/argo-cd-9.2.2.tgz");
    await create({ gzip: true, file: archive, cwd: join(folder, "charts") }, ["argo-cd"]);
    await rm(chart, { recursive: true });
    expect(await fetch({ version: "9.2.2" })).toMatchObject({
      path: archive,
      name: "argo-cd",
      version: "9.2.2",
    });
    await expect(fetch({ version: "9.9.9" })).rejects.toThrow(UsageError);
  });

  it.each([
    ["which is not there", undefined, /^the argo-cd chart at .* cannot be read: ENOENT/],
    ["without a version", "name: argo-cd\n", /is not a Helm chart/],
    ["with an empty Chart.yaml", "", /is not a Hel/],
  ])("%s is a matter of configuration", async (_what, text, message) => {
    if (text !== undefined) await writeFile(join(folder, "charts/argo-cd/Chart.yaml"), text);
    const error = await fetch({}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(message);
  });
});

/** A `helm` that says what the real one was seen to say. */
async function helm(script: string): Promise<void> {
  await writeFile(join(folder, "bin/helm"), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, "bin/helm"), 0o755);
}

describe("a chart of a repository", () => {
  it("is pulled by name and version, from Helm's repositories and registries", async () => {
    await helm(`echo "$@" >${folder}/called; exit 1`);
    await fetch({ chart: "argo-cd", repository: "https://charts.example", version: "9.2.2" });
    const called = () => readFile(join(folder, "called"), "utf8");
    expect(await called()).toBe(
      `pull argo-cd --repo https://charts.example --version 9.2.2 --destination ${folder}/chart\n`,
    );
    await fetch({ chart: "argo-cd", repository: "oci://ghcr.io/argoproj/argo-helm" });
    expect(await called()).toBe(
      `pull oci://ghcr.io/argoproj/argo-helm/argo-cd --destination ${folder}/chart\n`,
    );
  });

  it.each([
    'Error: chart "argo-cd" version "99.9.9" not found in https://argoproj.github.io/argo-helm repository',
    "Error: ghcr.io/argoproj/argo-helm/argo-cd:99.9.9: not found",
    'Error: no chart version found for argo-cd-">99"',
  ])("that does not exist is the change's fault: %s", async (message) => {
    await helm(`echo '${message}' >&2; exit 1`);
    await expect(fetch({ chart: "argo-cd", repository: "https://x" })).rejects.toThrow(ChangeError);
  });

  it.each([
    [
      'Error: looks like "https://x.example" is not a valid chart repository or cannot be reached: Get "https://x.example/index.yaml": dial tcp: lookup x.example: no such host',
      "https://x.example/index.yaml: dial tcp: lookup x.example: no such host",
    ],
    [
      'Error: looks like "https://x.example" is not a valid chart repository or cannot be reached: failed to fetch https://x.example/index.yaml : 502 x.example:443 cannot be reached: ENOTFOUND',
      "https://x.example/index.yaml answers 502 x.example:443 cannot be reached: ENOTFOUND",
    ],
    [
      "Error: failed to fetch https://x.example/a.tgz : 503 Service Unavailable",
      "failed to fetch https://x.example/a.tgz : 503 Service Unavailable",
    ],
  ])("that cannot be had says why: %s", async (message, unavailable) => {
    await helm(`echo '${message}' >&2; exit 1`);
    expect(await fetch({ chart: "argo-cd", repository: "https://x" })).toEqual({ unavailable });
  });
});
