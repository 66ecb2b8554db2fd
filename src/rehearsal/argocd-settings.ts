import { isAbsolute, join } from "node:path";
import type { ArgoCdSettings } from "../argocd/settings.ts";
import type { ArgoCdConfig } from "../repository/config.ts";
import type { Content } from "../repository/content.ts";
import { findSelfManagement } from "../repository/self-management.ts";
import { UsageError } from "../runner/errors.ts";

export const conventionalValues = "infrastructure/argocd/values.yaml";
const defaults = {
  chart: "argo-cd",
  repository: "https://argoproj.github.io/argo-helm",
  release: "argocd",
  namespace: "argocd",
} as const;

/**
 * How the repository wants Argo CD: as configured, else as the Application that manages Argo CD itself
 * says, else by convention. Throws UsageError where configured values do not exist.
 */
export async function argoCdSettings(
  config: ArgoCdConfig,
  content: Content,
  isRepository: (url: string) => boolean,
): Promise<{ settings: ArgoCdSettings; notes: string[] }> {
  const own = await findSelfManagement(content, isRepository);
  const repository = config.repository ?? own?.repository ?? defaults.repository;
  const local = isAbsolute(repository);
  const { values, notes } = await readValues(
    config,
    content,
    own?.values.map(({ text }) => text),
  );
  const chart = config.chart ?? own?.chart ?? defaults.chart;
  return {
    settings: {
      chart: local ? join(repository, chart) : chart,
      repository: local ? undefined : repository,
      version: config.version ?? own?.version,
      release: config.release ?? own?.release ?? defaults.release,
      namespace: config.namespace ?? own?.namespace ?? defaults.namespace,
      values,
    },
    notes: [
      ...notes,
      ...(own?.missing ?? []).map((file) => `The values file ${file} of Argo CD does not exist.`),
    ],
  };
}

async function readValues(
  { values }: ArgoCdConfig,
  { tree, scope }: Content,
  own: readonly string[] | undefined,
): Promise<{ values: readonly string[]; notes: string[] }> {
  if (values) {
    const text = await tree.read(values.path);
    if (text !== undefined) return { values: [text], notes: [] };
    throw new UsageError(`${values.path} does not exist in the merge result`, {
      where: values.place,
      fix: "Correct argocd.values.",
    });
  }
  if (own && own.length > 0) return { values: own, notes: [] };
  for (const folder of new Set([scope, ""])) {
    const text = await tree.read(folder === "" ? conventionalValues : `${folder}/${conventionalValues}`);
    if (text !== undefined) return { values: [text], notes: [] };
  }
  return {
    values: [],
    notes: [`No values for Argo CD were found (${conventionalValues}); it was installed with defaults.`],
  };
}
