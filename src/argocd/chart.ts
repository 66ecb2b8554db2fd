import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { list } from "tar";
import { parse } from "yaml";
import { ChangeError, messageOf, UsageError } from "../runner/errors.ts";
import { lastLines, tryRun } from "../runner/process.ts";
import type { Toolchain } from "../toolchain/toolchain.ts";
import type { ArgoCdSettings } from "./settings.ts";

/** A chart on disk, ready to be installed. */
export interface FetchedChart {
  path: string;
  name: string;
  version: string;
  appVersion: string | undefined;
}

const pullTimeoutMs = 60_000;
const fix = "Correct repository, chart or version below argocd in the configuration.";

/**
 * Gets the chart that the repository pins into `folder`. Gives the reason, in one line, where it cannot
 * be had. Throws ChangeError where its repository answers that there is no such chart or version, and
 * UsageError where a path of the configuration is no chart.
 */
export async function fetchChart(
  settings: ArgoCdSettings,
  where: {
    folder: string;
    toolchain: Toolchain;
    env: Record<string, string | undefined>;
    signal: AbortSignal;
  },
): Promise<FetchedChart | { unavailable: string }> {
  if (settings.repository === undefined) return describeChart(await localChart(settings));
  const target = join(where.folder, "chart");
  await mkdir(target, { recursive: true });
  const oci = settings.repository.startsWith("oci://");
  const reference = oci
    ? [`${settings.repository}/${settings.chart}`]
    : [settings.chart, "--repo", settings.repository];
  const version = settings.version === undefined ? [] : ["--version", settings.version];
  const pulled = await tryRun(
    where.toolchain.program("helm"),
    ["pull", ...reference, ...version, "--destination", target],
    { env: where.env, signal: where.signal, timeoutMs: pullTimeoutMs },
  );
  if (pulled.exitCode !== 0) {
    const reason = lastLines(pulled.stderr, 1)
      .replace(/^Error: /, "")
      .replace(/^looks like .*?: Get "([^"]+)": /, "$1: ")
      .replace(/^looks like .*?: failed to fetch (\S+) : /, "$1 answers ");
    if (/not found in .* repository|no chart version found|not found: |: not found$/i.test(reason)) {
      throw new ChangeError(`the argo-cd chart that the repository pins does not exist: ${reason}`, {
        fix: "Correct its name, version or repository.",
      });
    }
    return { unavailable: reason };
  }
  const [archive] = await readdir(target);
  if (archive === undefined) return { unavailable: "helm pull left no file" };
  return describeChart(join(target, archive));
}

/** A folder of archives, as `helm package` names them, or of charts. */
async function localChart({ chart, version }: ArgoCdSettings): Promise<string> {
  if (version === undefined) return chart;
  const archive = `${chart}-${version}.tgz`;
  const found = await stat(archive).catch(() => undefined);
  return found?.isFile() ? archive : chart;
}

async function describeChart(path: string): Promise<FetchedChart> {
  let text = "";
  try {
    if ((await stat(path)).isDirectory()) {
      text = await readFile(join(path, "Chart.yaml"), "utf8");
    } else {
      await list({
        file: path,
        onReadEntry(entry) {
          if (!/^[^/]+\/Chart\.yaml$/.test(entry.path)) return;
          entry.on("data", (chunk: Buffer) => {
            text += chunk.toString("utf8");
          });
        },
      });
    }
  } catch (error) {
    throw new UsageError(`the argo-cd chart at ${path} cannot be read: ${messageOf(error)}`, { fix });
  }
  const chart = parse(text) as { name?: string; version?: string; appVersion?: string } | null;
  if (!chart?.name || !chart.version)
    throw new UsageError(`${path} is not a Helm chart: it has no Chart.yaml`, { fix });
  return { path, name: chart.name, version: chart.version, appVersion: chart.appVersion };
}
