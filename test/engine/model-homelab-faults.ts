import type { ReasonCode } from "../../src/rehearsal/reason.ts";

/** One way to break one Application of the homelab at the top of this repository. */
export interface Fault {
  name: string;
  /** Of the file, from the top. */
  path: string;
  edit(text: string): string;
  application: string;
  code: ReasonCode;
  message: RegExp;
}

const swap = (from: string, to: string) => (text: string) => text.replace(from, to);

/**
 * Ten Applications, broken in a way of its own each. Those of one group stand in one wave, where none waits for
 * another, so one rehearsal shows all of them. These are of the first area, and end early.
 */
export const faultGroups: readonly (readonly Fault[])[] = [
  [
    {
      name: "a value that the API refuses",
      path: "infrastructure/storage/values.yaml",
      edit: swap("reclaimPolicy: Retain", "reclaimPolicy: Keep"),
      application: "storage",
      code: "rejected",
      message: /StorageClass.*reclaimPolicy|Unsupported value: "Keep"/s,
    },
    {
      name: "a value that the chart's schema does not know",
      path: "infrastructure/ingress/values.yaml",
      edit: swap("isDefaultClass: true", "isDefaultClass: perhaps"),
      application: "ingress",
      code: "manifests",
      message: /values don't meet the specifications of the schema/,
    },
  ],
  [
    {
      name: "a chart repository that the project does not allow",
      path: "bootstrap/areas/infrastructure.yaml",
      edit: swap("    - https://charts.jetstack.io\n", ""),
      application: "cert-manager",
      code: "forbidden",
      message: /charts\.jetstack\.io.* is not permitted in project 'infrastructure'/,
    },
  ],
  [
    {
      name: "a version of an API that nobody serves",
      path: "infrastructure/certificate-authority/certificate-authority.yaml",
      edit: swap(
        "apiVersion: cert-manager.io/v1\nkind: Certificate",
        "apiVersion: cert-manager.io/v2\nkind: Certificate",
      ),
      application: "certificate-authority",
      code: "missing-kind",
      message: /could not find|cert-manager\.io\/v2/,
    },
    {
      name: "a namespace that the project does not allow",
      path: "bootstrap/areas/infrastructure.yaml",
      edit: swap("      namespace: argocd\n    - server", "      namespace: argo\n    - server"),
      application: "argocd",
      code: "forbidden",
      message:
        /namespace 'argocd' do not match|not permitted in project|do not match any of the allowed destinations/,
    },
  ],
];

/** These are of later areas: most of the homelab comes up first. */
export const lateFaultGroups: readonly (readonly Fault[])[] = [
  [
    {
      name: "definitions too large for a client-side apply",
      path: "monitoring/kube-prometheus-stack.yaml",
      edit: swap("ServerSideApply=true", "ServerSideApply=false"),
      application: "kube-prometheus-stack",
      code: "rejected",
      message: /metadata\.annotations: Too long/,
    },
  ],
  [
    {
      name: "a field of another type than its definition says",
      path: "monitoring/service-monitors/infrastructure.yaml",
      edit: swap("    - port: metrics", "    - port: [metrics]"),
      application: "service-monitors",
      code: "rejected",
      message: /port.* must be of type string|expected string/,
    },
  ],
  [
    {
      name: "a Service that no chart can have meant",
      path: "applications/podinfo/values.yaml",
      edit: (text) => `${text}\nservice:\n  type: Cluster\n`,
      application: "podinfo",
      code: "rejected",
      message: /Service.*podinfo.*invalid|Unsupported value: "Cluster"/s,
    },
    {
      name: "a kind that the project does not allow",
      path: "applications/ntfy/overlays/home/ingress.yaml",
      edit: (text) =>
        `${text}---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: ntfy\nrules: []\n`,
      application: "ntfy",
      code: "forbidden",
      message: /rbac\.authorization\.k8s\.io:Role is not permitted in project applications/,
    },
    {
      name: "a file that is not there",
      path: "applications/pages/garden/kustomization.yaml",
      edit: swap("- index.html", "- garden.html"),
      application: "page-garden",
      code: "manifests",
      message: /garden\.html/,
    },
  ],
];
