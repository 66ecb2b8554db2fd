import { isIP } from "node:net";
import { isDeepStrictEqual } from "node:util";
import {
  type Container,
  componentOf,
  type EnvironmentVariable,
  type HostAlias,
  type PodTemplate,
  type Volume,
  type VolumeMount,
} from "./pod-template.ts";

/** What leads a repo-server's Pod to the mirror, and nowhere else. Holds no secret but `token`. */
export interface PodPatchSettings {
  /** Proves, as the Pod's annotation, that it was admitted by this rehearsal. */
  token: string;
  /** The Secret with the proxy's URL below `proxyUrlKey`, and the ConfigMap with the bundles; both in the Pod's namespace. */
  name: string;
  /** Hosts that the mirror answers for: lower case, without ports. */
  hosts: readonly string[];
  /** Hosts and ranges that the proxy is not for. */
  noProxy: string;
  /** Where the mirror is, if that is known without the cluster's DNS. */
  mirror: { host: string; address: string | undefined };
  /** The key of `name` with the bundle for single hosts. */
  hostBundleKey: string;
}

export const admittedAnnotation = "gitops-rehearsal/admitted";
export const proxyUrlKey = "proxy-url";
export const bundleKey = "ca-bundle.pem";

/** An operation of RFC 6902. `add` puts a member in the place of the one that is there. */
export interface PatchOperation {
  op: "add";
  path: string;
  value: unknown;
}

/** Of TEST-NET-1 (RFC 5737), which nobody routes. */
const nowhere = "192.0.2.1";
/** At the top, because below a folder that a volume may hide no mount point could be made. */
const bundleFolder = "/rehearsal-trust";
/** As the API server sets it where nothing is said: a Pod is compared with its patch later on. */
const defaultMode = 0o644;
/** util/cert of Argo CD. */
const defaultTlsPath = "/app/config/tls";

/**
 * What a Pod lacks for its part in the rehearsal; empty for Pods that have none, and for those that have
 * been patched. The repo-server gets the proxy, the bundle, and no other way to the hosts that the mirror
 * answers for; the application controller keeps the health of resources in the status, where Argo CD 3 does
 * not by default.
 *
 * The ApplicationSet controller needs nothing: its Git generators ask the repo-server, and those for source
 * code managers and pull requests speak to API hosts, for which the mirror does not answer.
 */
export function patchPod(pod: PodTemplate, settings: PodPatchSettings): PatchOperation[] {
  const component = componentOf(pod);
  if (component === "repo-server") return differences(pod, leadToMirror(pod, settings));
  if (component !== "application-controller") return [];
  const health = [{ name: "ARGOCD_APPLICATION_CONTROLLER_PERSIST_RESOURCE_HEALTH", value: "true" }];
  return differences(pod, {
    ...pod,
    spec: {
      ...pod.spec,
      containers: pod.spec.containers.map((container) => ({
        ...container,
        env: withVariables(container.env, health),
      })),
    },
  });
}

/** Whether a running Pod is a repo-server that is still as it was admitted. */
export function isAdmitted(pod: PodTemplate, settings: PodPatchSettings): boolean {
  return componentOf(pod) === "repo-server" && patchPod(pod, settings).length === 0;
}

function leadToMirror(pod: PodTemplate, settings: PodPatchSettings): PodTemplate {
  const { spec, metadata = {} } = pod;
  const bundle = `${settings.name}-bundle`;
  const certificates = `${settings.name}-certificates`;
  const ours = (container: Container, isFirst: boolean) => leadContainer(container, settings, isFirst);
  const containers = spec.containers.map((container, index) => ours(container, index === 0));
  const overlays = [...spec.containers, ...(spec.initContainers ?? [])].flatMap((container) => {
    const mount = container.volumeMounts?.find(({ mountPath }) => samePath(mountPath, tlsPathOf(container)));
    return spec.volumes?.find(({ name }) => name === mount?.name && name !== certificates) ?? [];
  });
  const others = (spec.volumes ?? []).filter(({ name }) => name !== bundle && name !== certificates);
  const own = spec.volumes?.find(({ name }) => name === certificates);
  return {
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [admittedAnnotation]: settings.token },
    },
    spec: {
      ...spec,
      containers,
      ...(spec.initContainers
        ? { initContainers: spec.initContainers.map((container) => ours(container, false)) }
        : {}),
      hostAliases: aliases(spec.hostAliases ?? [], settings),
      volumes: unlessEqual(spec.volumes, [
        ...others,
        {
          name: bundle,
          configMap: { name: settings.name, items: [{ key: bundleKey, path: bundleKey }], defaultMode },
        },
        certificatesVolume(certificates, overlays[0] ?? own, settings),
      ]),
    },
  };
}

function leadContainer(container: Container, settings: PodPatchSettings, isFirst: boolean): Container {
  const file = `${bundleFolder}/${bundleKey}`;
  const proxy = { valueFrom: { secretKeyRef: { name: settings.name, key: proxyUrlKey } } };
  const variables = [
    ...["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"].map((name) => ({ name, ...proxy })),
    ...["NO_PROXY", "no_proxy"].map((name) => ({ name, value: settings.noProxy })),
    ...["SSL_CERT_FILE", "GIT_SSL_CAINFO"].map((name) => ({ name, value: file })),
  ];
  return {
    ...container,
    env: withVariables(container.env, variables),
    volumeMounts: mounts(container, settings, isFirst),
  };
}

/** First, so that the container's own may refer to them. Of entries with one name, the last would win. */
function withVariables(
  env: readonly EnvironmentVariable[] = [],
  ours: readonly EnvironmentVariable[],
): EnvironmentVariable[] {
  return unlessEqual(env, [...ours, ...env.filter(({ name }) => !ours.some((our) => our.name === name))]);
}

