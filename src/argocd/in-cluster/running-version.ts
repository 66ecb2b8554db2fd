import type { KubeClient } from "../../kubernetes/client.ts";
import { componentOf, templateOf } from "./pod-template.ts";

/**
 * The Argo CD that runs in the cluster, such as `v3.2.3`: what the tag of the application controller's image
 * says, else `otherwise` (the chart's appVersion), else the image itself.
 */
export async function runningVersion(
  client: KubeClient,
  namespace: string,
  otherwise: string | undefined,
): Promise<string> {
  const lists = await Promise.all([
    client.list("apps/v1", "StatefulSet", namespace),
    client.list("apps/v1", "Deployment", namespace),
  ]);
  const templates = lists.flatMap(({ items }) => items).map(templateOf);
  const controller = templates.find((template) => componentOf(template) === "application-controller");
  return versionOf(controller?.spec.containers[0]?.image ?? "", otherwise);
}

/** `registry:5000/argocd:v3.2.3@sha256:…` gives `v3.2.3`; a digest alone and a tag that is no version do not tell. */
export function versionOf(image: string, otherwise: string | undefined): string {
  const name = image.replace(/@.*$/, "");
  const tag = name.slice(name.lastIndexOf("/") + 1).split(":")[1];
  if (tag !== undefined && /^v?\d+\.\d+/.test(tag)) return tag;
  return otherwise ?? (image || "unknown");
}
