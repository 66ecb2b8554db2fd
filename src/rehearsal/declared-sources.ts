import type { ArgoCdSettings } from "../argocd/settings.ts";
import type { Content } from "../repository/content.ts";
import type { ChartSource, RemoteSources } from "../repository/remote-source.ts";
import { findRemoteSources } from "../repository/remote-sources.ts";
import type { Roots } from "../repository/roots.ts";
import { conventionalValues } from "./argocd-settings.ts";

/**
 * All that a commit takes from other hosts: what its Applications do, and the chart that Argo CD is installed from.
 * Without `roots`, everything that is declared counts.
 */
export async function declaredSources(request: {
  content: Content;
  settings: ArgoCdSettings;
  isRepository: (url: string) => boolean;
  roots: Roots | undefined;
  /** The configuration, where there is one. */
  configFile: string | undefined;
}): Promise<RemoteSources> {
  const { content, settings, isRepository, roots, configFile } = request;
  const found = await findRemoteSources({ content, isThisRepository: isRepository, roots });
  const own = bootstrapChart(settings, configFile);
  const known = found.sources.some((source) => own !== undefined && isSame(source, own));
  return own === undefined || known ? found : { ...found, sources: [...found.sources, own] };
}

function bootstrapChart(settings: ArgoCdSettings, configFile: string | undefined): ChartSource | undefined {
  const url = settings.repository?.replace(/\/+$/, "");
  if (url === undefined) return undefined;
  return {
    kind: url.startsWith("oci://") ? "oci" : "helm",
    ...{ url, name: settings.chart, version: settings.version },
    place: { file: configFile ?? conventionalValues, line: 1 },
    by: "the bootstrap of Argo CD",
  };
}

function isSame(
  source: RemoteSources["sources"][number],
  { kind, url, name, version }: ChartSource,
): boolean {
  return source.kind === kind && source.url === url && source.name === name && source.version === version;
}
