/** `node ci/stand-in/build.ts` makes all images of the stand-in; see README.md. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { paletteFor } from "../../src/report/palette.ts";
import { plainConsole } from "../../src/report/plain-console.ts";
import { isExpected } from "../../src/runner/errors.ts";
import { type Log, silentLog } from "../../src/runner/log.ts";
import { run } from "../../src/runner/process.ts";
import { takeLock } from "../../src/toolchain/lock.ts";
import { resolveToolchain } from "../../src/toolchain/resolve.ts";
import type { Toolchain } from "../../src/toolchain/toolchain.ts";
import { ensureDocker } from "../docker.ts";
import { baseArchive } from "./base.ts";
import { standInCache, type Workshop } from "./cache.ts";
import { buildImage, importImage, nameImage } from "./images.ts";
import { buildPrograms } from "./programs.ts";

export interface StandIn {
  /** For k3d's `--image`. */
  node: string;
  /** Has the name that k3d asks for, so that nothing has to be said about it. */
  tools: string;
  /** Has the name that k3d asks for when it makes a registry. */
  registry: string;
  /** To be given to nodes with `k3d image import`; each image's own name comes first. */
  images: Record<Workload, readonly [string, ...string[]]>;
}

/** Images that run in Pods. */
export type Workload = "argocd" | "redis" | "dex" | "busybox" | "local-path-provisioner" | "web";

/** Names under which manifests and charts ask for what we have; those of Argo CD's own come from its manifests. */
const otherNames: Record<Exclude<Workload, "argocd">, readonly [string, ...string[]]> = {
  web: ["stand-in/web:1"],
  busybox: ["busybox:1.37", "busybox:latest"],
  "local-path-provisioner": ["rancher/local-path-provisioner:v0.0.30"],
  // Of the charts argo-cd 9.7.1 and 10.1.1, and 9.2.2.
  redis: [
    "ecr-public.aws.com/docker/library/redis:8.2.3-alpine",
    "ecr-public.aws.com/docker/library/redis:8.2.2-alpine",
  ],
  dex: ["ghcr.io/dexidp/dex:v2.45.1", "ghcr.io/dexidp/dex:v2.44.0"],
};

/** For configurations that cannot ask us; `node` differs between work trees, and this is the latest one. */
const stableNodeName = "rancher/k3s:stand-in";

/** Names in the node image's manifests and program. */
const pauseImage = "rancher/mirrored-pause:stand-in";
const dnsImage = "rancher/mirrored-coredns-coredns:stand-in";

/**
 * Makes whatever is missing, and gives the names of the images, which are in Docker then. Needs a Docker
 * Engine that answers. Throws InfrastructureError where a build, the disk or a download fails.
 */
export async function standIn(options: { log?: Log; signal?: AbortSignal } = {}): Promise<StandIn> {
  const log = options.log ?? silentLog;
  const toolchain = await resolveToolchain({ log, signal: options.signal });
  await using lock = await takeLock({ path: standInCache(), log, signal: options.signal });
  const workshop: Workshop = { log, signal: lock.signal };
  const base = await importImage(workshop, "base", await baseArchive(workshop));
  const tools = await toolsImage(workshop, base, toolchain);
  const node = await nodeImage(workshop, base, toolchain);
  await nameImage(node, stableNodeName);
  const registry = await registryImage(workshop);
  const images = await workloadImages(workshop, base, toolchain);
  return { node, tools, registry, images };
}

async function toolsImage(workshop: Workshop, base: string, toolchain: Toolchain): Promise<string> {
  const programs = await buildPrograms(workshop, "programs");
  const image = await buildImage(workshop, {
    name: "k3d-tools",
    base,
    files: { "k3d-tools": join(programs.folder, "k3d-tools") },
    madeFrom: [programs.key],
  });
  const name = `ghcr.io/k3d-io/k3d-tools:${toolchain.versions.k3d.slice(1)}`;
  await nameImage(image, name);
  return name;
}

async function registryImage(workshop: Workshop): Promise<string> {
  const programs = await buildPrograms(workshop, "registry");
  const image = await staticImage(workshop, "registry", programs);
  const name = "registry:2";
  await nameImage(image, name);
  return name;
}

