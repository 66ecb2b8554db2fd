import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { KubeClient, KubeObject } from "../../kubernetes/client.ts";
import { packageRoot } from "../../runner/package-root.ts";

/** Enough for required anti-affinity and zone spreading of three replicas. */
const nodeNames = ["simulated-0", "simulated-1", "simulated-2"];

/** Installs what KWOK acts on (its Stages), the nodes, and the storage class that a fresh k3s has as well. */
export async function installObjects(client: KubeClient): Promise<void> {
  const stages = await readStages();
  const definitions = stages.filter((object) => object.kind === "CustomResourceDefinition");
  await Promise.all(definitions.map((object) => client.apply(object)));
  await Promise.all([
    ...nodeNames.map((name, index) => client.apply(node(name, index))),
    ...stages.filter((object) => object.kind === "Stage").map((object) => applyWhenServed(client, object)),
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

async function readStages(): Promise<KubeObject[]> {
  const folder = join(packageRoot(), "src/engine/simulated/stages");
  const files = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
  return texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as KubeObject));
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
