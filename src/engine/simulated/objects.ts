import type { KubeClient, KubeObject } from "../../kubernetes/client.ts";
import type { Catalogue } from "./catalogue.ts";

/** Enough for required anti-affinity and zone spreading of three replicas. */
const nodeNames = ["simulated-0", "simulated-1", "simulated-2"];

/** Installs what KWOK acts on: its Stages, but for those of kinds that are not there yet, and the nodes. */
export async function installObjects(
  client: KubeClient,
  { definitions, builtIn }: Pick<Catalogue, "definitions" | "builtIn">,
): Promise<void> {
  await Promise.all(definitions.map((object) => client.apply(object)));
  await Promise.all([
    ...nodeNames.map((name, index) => client.apply(node(name, index))),
    ...builtIn.map(({ object }) => applyWhenServed(client, object)),
  ]);
}

/** A CustomResourceDefinition is served some moments after it was accepted. */
async function applyWhenServed(client: KubeClient, object: KubeObject): Promise<void> {
  const attempts = 50;
  for (let attempt = 1; ; attempt++) {
    try {
      await client.apply(object);
      return;
    } catch (error) {
      if (attempt === attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function node(name: string, index: number): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node-role.kubernetes.io/control-plane": "",
        "topology.kubernetes.io/region": "simulated",
        "topology.kubernetes.io/zone": `simulated-${index}`,
      },
    },
    spec: { podCIDR: `10.244.${index}.0/24`, podCIDRs: [`10.244.${index}.0/24`] },
  };
}
