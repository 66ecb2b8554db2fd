import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { startApi } from "../kubernetes/api-fixture.ts";
import { ChangeError } from "../runner/errors.ts";
import { toolchainIn } from "../toolchain/toolchain.ts";
import { installManifests, readValues } from "./manifests.ts";

function data(...texts: string[]): Record<string, Record<string, string>> {
  return Object.fromEntries(readValues(texts).data);
}

describe("values of the chart", () => {
  it("fill the ConfigMaps of the release", () => {
    expect(
      data(`configs:
  cm: {create: true, annotations: {a: b}, admin.enabled: false, timeout.reconciliation: 60s}
  params: {server.insecure: true, controller.status.processors: 10}
  rbac: {policy.default: role:readonly, scopes: "[groups]"}
`),
    ).toEqual({
      "argocd-cm": { "admin.enabled": "false", "timeout.reconciliation": "60s" },
      "argocd-cmd-params-cm": { "server.insecure": "true", "controller.status.processors": "10" },
      "argocd-rbac-cm": { "policy.default": "role:readonly", scopes: "[groups]" },
    });
  });

  it("keep a health check of several lines as it is, and write what is no text as JSON", () => {
    expect(
      data(`configs:
  cm:
    resource.customizations.health.argoproj.io_Application: |
      hs = {}
      return hs
    resource.exclusions: [{kinds: [Event]}]
    url: ""
`),
    ).toEqual({
      "argocd-cm": {
        "resource.customizations.health.argoproj.io_Application": "hs = {}\nreturn hs\n",
        "resource.exclusions": '[{"kinds":["Event"]}]',
      },
    });
  });

  it("are merged as Helm merges them: null takes away, lists are replaced", () => {
    expect(
      data(
        "configs: {cm: {a: '1', b: '2', list: [1, 2]}, params: {x: '1'}}",
        "configs: {cm: {b: null, c: '3', list: [3]}, params: null}",
      ),
    ).toEqual({ "argocd-cm": { a: "1", c: "3", list: "[3]" } });
  });

  it("make the Secrets by which Argo CD knows repositories", () => {
    const { repositories } = readValues([
      `configs:
  repositories:
    Private: {url: https://x.example/r, password: secret, insecure: true}
  credentialTemplates:
    all: {url: https://x.example}
`,
    ]);
    expect(repositories).toMatchObject([
      {
        kind: "Secret",
        metadata: {
          name: "argocd-repository-private",
          labels: { "argocd.argoproj.io/secret-type": "repository" },
        },
        stringData: { url: "https://x.example/r", password: "secret", insecure: "true" },
      },
      {
        metadata: {
          name: "argocd-repo-creds-all",
          labels: { "argocd.argoproj.io/secret-type": "repo-creds" },
        },
      },
    ]);
  });

  it("that have no place are named", () => {
    const { unapplied } = readValues([
      "server: {replicas: 2}\nconfigs: {ssh: {}, cm: {a: b}}\n",
      "dex: {}\n",
    ]);
    expect(unapplied).toEqual(["configs.ssh", "dex", "server"]);
  });

  it.each([
    "",
    "# nothing\n",
    "configs:\n",
    "configs: {cm: null}\n",
    "configs: {repositories: null, cm: {}}\n",
  ])("may be nearly nothing: %j", (text) => {
    const { repositories, unapplied } = readValues([text]);
    expect({ repositories, unapplied }).toEqual({ repositories: [], unapplied: [] });
  });

  it.each(["a: [", "- a\n- b\n", "just text"])("that are no mapping are the change's fault: %j", (text) => {
    expect(() => readValues([text])).toThrow(ChangeError);
    expect(() => readValues([text])).toThrow(/^the values of Argo CD are no (YAML|mapping)/);
  });
});

it("installs the release's objects in the namespace that is wanted, definitions first", async () => {
  const folder = await mkdtemp(join(tmpdir(), "manifests-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "argocd/manifests"), { recursive: true });
  await writeFile(
    join(folder, "argocd/manifests/install.yaml"),
    `apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm}
data: {kept: "1", changed: "1"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: argocd}
subjects: [{kind: ServiceAccount, name: argocd, namespace: argocd}]
---
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: applications.argoproj.io}
`,
  );
  await using api = await startApi({
    configmaps: "v1 ConfigMap",
    secrets: "v1 Secret",
    namespaces: "v1 Namespace cluster",
    clusterrolebindings: "rbac.authorization.k8s.io/v1 ClusterRoleBinding cluster",
    customresourcedefinitions: "apiextensions.k8s.io/v1 CustomResourceDefinition cluster",
  });
  const versions = { kubernetes: "v1", argocd: "v3", helm: "v4", kustomize: "v5", k3d: "v5" };
  const unapplied = await installManifests({
    client: api.client,
    kubeconfig: api.kubeconfig,
    toolchain: toolchainIn(folder, versions, "test"),
    settings: {
      chart: "argo-cd",
      repository: undefined,
      version: undefined,
      release: "argocd",
      namespace: "gitops",
      values: ["configs: {cm: {changed: '2'}, repositories: {own: {url: u}}}\nserver: {}\n"],
    },
    chart: { unavailable: "no network" },
    folder,
    signal: new AbortController().signal,
  });
  expect(unapplied).toEqual(["server"]);
  expect(api.get("ConfigMap", "argocd-cm")).toMatchObject({
    metadata: { namespace: "gitops" },
    data: { kept: "1", changed: "2" },
  });
  expect(api.get("Secret", "argocd-repository-own")?.metadata.namespace).toBe("gitops");
  expect(api.get("Secret", "argocd-redis")).toMatchObject({
    metadata: { namespace: "gitops" },
    stringData: { auth: expect.stringMatching(/^[0-9a-f]{32}$/) },
  });
  expect(api.get("ClusterRoleBinding", "argocd")).toMatchObject({ subjects: [{ namespace: "gitops" }] });
  expect(api.get("ClusterRoleBinding", "argocd")?.metadata.namespace).toBeUndefined();
  const applied = api.received
    .filter(({ method }) => method === "PATCH")
    .map(({ path }) => path.split("/").at(-1));
  const definition = applied.findIndex((name) => name?.startsWith("applications.argoproj.io"));
  expect(definition).toBeLessThan(applied.findIndex((name) => name?.startsWith("argocd-cm")));
});
