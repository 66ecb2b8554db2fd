import { join } from "node:path";
import { type FetchedChart, fetchChart } from "../argocd/chart.ts";
import { helmEnvironment } from "../argocd/install.ts";
import type { ArgoCdSettings } from "../argocd/settings.ts";
import { openMirror } from "../mirror/mirror.ts";
import type { World } from "../mirror/world.ts";
import { ChangeError, InfrastructureError } from "../runner/errors.ts";
import type { Toolchain } from "../toolchain/toolchain.ts";
import type { VendorEvidence } from "../vendor/evidence.ts";
import { openVendoring, type Vendoring } from "./vendoring.ts";

export interface BootstrapChart {
  chart: FetchedChart | { unavailable: string };
  /** Where it came from; undefined for a path. */
  evidence: VendorEvidence | undefined;
}

const fix = "Run rehearse vendor where there is a network.";

/**
 * Gets the chart that Argo CD is installed with, through a mirror of its own, as the cache and the lock are to
 * count for it too. Throws ChangeError where it does not exist or is not what the lock says, and
 * InfrastructureError where upstream may not be asked for it: to install something else in its place is for a
 * network that fails, and not for a cache that was never filled.
 */
export async function fetchBootstrapChart(
  settings: ArgoCdSettings,
  {
    world,
    vendoring,
    ...where
  }: { world: World; vendoring: Vendoring; folder: string; toolchain: Toolchain; signal: AbortSignal },
): Promise<BootstrapChart> {
  const env = helmEnvironment(where.folder);
  if (settings.repository === undefined)
    return { chart: await fetchChart(settings, { ...where, env }), evidence: undefined };
  // It is us who ask, so restricted egress, which is about what runs in the cluster, does not count.
  await using vendor = await openVendoring({ ...vendoring, egress: "open" }, { loopback: true });
  await using mirror = await openMirror({
    ...{ world, vendor },
    bind: "127.0.0.1",
    host: "127.0.0.1",
    folder: join(where.folder, "chart-mirror"),
    egress: "open",
  });
  const proxied = {
    ...env,
    HTTPS_PROXY: mirror.proxyUrl,
    HTTP_PROXY: mirror.proxyUrl,
    https_proxy: undefined,
    http_proxy: undefined,
    NO_PROXY: undefined,
    no_proxy: undefined,
    SSL_CERT_FILE: mirror.caBundle,
  };
  const chart = await fetchChart(settings, { ...where, env: proxied }).catch((error: unknown) => {
    const { incomplete } = vendor.evidence();
    if (!(error instanceof ChangeError) || incomplete.length === 0) throw error;
    throw new InfrastructureError(`${error.message}, as far as the cache tells`, { fix, cause: error });
  });
  const evidence = vendor.evidence();
  if (!("unavailable" in chart)) return { chart, evidence };
  const changed = evidence.refused.find(({ kind }) => kind === "changed");
  if (changed) throw new ChangeError(changed.message, { fix: "Find out who replaced it, and why." });
  const absent = evidence.refused.find(({ kind }) => kind === "absent");
  if (absent) throw new InfrastructureError(absent.message);
  return { chart, evidence };
}
