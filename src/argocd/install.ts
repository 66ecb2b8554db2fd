import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeClient } from "../kubernetes/client.ts";
import { ChangeError } from "../runner/errors.ts";
import { lastLines, tryRun } from "../runner/process.ts";
import type { Toolchain } from "../toolchain/toolchain.ts";
import { applicationKind, applicationSetKind } from "./application.ts";
import type { FetchedChart } from "./chart.ts";
import { installManifests } from "./manifests.ts";
import type { ArgoCdInstallation, ArgoCdSettings } from "./settings.ts";

export interface InstallRequest {
  client: KubeClient;
  kubeconfig: string;
  toolchain: Toolchain;
  settings: ArgoCdSettings;
  chart: FetchedChart | { unavailable: string };
  /** A private folder for values and Helm's own files. */
  folder: string;
  signal: AbortSignal;
}

const servedTimeoutMs = 60_000;
const servedPollMs = 50;

/**
 * Bootstraps Argo CD the way the repository's owner does once: `helm upgrade --install` with the
 * repository's values. Where the chart cannot be had, Argo CD's own release manifests take its place.
 * Throws ChangeError where the chart refuses the values.
 */
export async function installArgoCd(request: InstallRequest): Promise<ArgoCdInstallation> {
  const installation = await install(request);
  await untilServed(request.client, request.signal);
  return installation;
}

/** A CustomResourceDefinition is served some moments after it was accepted, a large one after more. */
async function untilServed(client: KubeClient, signal: AbortSignal): Promise<void> {
  const kinds = [applicationKind, applicationSetKind];
  const deadline = Date.now() + servedTimeoutMs;
  for (;;) {
    signal.throwIfAborted();
    try {
      await Promise.all(kinds.map(({ apiVersion, kind }) => client.list(apiVersion, kind)));
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(servedPollMs);
    }
  }
}

async function install(request: InstallRequest): Promise<ArgoCdInstallation> {
  const { chart, settings, toolchain } = request;
  const running = toolchain.versions.argocd;
  if ("unavailable" in chart) {
    const unapplied = await installManifests(request);
    const notes = [
      `Argo CD was installed from its own release manifests, because the chart ${settings.chart} could not be had (${chart.unavailable}).`,
    ];
    if (unapplied.length > 0) notes.push(`Of its values, these had no effect: ${unapplied.join(", ")}.`);
    return {
      namespace: settings.namespace,
      source: `release manifests ${running}`,
      pinned: undefined,
      running,
      notes,
    };
  }
  await installChart(chart, request);
  const pinned = chart.appVersion;
  const notes =
    settings.version === undefined
      ? [`No version of the chart is pinned; ${chart.version} is the newest.`]
      : [];
  return {
    namespace: settings.namespace,
    source: `chart ${chart.name} ${chart.version}`,
    pinned,
    running,
    notes,
  };
}

async function installChart(chart: FetchedChart, request: InstallRequest): Promise<void> {
  const { settings, folder, toolchain, kubeconfig, signal } = request;
  const values = await Promise.all(
    settings.values.map(async (text, index) => {
      const path = join(folder, `values-${index}.yaml`);
      await writeFile(path, text, { mode: 0o600 });
      return ["--values", path];
    }),
  );
  const installed = await tryRun(
    toolchain.program("helm"),
    [
      "upgrade",
      "--install",
      settings.release,
      chart.path,
      "--namespace",
      settings.namespace,
      "--create-namespace",
      ...values.flat(),
    ],
    { env: { ...helmEnvironment(folder), KUBECONFIG: kubeconfig }, signal },
  );
  if (installed.exitCode === 0) return;
  const reason = lastLines(installed.stderr, 6).replace(/^Error: /, "");
  throw new ChangeError(`Argo CD cannot be installed with the repository's values: ${reason}`, {
    fix: "Run the same helm upgrade --install to see it in full.",
  });
}

/** Keeps Helm out of the user's own configuration and caches. */
export function helmEnvironment(folder: string): Record<string, string> {
  return {
    HELM_CACHE_HOME: join(folder, "helm/cache"),
    HELM_CONFIG_HOME: join(folder, "helm/config"),
    HELM_DATA_HOME: join(folder, "helm/data"),
  };
}