function tlsPathOf({ env = [] }: Container): string {
  return env.findLast(({ name }) => name === "ARGOCD_TLS_DATA_PATH")?.value || defaultTlsPath;
}

/** Only where Argo CD itself runs, or a plugin was given Argo CD's certificates, are these overlaid. */
function mounts(container: Container, { name, hosts }: PodPatchSettings, isFirst: boolean): VolumeMount[] {
  const tlsPath = tlsPathOf(container);
  const given = container.volumeMounts ?? [];
  const overlay = isFirst || given.some(({ mountPath }) => samePath(mountPath, tlsPath));
  const replaced = [
    bundleFolder,
    "/etc/hosts", // a mount there takes the place of the Pod's aliases
    ...(overlay ? [tlsPath, ...hosts.map((host) => `${tlsPath}/${host}`)] : []),
  ];
  return unlessEqual(given, [
    ...given.filter(({ mountPath }) => !replaced.some((path) => samePath(path, mountPath))),
    { name: `${name}-bundle`, mountPath: bundleFolder, readOnly: true },
    ...(overlay ? [{ name: `${name}-certificates`, mountPath: tlsPath, readOnly: true }] : []),
  ]);
}

function samePath(left: string, right: string): boolean {
  return left.replace(/\/+$/, "") === right.replace(/\/+$/, "");
}

interface Source {
  name?: string;
  items?: { key: string; path: string }[];
  [field: string]: unknown;
}

/**
 * Argo CD's certificates as they were, with the mirror's bundle over those of each host that it answers for:
 * a file named after a host is all that Argo CD trusts for it.
 */
function certificatesVolume(name: string, before: Volume | undefined, settings: PodPatchSettings): Volume {
  const items = settings.hosts
    .filter(isHostName)
    .map((host) => ({ key: settings.hostBundleKey, path: host }));
  const sources = sourcesOf(before).flatMap((source) => {
    const [[kind, content] = []] = Object.entries(source);
    if (kind === undefined || content?.items === undefined) return [source];
    const kept = content.items.filter(({ path }) => !items.some((item) => item.path === path));
    return kept.length === 0 ? [] : [{ [kind]: { ...content, items: kept } }];
  });
  return {
    name,
    projected: {
      // Later ones win.
      sources: [...sources, ...(items.length === 0 ? [] : [{ configMap: { name: settings.name, items } }])],
      defaultMode,
    },
  };
}

function sourcesOf(volume: Volume | undefined): Record<string, Source>[] {
  const { configMap, secret, projected } = (volume ?? {}) as {
    configMap?: Source & { defaultMode?: number };
    secret?: Source & { secretName?: string };
    projected?: { sources?: Record<string, Source>[] };
  };
  const parts = ({ items }: Source) => (items === undefined ? {} : { items });
  if (configMap?.name) return [{ configMap: { name: configMap.name, ...parts(configMap), optional: true } }];
  if (secret?.secretName) return [{ secret: { name: secret.secretName, ...parts(secret), optional: true } }];
  if (projected?.sources) return projected.sources;
  return [{ configMap: { name: "argocd-tls-certs-cm", optional: true } }];
}

/** The mirror resolves names itself, so the Pod needs no address of the hosts that it answers for. */
function aliases(before: readonly HostAlias[], { hosts, mirror }: PodPatchSettings): HostAlias[] {
  const ours: HostAlias[] = [];
  const blocked = hosts.filter(isHostName);
  if (blocked.length > 0) ours.push({ ip: nowhere, hostnames: blocked });
  if (mirror.address !== undefined && isHostName(mirror.host) && !blocked.includes(mirror.host))
    ours.push({ ip: mirror.address, hostnames: [mirror.host] });
  const taken = new Set(ours.flatMap(({ hostnames }) => hostnames ?? []));
  const kept = before
    .map(({ ip, hostnames = [] }) => ({
      ip,
      hostnames: hostnames.filter((name) => !taken.has(name.toLowerCase())),
    }))
    .filter(({ hostnames }) => hostnames.length > 0);
  // The API takes one entry an address.
  const merged = ours.map(({ ip, hostnames = [] }) => ({
    ip,
    hostnames: [...hostnames, ...kept.filter((entry) => entry.ip === ip).flatMap((entry) => entry.hostnames)],
  }));
  return unlessEqual(before, [...merged, ...kept.filter(({ ip }) => !ours.some((our) => our.ip === ip))]);
}

/** What others inject after us may change the order, and nothing else. */
function unlessEqual<T>(before: readonly T[] = [], after: T[]): T[] {
  const equal =
    before.length === after.length &&
    after.every((entry) => before.some((other) => isDeepStrictEqual(entry, other)));
  return equal ? [...before] : after;
}

/** An address is not looked up, and so has no alias. */
function isHostName(host: string): boolean {
  return isIP(host) === 0 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(host);
}

function differences(before: PodTemplate, after: PodTemplate): PatchOperation[] {
  const operations: PatchOperation[] = [];
  const compare = (path: string, old: unknown, value: unknown) => {
    if (value !== undefined && !isDeepStrictEqual(old, value)) operations.push({ op: "add", path, value });
  };
  compare("/metadata/annotations", before.metadata?.annotations, after.metadata?.annotations);
  for (const list of ["containers", "initContainers"] as const) {
    after.spec[list]?.forEach((container, index) => {
      const old = before.spec[list]?.[index];
      compare(`/spec/${list}/${index}/env`, old?.env, container.env);
      compare(`/spec/${list}/${index}/volumeMounts`, old?.volumeMounts, container.volumeMounts);
    });
  }
  compare("/spec/hostAliases", before.spec.hostAliases, after.spec.hostAliases);
  compare("/spec/volumes", before.spec.volumes, after.spec.volumes);
  return operations;
}
