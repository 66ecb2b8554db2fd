import { describe, expect, test } from "vitest";
import { bothWays, configMap, project, settingsOf } from "./protection-fixture.ts";

describe("ConfigMaps and other objects", () => {
  const secret = (kind: string, labels: string) =>
    `apiVersion: v1\nkind: ${kind}\nmetadata: {name: x, labels: ${labels}}\nstringData: {url: https://x}\n`;
  const deployment = (spec: string) =>
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: argocd-repo-server}\nspec:\n  template:\n    spec:\n      ${spec}\n`;
  const containers = (rest: string) =>
    deployment(`containers: [{name: repo-server, image: 'quay.io/argoproj/argocd:v3.6.1'${rest}}]`);
  bothWays("argocd/objects.yaml", [
    {
      name: "argocd-cm",
      setting: "argocd-kustomize",
      safe: configMap("argocd-cm", "url: x"),
      weak: configMap("argocd-cm", "kustomize.buildOptions: --enable-exec"),
    },
    {
      name: "argocd-rbac-cm",
      setting: "argocd-rbac",
      safe: configMap("argocd-rbac-cm", "scopes: x"),
      weak: configMap("argocd-rbac-cm", "scopes: x\npolicy.default: role:admin"),
    },
    {
      name: "argocd-cmd-params-cm",
      setting: "argocd-access",
      safe: configMap("argocd-cmd-params-cm", "server.rootpath: /x"),
      weak: configMap("argocd-cmd-params-cm", "server.disable.auth: 'true'"),
    },
    {
      name: "argocd-ssh-known-hosts-cm",
      setting: "argocd-trust",
      safe: configMap("argocd-ssh-known-hosts-cm", "ssh_known_hosts: a b c"),
      weak: configMap("argocd-ssh-known-hosts-cm", "ssh_known_hosts: |\n  a b c\n  d e f"),
    },
    {
      name: "argocd-tls-certs-cm",
      setting: "argocd-trust",
      safe: configMap("argocd-tls-certs-cm", "a: PEM"),
      weak: configMap("argocd-tls-certs-cm", "a: PEM\nb: PEM"),
    },
    {
      name: "a Secret",
      setting: "argocd-credentials",
      safe: secret("Secret", "{a: b}"),
      weak: secret("Secret", "{argocd.argoproj.io/secret-type: repository}"),
    },
    {
      name: "what makes such a Secret",
      setting: "argocd-credentials",
      safe: secret("Secret", "{a: b}"),
      weak: "apiVersion: x/v1\nkind: ExternalSecret\nmetadata: {name: x}\nspec: {target: {template: {metadata: {labels: {argocd.argoproj.io/secret-type: cluster}}}}}\n",
    },
    {
      name: "a plugin",
      setting: "argocd-plugins",
      safe: configMap("argocd-cm", "url: x"),
      weak: "apiVersion: argoproj.io/v1alpha1\nkind: ConfigManagementPlugin\nmetadata: {name: x}\nspec: {generate: {command: [sh]}}\n",
    },
    {
      name: "a container of the repo-server",
      setting: "argocd-tools",
      safe: containers(""),
      weak: containers(", env: [{name: a, value: b}]"),
    },
    {
      name: "its image",
      setting: "argocd-images",
      safe: deployment("replicas: 1"),
      weak: deployment("containers: [{name: repo-server, image: evil/argocd}]"),
    },
    {
      name: "an init container",
      setting: "argocd-tools",
      safe: containers(""),
      weak: deployment(
        "initContainers: [{name: x, image: y}]\n      containers: [{name: repo-server, image: 'quay.io/argoproj/argocd:v3.6.1'}]",
      ),
    },
    {
      name: "a role of Argo CD",
      setting: "argocd-rbac",
      safe: configMap("argocd-cm", "url: x"),
      weak: "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: argocd-server}\nrules: [{apiGroups: ['*']}]\n",
    },
    {
      name: "wildcard of sources",
      setting: "argocd-projects",
      safe: project("sourceRepos: [https://a]"),
      weak: project("sourceRepos: [https://a, 'https://github.com/*']"),
    },
    {
      name: "wildcard of destinations",
      setting: "argocd-projects",
      safe: project("destinations: [{server: s, namespace: a}]"),
      weak: project("destinations: [{server: s, namespace: '*'}]"),
    },
    {
      name: "wildcard of cluster resources",
      setting: "argocd-projects",
      safe: project("clusterResourceWhitelist: [{group: '', kind: Namespace}]"),
      weak: project("clusterResourceWhitelist: [{group: '*', kind: '*'}]"),
    },
    {
      name: "wildcard of namespaces",
      setting: "argocd-projects",
      safe: project("sourceNamespaces: [a]"),
      weak: project("sourceNamespaces: ['*']"),
    },
    {
      name: "an exclusion taken away",
      setting: "argocd-projects",
      safe: project("sourceRepos: ['!https://evil', https://a]"),
      weak: project("sourceRepos: [https://a]"),
    },
    {
      name: "a blacklist taken away",
      setting: "argocd-projects",
      safe: project("clusterResourceBlacklist: [{group: '', kind: Node}]"),
      weak: project("description: x"),
    },
    {
      name: "a whitelist taken away",
      setting: "argocd-projects",
      safe: project("namespaceResourceWhitelist: []"),
      weak: project("description: x"),
    },
    {
      name: "orphaned resources",
      setting: "argocd-projects",
      safe: project("orphanedResources: {warn: true}"),
      weak: project("description: x"),
    },
  ]);

  test("a project that is taken away forbids everything", async () => {
    const before = { "p.yaml": project("clusterResourceBlacklist: [{group: '', kind: Node}]") };
    expect(await settingsOf(before, { "p.yaml": configMap("x", "a: b") })).toEqual([]);
  });
});
