import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { UsageError } from "../../runner/errors.ts";
import { clusterConfig, defaultImage } from "./config-file.ts";

const head = "apiVersion: k3d.io/v1alpha5\nkind: Simple\n";

function made(text?: string) {
  const path = "ci/k3d.yaml";
  const file = text === undefined ? undefined : { path, place: { file: ".rehearsal.yaml" }, text };
  const config = clusterConfig({ file, name: "rehearsal-abc", owner: "1.2.3.4.5" });
  return { ...config, data: parse(config.text) };
}

function thrown(text: string): UsageError {
  try {
    made(text);
  } catch (error) {
    if (error instanceof UsageError) return error;
  }
  throw new Error("no UsageError");
}

function labelled(nodeFilters: string[]): string {
  return `${head}env:\n  - envVar: A=1\n    nodeFilters: ${JSON.stringify(nodeFilters)}\n`;
}

describe("without a file", () => {
  it("is one server of the default image, with an API that only this machine reaches", () => {
    const { data, ...config } = made();
    expect(config).toMatchObject({
      nodes: 1,
      image: defaultImage,
      network: undefined,
      loadBalancer: false,
    });
    expect(data).toMatchObject({
      apiVersion: "k3d.io/v1alpha5",
      kind: "Simple",
      metadata: { name: "rehearsal-abc" },
      image: defaultImage,
      kubeAPI: { hostIP: "127.0.0.1" },
    });
    expect(data.kubeAPI.hostPort).toBeUndefined();
    expect(data.options.k3d).toEqual({
      timeout: "300s",
      wait: true,
      disableLoadbalancer: true,
      disableImageVolume: false,
      disableRollback: true,
    });
    expect(data.options.kubeconfig).toEqual({ updateDefaultKubeconfig: false, switchCurrentContext: false });
    expect(data.options.runtime.labels).toEqual([
      { label: "rehearsal.owner=1.2.3.4.5", nodeFilters: ["all"] },
    ]);
    expect(data.options.k3s.extraArgs).toEqual([
      { arg: "--disable=traefik", nodeFilters: ["server:*"] },
      { arg: "--disable=local-storage", nodeFilters: ["server:*"] },
    ]);
  });

  it("has a name that k3d accepts", () => {
    expect("rehearsal-01234567".length).toBeLessThanOrEqual(32);
  });
});

describe("with a file of the user's", () => {
  it("keeps what it says, and what is ours all the same", () => {
    const { data, ...config } = made(`${head}metadata:
  name: mine
servers: 3
agents: 2
image: registry.example.com/k3s:v1.2.3-k3s1
subnet: 172.28.0.0/16
kubeAPI:
  hostIP: 0.0.0.0
  hostPort: "6443"
volumes:
  - volume: /srv/data:/data
    nodeFilters: [all]
registries:
  create:
    proxy:
      remoteURL: https://registry-1.docker.io
  config: |
    mirrors: {}
options:
  k3d:
    wait: false
    timeout: 90s
    disableRollback: false
  k3s:
    extraArgs:
      - arg: --kubelet-arg=max-pods=50
        nodeFilters: ["agent:*"]
    nodeLabels:
      - label: zone=a
        nodeFilters: ["agent:0"]
  kubeconfig:
    updateDefaultKubeconfig: true
  runtime:
    serversMemory: 2g
    labels:
      - label: team=a
        nodeFilters: ["server:0"]
`);
    expect(config).toMatchObject({ nodes: 5, image: "registry.example.com/k3s:v1.2.3-k3s1" });
    expect(data).toMatchObject({
      metadata: { name: "rehearsal-abc" },
      servers: 3,
      agents: 2,
      image: "registry.example.com/k3s:v1.2.3-k3s1",
      subnet: "172.28.0.0/16",
      kubeAPI: { hostIP: "127.0.0.1" },
      volumes: [{ volume: "/srv/data:/data", nodeFilters: ["all"] }],
      registries: {
        create: { proxy: { remoteURL: "https://registry-1.docker.io" } },
        config: "mirrors: {}\n",
      },
      options: {
        k3d: { wait: true, timeout: "90s", disableRollback: true, disableLoadbalancer: true },
        k3s: { nodeLabels: [{ label: "zone=a", nodeFilters: ["agent:0"] }] },
        kubeconfig: { updateDefaultKubeconfig: false, switchCurrentContext: false },
        runtime: { serversMemory: "2g" },
      },
    });
    expect(data.kubeAPI).toEqual({ hostIP: "127.0.0.1" });
    expect(data.options.runtime.labels.map((entry: { label: string }) => entry.label)).toEqual([
      "team=a",
      "rehearsal.owner=1.2.3.4.5",
    ]);
    expect(data.options.k3s.extraArgs.map((entry: { arg: string }) => entry.arg)).toEqual([
      "--kubelet-arg=max-pods=50",
      "--disable=traefik",
      "--disable=local-storage",
    ]);
  });

  it.each([
    ["--disable=metrics-server", ["--disable=metrics-server"]],
    ["--disable metrics-server", ["--disable metrics-server"]],
    [
      "--disable-network-policy",
      ["--disable-network-policy", "--disable=traefik", "--disable=local-storage"],
    ],
  ])("%s: what it disables itself replaces our list", (arg, all) => {
    const { data } = made(
      `${head}options:\n  k3s:\n    extraArgs:\n      - arg: ${arg}\n        nodeFilters: ["server:*"]\n`,
    );
    expect(data.options.k3s.extraArgs.map((entry: { arg: string }) => entry.arg)).toEqual(all);
  });

  it.each([
    ["ports through it", `${head}ports:\n  - port: 8080:80\n    nodeFilters: [loadbalancer]\n`, true],
    ["ports without a filter", `${head}ports:\n  - port: 8080:80\n`, true],
    [
      "ports of nodes by way of it",
      `${head}ports:\n  - port: 8080:80\n    nodeFilters: ["server:0"]\n`,
      true,
    ],
    [
      "ports of a node itself",
      `${head}ports:\n  - port: 8080:80\n    nodeFilters: ["server:0:direct"]\n`,
      false,
    ],
    ["something for it", labelled(["loadbalancer"]), true],
    ["something for nodes", labelled(["server:0", "agent:*"]), false],
    ["settings of it", `${head}options:\n  k3d:\n    loadbalancer:\n      configOverrides: [a=1]\n`, true],
    ["a wish for it", `${head}options:\n  k3d:\n    disableLoadbalancer: false\n`, true],
    [
      "ports, and a wish for none",
      `${head}ports:\n  - port: 80:80\noptions:\n  k3d:\n    disableLoadbalancer: true\n`,
      false,
    ],
  ])("%s: k3d's load balancer %#", (_, text, wanted) => {
    const { data, loadBalancer } = made(text);
    expect(loadBalancer).toBe(wanted);
    expect(data.options.k3d.disableLoadbalancer).toBe(!wanted);
  });

  it("may name a network that is there", () => {
    expect(made(`${head}network: shared\n`).network).toBe("shared");
  });
});

