import { type Evidence, noFindings } from "./evidence.ts";
import { takeInventory } from "./inventory.ts";
import type { Meta } from "./listing.ts";

/** When the rehearsal of these tests began. */
export const since = Date.parse("2026-01-01T12:00:00Z");

const plurals: Record<string, string> = {
  NetworkPolicy: "networkpolicies",
  Foal: "foals",
};

/** An object that came a minute into the rehearsal, written as `group/Kind namespace/name` or `Kind name`. */
export function meta(text: string, changes: Partial<Meta> = {}): Meta {
  const [type = "", place = ""] = text.split(" ");
  const [kind = "", group = ""] = type.split("/").reverse();
  const [name = "", namespace] = place.split("/").reverse();
  return {
    resource: {
      group,
      version: "v1",
      plural: plurals[kind] ?? `${kind.toLowerCase()}s`,
      kind,
      namespaced: namespace !== undefined,
    },
    name,
    namespace,
    uid: `uid of ${text}`,
    resourceVersion: "1",
    created: since + 60_000,
    deleting: false,
    labels: {},
    annotations: {},
    finalizers: [],
    controller: undefined,
    managers: [],
    ...changes,
  };
}

/** As Argo CD marks what it deploys for an Application. */
export function trackedBy(application: string, text: string, changes: Partial<Meta> = {}): Meta {
  const { resource, namespace = "default", name } = meta(text);
  const id = `${application}:${resource.group}/${resource.kind}:${namespace}/${name}`;
  return meta(text, { annotations: { "argocd.argoproj.io/tracking-id": id }, ...changes });
}

/** As a manager has written it in the middle of the rehearsal. */
export function by(manager: string): Pick<Meta, "managers"> {
  return { managers: [{ name: manager, at: since + 60_000 }] };
}

/** What is known at the end of a rehearsal of the Application `web`, which deploys into the namespace `web`. */
export function evidenceOf(
  existed: readonly Meta[] = [],
  { unlisted = [], ...found }: { unlisted?: string[] } & Partial<Evidence["findings"]> = {},
): Evidence {
  return {
    since,
    existed: takeInventory(existed),
    unlisted,
    findings: {
      ...noFindings(),
      instances: new Set(["web", "argocd_web"]),
      destinations: new Set(["web"]),
      argocdNamespaces: new Set(["argocd"]),
      releases: new Set(["argocd/argocd"]),
      ...found,
    },
  };
}