async function nodeImage(workshop: Workshop, base: string, toolchain: Toolchain): Promise<string> {
  const programs = await buildPrograms(workshop, "programs");
  const containers = await buildPrograms(workshop, "containers");
  const kubernetes = await buildPrograms(workshop, "kubernetes");
  const dns = await buildPrograms(workshop, "dns");
  const pause = await staticImage(workshop, "pause", programs);
  const coredns = await staticImage(workshop, "coredns", dns);
  const controlPlane = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
  const below = (folder: string, target: string, names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [`${target}/${name}`, join(folder, name)]));
  return buildImage(workshop, {
    name: "node",
    base,
    files: {
      k3s: join(programs.folder, "k3s"),
      ...below(containers.folder, "cni", ["ptp", "host-local", "loopback", "portmap"]),
      ...below(containers.folder, "bin", ["containerd", "containerd-shim-runc-v2", "ctr"]),
      ...below(kubernetes.folder, "bin", ["kubelet", "kube-proxy", "kubectl"]),
      ...below(toolchain.bin, "bin", controlPlane),
    },
    madeFrom: [programs.key, containers.key, kubernetes.key, pause, coredns, toolchain.bin],
    async prepare(context) {
      await nameImage(pause, pauseImage);
      await nameImage(coredns, dnsImage);
      await run("mkdir", ["-p", join(context, "images")]);
      await run("docker", ["save", "-o", join(context, "images/images.tar"), pauseImage, dnsImage]);
    },
  });
}

/** An image of one program, called as the image. */
function staticImage(
  workshop: Workshop,
  name: string,
  { folder, key }: { folder: string; key: string },
): Promise<string> {
  return buildImage(workshop, { name, files: { [name]: join(folder, name) }, madeFrom: [key] });
}

async function workloadImages(
  workshop: Workshop,
  base: string,
  toolchain: Toolchain,
): Promise<StandIn["images"]> {
  const programs = await buildPrograms(workshop, "programs");
  const localPath = await buildPrograms(workshop, "local-path");
  const { bin, argocdScripts } = toolchain;
  const made: Record<Workload, string> = {
    argocd: await buildImage(workshop, {
      name: "argocd",
      base,
      files: {
        ...Object.fromEntries(
          ["argocd", "helm", "kustomize"].map((name) => [`bin/${name}`, join(bin, name)]),
        ),
        ...Object.fromEntries(
          ["git-verify-wrapper.sh", "gpg-wrapper.sh", "git-ask-pass.sh"].map((name) => [
            `bin/${name}`,
            join(argocdScripts, name),
          ]),
        ),
      },
      madeFrom: [bin],
    }),
    redis: await buildImage(workshop, {
      name: "redis",
      files: { redis: join(bin, "redis"), "redis-server": join(programs.folder, "redis-server") },
      madeFrom: [bin, programs.key],
    }),
    dex: await buildImage(workshop, {
      name: "dex",
      files: { pause: join(programs.folder, "pause") },
      madeFrom: [programs.key],
    }),
    busybox: await buildImage(workshop, { name: "busybox", base, files: {}, madeFrom: [] }),
    "local-path-provisioner": await buildImage(workshop, {
      name: "local-path-provisioner",
      base,
      files: { "local-path-provisioner": join(localPath.folder, "local-path-provisioner") },
      madeFrom: [localPath.key],
    }),
    web: await staticImage(workshop, "web", programs),
  };
  const names = await workloadNames(toolchain);
  for (const workload of Object.keys(made) as Workload[])
    for (const name of names[workload]) await nameImage(made[workload], name);
  return names;
}

async function workloadNames(toolchain: Toolchain): Promise<StandIn["images"]> {
  const manifest = await readFile(join(toolchain.argocdFiles, "manifests/install.yaml"), "utf8");
  const asked = [...new Set([...manifest.matchAll(/^\s*image: (\S+)$/gm)].map(([, name = ""]) => name))];
  const like = (part: string) => asked.filter((name) => name.includes(part));
  return {
    ...otherNames,
    argocd: [`quay.io/argoproj/argocd:${toolchain.versions.argocd}`],
    redis: [...otherNames.redis, ...like("/redis:")],
    dex: [...otherNames.dex, ...like("/dex:")],
  };
}

async function main(): Promise<void> {
  const log = plainConsole({ stream: process.stderr, palette: paletteFor(false), verbose: false });
  const docker = await ensureDocker({ report: (line) => log.info(line) });
  if (docker.unavailable !== undefined) {
    log.warn(docker.unavailable);
    process.exitCode = 3;
    return;
  }
  try {
    process.stdout.write(`${JSON.stringify(await standIn({ log }), undefined, 2)}\n`);
  } catch (error) {
    if (!isExpected(error)) throw error;
    log.warn(error.message);
    process.exitCode = 3;
  } finally {
    log.close();
  }
}

if (import.meta.main) await main();
