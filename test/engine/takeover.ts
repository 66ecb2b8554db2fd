import { isDeepStrictEqual } from "node:util";
import type { Engine } from "../../src/engine/engine.ts";
import { connect, type KubeObject } from "../../src/kubernetes/client.ts";
import { type WatchedKind, watchKind } from "../../src/kubernetes/watch.ts";

/** What Argo CD changed when it took over its own installation. */
export interface Takeover {
  /** Titles of the objects that Helm had made and that Argo CD now manages. */
  taken: string[];
  /** Those of them that Argo CD does not manage. */
  left: string[];
  /** Those that Argo CD made beside them. */
  added: string[];
  /** `<title>: <field>` of what is not as it was. */
  changed: string[];
  /** How many ReplicaSets there are: with a new Pod template, a Deployment has two. */
  replicaSets: number;
  deployments: number;
}

const namespace = "argocd";
const tracking = "argocd.argoproj.io/tracking-id";
const inNamespace = (apiVersion: string, kind: string, plural: string): WatchedKind => ({
  ...{ apiVersion, kind, plural, namespace },
});

/** Every kind that the chart argo-cd makes, but for what its hooks need. */
const kinds: readonly WatchedKind[] = [
  inNamespace("v1", "ConfigMap", "configmaps"),
  inNamespace("v1", "Secret", "secrets"),
  inNamespace("v1", "Service", "services"),
  inNamespace("v1", "ServiceAccount", "serviceaccounts"),
  inNamespace("apps/v1", "Deployment", "deployments"),
  inNamespace("apps/v1", "StatefulSet", "statefulsets"),
  inNamespace("networking.k8s.io/v1", "Ingress", "ingresses"),
  inNamespace("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
  inNamespace("rbac.authorization.k8s.io/v1", "Role", "roles"),
  inNamespace("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings"),
  { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", plural: "clusterroles" },
  { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", plural: "clusterrolebindings" },
  {
    ...{ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" },
    plural: "customresourcedefinitions",
  },
];

interface History {
  kind: string;
  /** As it last was before Argo CD knew it. */
  before: KubeObject | undefined;
  /** As it is since. */
  after: KubeObject | undefined;
}

/** An engine that also watches what becomes of Argo CD's own objects on the clusters that it starts. */
export function observed(engine: Engine): { engine: Engine; takeover(): Takeover } {
  const histories = new Map<string, History>();
  const replicaSets = new Set<string>();
  const note = (kind: string) => (object: KubeObject, deleted: boolean) => {
    const { annotations = {}, name } = object.metadata;
    const id = annotations[tracking] ?? "";
    const ofHelm = annotations["meta.helm.sh/release-name"] === "argocd";
    if (deleted || "helm.sh/hook" in annotations || !(ofHelm || id.startsWith("argocd:"))) return;
    const key = `${kind} ${name}`;
    const history = histories.get(key) ?? { kind, before: undefined, after: undefined };
    histories.set(key, history);
    // Argo CD marks no definition as its own, so only the first of each is known to be Helm's.
    const taken = kind === "CustomResourceDefinition" ? history.before !== undefined : id !== "";
    if (taken) history.after = object;
    else history.before = object;
  };
  return {
    engine: {
      name: engine.name,
      async start(request) {
        const cluster = await engine.start(request);
        const client = connect(cluster.kubeconfig);
        for (const kind of kinds) watchKind(client, kind, note(kind.kind), request.signal);
        const sets = inNamespace("apps/v1", "ReplicaSet", "replicasets");
        watchKind(client, sets, ({ metadata }) => replicaSets.add(metadata.name), request.signal);
        return cluster;
      },
    },
    takeover() {
      const all = [...histories];
      const titles = (wanted: (history: History) => boolean) =>
        all.filter(([, history]) => wanted(history)).map(([title]) => title);
      const taken = titles(({ before, after }) => before !== undefined && after !== undefined);
      return {
        taken,
        left: titles(({ before, after }) => before !== undefined && after === undefined),
        added: titles(({ before, after }) => before === undefined && after !== undefined),
        changed: all.flatMap(([title, { before, after }]) =>
          before && after ? differences(before, after).map((field) => `${title}: ${field}`) : [],
        ),
        replicaSets: replicaSets.size,
        deployments: taken.filter((title) => title.startsWith("Deployment ")).length,
      };
    },
  };
}

/** Fields that differ, but for status, what the API server counts, and the annotation by which Argo CD knows its own. */
function differences(before: KubeObject, after: KubeObject): string[] {
  const [left, right] = [comparable(before), comparable(after)];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].filter((key) => !isDeepStrictEqual(left[key], right[key]));
}

function comparable({ metadata, status: _status, ...rest }: KubeObject): Record<string, unknown> {
  const { [tracking]: _tracking, ...annotations } = metadata.annotations ?? {};
  // A Deployment's generation also counts changes of its annotations; the specification itself is compared.
  return { ...rest, name: metadata.name, labels: metadata.labels, annotations };
}
