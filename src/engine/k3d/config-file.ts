import { stringify } from "yaml";
import type { K3dConfigFile } from "../../repository/config.ts";
import { list, type Mapping, mapping, mappings, text, texts } from "../../repository/untyped.ts";
import { parseYaml, splitDocuments } from "../../repository/yaml-documents.ts";
import { UsageError } from "../../runner/errors.ts";
import { ownerLabel } from "./leftovers.ts";

/**
 * The node image where the user names none: the Kubernetes minor of ci/toolchain/go.mod, so that both
 * engines rehearse on the same API (k3d's own default is years older).
 */
// renovate: datasource=docker depName=rancher/k3s versioning=regex:^v(?<major>\d+)\.(?<minor>\d+)\.(?<patch>\d+)-k3s(?<build>\d+)$
export const defaultImage = "rancher/k3s:v1.37.0-k3s1";

const apiVersion = "k3d.io/v1alpha5";

/**
 * What k3s brings and a GitOps repository brings itself: two of each fight over the same ports and names. Its
 * metrics-server and service load balancer stay, as HorizontalPodAutoscalers and LoadBalancer Services would
 * never be Healthy without any. A user's file that disables anything replaces this list by its own.
 */
const disabled = ["traefik", "local-storage"];

/** For each stage of the start that k3d waits for; an idle machine needs 20 s. */
const defaultTimeout = "300s";

export interface ClusterConfig {
  /** For `k3d cluster create --config`. */
  text: string;
  /** How many nodes there are to be. */
  nodes: number;
  image: string;
  /** Of the user's, in place of one that is made for the cluster. */
  network: string | undefined;
  /** Whether k3d puts its proxy before the nodes. */
  loadBalancer: boolean;
}

/**
 * The configuration of one cluster: the user's file, if there is one, with what has to be ours (the name, the
 * owner's label, an API that only this machine reaches, no other kubeconfig touched, nothing undone by k3d
 * that explains a failure). Throws UsageError where the file is none of k3d's, or counts on files beside it.
 */
export function clusterConfig(request: {
  file: K3dConfigFile | undefined;
  name: string;
  /** The value of the owner's label. */
  owner: string;
}): ClusterConfig {
  const { file, name, owner } = request;
  const user = file ? read(file) : {};
  const options = mapping(user.options);
  const runtime = mapping(options.runtime);
  const k3s = mapping(options.k3s);
  const k3d = mapping(options.k3d);
  const loadBalancer = wantsLoadBalancer(user);
  const image = text(user.image) ?? defaultImage;
  const config = {
    ...user,
    apiVersion,
    kind: "Simple",
    metadata: { ...mapping(user.metadata), name },
    image,
    kubeAPI: { hostIP: "127.0.0.1" }, // and a port that k3d finds free
    options: {
      ...options,
      k3d: {
        timeout: defaultTimeout,
        ...k3d,
        wait: true,
        disableLoadbalancer: !loadBalancer,
        disableImageVolume: false, // k3d's tools container cannot do without
        disableRollback: true, // the logs of what failed are wanted; we remove it ourselves
      },
      k3s: {
        ...k3s,
        extraArgs: [...list(k3s.extraArgs), ...(disables(k3s) ? [] : disabled.map(disable))],
      },
      kubeconfig: { updateDefaultKubeconfig: false, switchCurrentContext: false },
      runtime: {
        ...runtime,
        labels: [...list(runtime.labels), { label: `${ownerLabel}=${owner}`, nodeFilters: ["all"] }],
      },
    },
  };
  return {
    text: stringify(config),
    nodes: count(user.servers, 1) + count(user.agents, 0),
    image,
    network: text(user.network),
    loadBalancer,
  };
}

function read(file: K3dConfigFile): Mapping {
  if (file.text === undefined) throw new Error(`${file.path} has not been read`);
  const fail = (message: string, fix: string, line?: number) =>
    new UsageError(`${file.path} ${message}`, { where: { file: file.path, line }, fix });
  const [first, second] = splitDocuments(file.text);
  if (second) throw fail("holds more than one YAML document", "Keep the one of k3d.", second.firstLine);
  const document = first && parseYaml(first);
  const [error] = document?.errors ?? [];
  if (error) throw fail(`is not valid YAML: ${error.message}`, "Correct it.", error.line);
  const user = mapping(document?.value);
  if (user.apiVersion !== apiVersion || user.kind !== "Simple") {
    const found = `apiVersion ${text(user.apiVersion) ?? "missing"}, kind ${text(user.kind) ?? "missing"}`;
    throw fail(
      `is no configuration of k3d as it is needed (${found})`,
      `It needs apiVersion: ${apiVersion} and kind: Simple; k3d config migrate turns older ones into it.`,
      1,
    );
  }
  if (user.network === "host") {
    throw fail(
      "asks for the host's network, in which no cluster is alone",
      "Leave network out: each rehearsal gets a network of its own.",
    );
  }
  const beside = filesBeside(user);
  if (beside !== undefined) {
    throw fail(
      `refers to the file ${beside}, which lies in no folder of a rehearsal`,
      "Write its content into the configuration, as a block of text.",
    );
  }
  return user;
}

/** A file that k3d would look for relative to the configuration or the working directory. */
function filesBeside(user: Mapping): string | undefined {
  const sources = mappings(user.files).map(({ source }) => text(source));
  const registries = text(mapping(user.registries).config);
  const isAbsolute = registries?.startsWith("/") || registries?.startsWith("$");
  return [...sources, isAbsolute ? undefined : registries].find(
    (value) => value !== undefined && !value.includes("\n"),
  );
}

/** k3d's proxy takes an image and some seconds: only where something goes through it. */
function wantsLoadBalancer(user: Mapping): boolean {
  const k3d = mapping(mapping(user.options).k3d);
  if (typeof k3d.disableLoadbalancer === "boolean") return !k3d.disableLoadbalancer;
  if (k3d.loadbalancer !== undefined) return true;
  const published = mappings(user.ports).some(({ nodeFilters }) => {
    const filters = texts(nodeFilters);
    return filters.length === 0 || filters.some((filter) => !filter.endsWith(":direct"));
  });
  return published || mentionsLoadBalancer(user);
}

function mentionsLoadBalancer(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(mentionsLoadBalancer);
  return Object.entries(mapping(value)).some(([key, inner]) =>
    key === "nodeFilters"
      ? texts(inner).some((filter) => filter.startsWith("loadbalancer"))
      : mentionsLoadBalancer(inner),
  );
}

function disables(k3s: Mapping): boolean {
  // Not --disable-network-policy and the like, which are options of their own.
  return mappings(k3s.extraArgs).some(({ arg }) => /^--disable(?:[=\s]|$)/.test(text(arg) ?? ""));
}

function disable(component: string): Mapping {
  return { arg: `--disable=${component}`, nodeFilters: ["server:*"] };
}

function count(value: unknown, otherwise: number): number {
  return Number.isInteger(value) ? Number(value) : otherwise;
}
