import { describe, expect, test } from "vitest";
import { bothWays, guard, valuesFile } from "./protection-fixture.ts";

describe("values of Argo CD's chart", () => {
  const cm = (entry: string) => `configs:\n  cm:\n    url: https://x\n    ${entry}\n`;
  const params = (entry: string) => `configs:\n  params:\n    server.log.level: info\n    ${entry}\n`;
  const none = "configs:\n  cm:\n    url: https://x\n";
  bothWays(valuesFile, [
    {
      name: "a plugin",
      setting: "argocd-plugins",
      safe: none,
      weak: "configs:\n  cmp:\n    create: true\n    plugins: {x: {generate: {command: [sh]}}}\n",
    },
    {
      name: "a plugin of old",
      setting: "argocd-plugins",
      safe: none,
      weak: cm("configManagementPlugins: |\n      - name: x"),
    },
    {
      name: "kustomize exec",
      setting: "argocd-kustomize",
      safe: cm("kustomize.buildOptions: --enable-helm"),
      weak: cm("kustomize.buildOptions: --enable-helm --enable-exec"),
    },
    {
      name: "load restrictions",
      setting: "argocd-kustomize",
      safe: none,
      weak: cm("kustomize.buildOptions: --load-restrictor LoadRestrictionsNone"),
    },
    {
      name: "a kustomize of its own",
      setting: "argocd-kustomize",
      safe: none,
      weak: cm("kustomize.path.v5: /tools/kustomize"),
    },
    {
      name: "schemes of values",
      setting: "argocd-tools",
      safe: cm("helm.valuesFileSchemes: https"),
      weak: cm("helm.valuesFileSchemes: https, secrets"),
    },
    {
      name: "an init container",
      setting: "argocd-tools",
      safe: "repoServer: {replicas: 1}\n",
      weak: "repoServer:\n  initContainers:\n    - {name: t, image: x}\n",
    },
    {
      name: "a sidecar",
      setting: "argocd-tools",
      safe: "repoServer: {replicas: 1}\n",
      weak: "repoServer:\n  extraContainers:\n    - {name: t, image: x}\n",
    },
    {
      name: "a volume",
      setting: "argocd-tools",
      safe: "repoServer: {replicas: 1}\n",
      weak: "repoServer:\n  volumes:\n    - {name: t, emptyDir: {}}\n",
    },
    {
      name: "a variable",
      setting: "argocd-tools",
      safe: "controller: {env: [{name: a, value: b}]}\n",
      weak: "controller: {env: [{name: a, value: c}]}\n".replace("c}", "c}, {name: a, value: b}"),
    },
    {
      name: "another image",
      setting: "argocd-images",
      safe: "global: {image: {tag: v1}}\n",
      weak: "global: {image: {repository: evil/argocd, tag: v1}}\n",
    },
    {
      name: "policies",
      setting: "argocd-rbac",
      safe: "configs: {rbac: {policy.csv: ''}}\n",
      weak: "configs:\n  rbac:\n    policy.csv: |\n      g, everyone, role:admin\n",
    },
    {
      name: "a policy that denies",
      setting: "argocd-rbac",
      safe: "configs:\n  rbac:\n    policy.csv: |\n      p, dev, exec, create, *, deny\n",
      weak: "configs: {rbac: {policy.csv: ''}}\n",
    },
    {
      name: "the default role",
      setting: "argocd-rbac",
      safe: "configs: {rbac: {policy.default: ''}}\n",
      weak: "configs: {rbac: {policy.default: role:admin}}\n",
    },
    {
      name: "anonymous users",
      setting: "argocd-access",
      safe: cm("users.anonymous.enabled: false"),
      weak: cm("users.anonymous.enabled: 'true'"),
    },
    { name: "the terminal", setting: "argocd-access", safe: none, weak: cm("exec.enabled: true") },
    {
      name: "the admin, switched off so far",
      setting: "argocd-access",
      safe: cm("admin.enabled: false"),
      weak: none,
    },
    { name: "an account", setting: "argocd-access", safe: none, weak: cm("accounts.bot: apiKey") },
    {
      name: "single sign-on",
      setting: "argocd-access",
      safe: none,
      weak: cm("oidc.config: 'issuer: https://x'"),
    },
    {
      name: "a server without TLS",
      setting: "argocd-access",
      safe: params("server.insecure: false"),
      weak: params("server.insecure: true"),
    },
    {
      name: "repositories",
      setting: "argocd-credentials",
      safe: none,
      weak: "configs:\n  repositories: {x: {url: https://x, password: y}}\n",
    },
    {
      name: "templates of credentials",
      setting: "argocd-credentials",
      safe: none,
      weak: "configs:\n  credentialTemplates: {x: {url: https://x}}\n",
    },
    {
      name: "clusters",
      setting: "argocd-credentials",
      safe: none,
      weak: "configs:\n  clusterCredentials: {x: {server: https://x}}\n",
    },
    {
      name: "known hosts",
      setting: "argocd-trust",
      safe: none,
      weak: "configs:\n  ssh:\n    extraHosts: |\n      x ssh-rsa AAAA\n",
    },
    {
      name: "a certificate",
      setting: "argocd-trust",
      safe: none,
      weak: "configs:\n  tls:\n    certificates: {x.example: PEM}\n",
    },
    {
      name: "exclusions",
      setting: "argocd-exclusions",
      safe: none,
      weak: cm("resource.exclusions: |\n      - kinds: [Pod]"),
    },
    {
      name: "ignored differences",
      setting: "argocd-exclusions",
      safe: none,
      weak: cm("resource.customizations.ignoreDifferences.all: 'jsonPointers: [/spec]'"),
    },
    {
      name: "namespaces of Applications",
      setting: "argocd-namespaces",
      safe: params("application.namespaces: a"),
      weak: params("application.namespaces: a,b"),
    },
    {
      name: "a repo-server elsewhere",
      setting: "argocd-settings",
      safe: params("otlp.address: ''"),
      weak: params("repo.server: evil:8081"),
    },
    {
      name: "a Redis elsewhere",
      setting: "argocd-settings",
      safe: none,
      weak: "configs: {cm: {}}\nexternalRedis: {host: evil}\n",
    },
    {
      name: "rules of the controller",
      setting: "argocd-rbac",
      safe: "controller: {replicas: 1}\n",
      weak: "controller: {clusterRoleRules: {enabled: true, rules: [{apiGroups: ['*']}]}}\n",
    },
    {
      name: "an object beside",
      setting: "argocd-projects",
      safe: none,
      weak: `extraObjects:\n  - apiVersion: argoproj.io/v1alpha1\n    kind: AppProject\n    metadata: {name: all}\n    spec: {sourceRepos: ["*"]}\n`,
    },
  ]);

  test.each([
    ["a health check", "resource.customizations.health.argoproj.io_Application"],
    ["an action", "resource.customizations.actions.apps_Deployment"],
    ["what is included", "resource.inclusions"],
  ])("%s is red however it changes", async (_, key) => {
    const values = (text: string) => ({ [valuesFile]: cm(`${key}: |\n      ${text}`) });
    const [one, other, without] = [values("return 1"), values("return 2"), { [valuesFile]: none }];
    const changes = [
      [one, other],
      [one, without],
      [without, one],
    ] as const;
    for (const [before, after] of changes) expect((await guard(before, after)).weakened).toHaveLength(1);
    expect((await guard(one, one)).weakened).toEqual([]);
  });
});
