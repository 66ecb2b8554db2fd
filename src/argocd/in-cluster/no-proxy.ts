import { ApiError, type KubeClient, type KubeObject } from "../../kubernetes/client.ts";

/**
 * The value of `NO_PROXY` for a Pod of this cluster: its Services and Pods, by name and by address, and
 * nothing else. `hosts`, for which the mirror answers, are not excepted even where they are Services.
 */
export async function noProxyOf(client: KubeClient, hosts: readonly string[]): Promise<string> {
  const [current, earlier, nodes, service] = await Promise.all([
    listIfServed(client, "networking.k8s.io/v1", "ServiceCIDR"),
    listIfServed(client, "networking.k8s.io/v1beta1", "ServiceCIDR"),
    listIfServed(client, "v1", "Node"),
    client
      .read({ apiVersion: "v1", kind: "Service", name: "kubernetes", namespace: "default" })
      .catch(unlessRefused),
  ]);
  const { clusterIP, clusterIPs = [] } = (service?.spec ?? {}) as {
    clusterIP?: string;
    clusterIPs?: string[];
  };
  const ranges = [
    ...[...current, ...earlier].flatMap(
      ({ spec }) => (spec as { cidrs?: string[] } | undefined)?.cidrs ?? [],
    ),
    ...nodes.flatMap(({ spec }) => {
      const { podCIDR, podCIDRs = [] } = (spec ?? {}) as { podCIDR?: string; podCIDRs?: string[] };
      return [...podCIDRs, ...(podCIDR ? [podCIDR] : [])];
    }),
    ...clusterIPs,
    ...(clusterIP ? [clusterIP] : []),
  ];
  const names = [".svc", ".cluster.local", "localhost", "127.0.0.1"];
  return [
    ...new Set([...names.filter((name) => !hosts.some((host) => host.endsWith(name))), ...ranges]),
  ].join(",");
}

/** Older clusters do not know a kind, and a scoped account may not see what is the cluster's. */
async function listIfServed(client: KubeClient, apiVersion: string, kind: string): Promise<KubeObject[]> {
  const list = await client.list(apiVersion, kind).catch(unlessRefused);
  return list?.items ?? [];
}

function unlessRefused(error: unknown): undefined {
  if (error instanceof ApiError && (error.status === 403 || error.status === 404)) return undefined;
  throw error;
}