describe("a file is refused", () => {
  it.each([
    ["which is empty", "", /apiVersion missing, kind missing/],
    ["of an older version", "apiVersion: k3d.io/v1alpha4\nkind: Simple\n", /apiVersion k3d.io\/v1alpha4/],
    ["of another kind", "apiVersion: k3d.io/v1alpha5\nkind: Cluster\n", /kind Cluster/],
    ["which is a list", "- a\n", /apiVersion missing/],
  ])("%s", (_, text, message) => {
    const error = thrown(text);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^ci\/k3d\.yaml is no configuration of k3d/);
    expect(error.fix).toContain("k3d.io/v1alpha5");
    expect(error.where).toEqual({ file: "ci/k3d.yaml", line: 1 });
  });

  it("which is no YAML, with its line", () => {
    const error = thrown(`${head}servers: 1\nservers: 2\n`);
    expect(error.message).toBe("ci/k3d.yaml is not valid YAML: the key servers stands twice in one mapping");
    expect(error.where).toEqual({ file: "ci/k3d.yaml", line: 4 });
  });

  it("with two documents", () => {
    const error = thrown(`${head}---\n${head}`);
    expect(error.message).toContain("more than one YAML document");
    expect(error.where?.line).toBe(4);
  });

  it("which wants the host's network", () => {
    expect(thrown(`${head}network: host\n`).message).toContain("the host's network");
  });

  it.each([
    ["a file to copy", `files:\n  - source: ../secret\n    destination: /x\n`, "../secret"],
    ["registries", `registries:\n  config: registries.yaml\n`, "registries.yaml"],
  ])("which counts on %s beside it", (_, text, name) => {
    expect(thrown(head + text).message).toContain(`refers to the file ${name}`);
  });

  it.each([
    ["text to copy", "files:\n  - source: |\n      a\n      b\n    destination: /x\n"],
    ["registries by an absolute path", "registries:\n  config: /etc/registries.yaml\n"],
    ["registries by a variable", "registries:\n  config: $HOME/registries.yaml\n"],
  ])("but not for %s", (_, text) => {
    expect(made(head + text).nodes).toBe(1);
  });
});

it("a file that nobody has read is a defect, not the user's error", () => {
  const file = { path: "k3d.yaml", place: { file: "x" }, text: undefined };
  expect(() => clusterConfig({ file, name: "n", owner: "o" })).toThrow("k3d.yaml has not been read");
});
