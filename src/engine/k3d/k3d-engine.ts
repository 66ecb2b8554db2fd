import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { connect, type KubeClient } from "../../kubernetes/client.ts";
import { mapping, text } from "../../repository/untyped.ts";
import { InfrastructureError, messageOf } from "../../runner/errors.ts";
import { asStep } from "../../runner/log.ts";
import { lastLines, tryRun } from "../../runner/process.ts";
import type { Cluster, Engine, EngineRequest } from "../engine.ts";
import { clusterConfig } from "./config-file.ts";
import { createCluster } from "./create.ts";
import { importable, importImages } from "./image-import.ts";
import { helperImages, provideImages } from "./images.ts";
import { claim, networkOf, removeCluster, removeLeftovers } from "./leftovers.ts";
import { nodeContainers, untilNodesReady } from "./nodes.ts";
import { formatOwner, thisProcess, viewFromHere } from "./owner.ts";
import { type DockerHost, diskOf, preflight } from "./preflight.ts";
import { mirrorReach } from "./reach.ts";
import { unexercised } from "./unexercised.ts";
import { judgeDisk, watchCluster } from "./watch.ts";

/**
 * A cluster of k3s in containers of the local Docker, made and removed with k3d: images are pulled, Pods run,
 * volumes and networks are real.
 */
export const k3dEngine: Engine = {
  name: "k3d",
  async start(request) {
    const { log, signal } = request;
    const [host, { k3d: settings }] = await Promise.all([preflight(log, signal), request.settings("k3d")]);
    await removeLeftovers(await viewFromHere(host.isThisSystem), log, signal);

    const name = `rehearsal-${randomBytes(4).toString("hex")}`;
    const owner = await thisProcess();
    const config = clusterConfig({ file: settings.config, name, owner: formatOwner(owner) });
    const preload = importable(settings.images);
    for (const image of settings.images.filter((image) => !preload.includes(image)))
      log.warn(`${image} is not preloaded: an archive of Docker's loses its digest. Each node pulls it.`);
    const { k3d: k3dVersion } = request.toolchain.versions;
    const helpers = helperImages({ k3dVersion, loadBalancer: config.loadBalancer }, process.env);
    // k3d asks for the newest of a channel itself.
    const own = /^\+|^(?:latest|stable)$/.test(config.image) ? helpers : [config.image, ...helpers];
    await provideImages({ images: [...own, ...preload], cache: settings.imageCache, log, signal });

    try {
      await claim(name, owner, signal);
      return await startCluster({ request, host, name, config, preload, file: settings.config });
    } catch (error) {
      const full = judgeDisk(host.disk && (await diskOf(host.disk.folder)));
      await removeCluster(name, { interrupted: true }).catch((failure: unknown) =>
        log.warn(messageOf(failure)),
      );
      throw explained(error, full);
    }
  },
};

/** A disk that was full when something failed is why it failed, whatever it says itself. */
function explained(error: unknown, full: string | undefined): unknown {
  if (full === undefined || !(error instanceof InfrastructureError)) return error;
  return new InfrastructureError(`${full}; so ${error.message}`, { cause: error });
}

async function startCluster(start: {
  request: EngineRequest;
  host: DockerHost;
  name: string;
  config: ReturnType<typeof clusterConfig>;
  preload: readonly string[];
  file: Parameters<typeof clusterConfig>[0]["file"];
}): Promise<Cluster> {
  const { request, host, name, config, preload, file } = start;
  const { toolchain, processes, log, signal } = request;
  const { folder } = processes;
  const k3d = toolchain.program("k3d");
  await asStep(log, `Creating ${config.nodes === 1 ? "a node" : `${config.nodes} nodes`}`, (step) =>
    createCluster({ k3d, name, config, file, folder, step, signal }),
  );
  const kubeconfig = await fetchKubeconfig({ k3d, name, folder, signal });
  const client = connect(kubeconfig);
  const nodes = await nodeContainers(name, signal);
  const containers = nodes.map((node) => node.name);
  const mirror = await mirrorReach(config.network ?? networkOf(name), {
    isThisSystem: host.isThisSystem,
    signal,
  });
  if (preload.length > 0) {
    await asStep(log, `Loading ${preload.length === 1 ? "an image" : `${preload.length} images`}`, () =>
      importImages(preload, containers, signal),
    );
  }
  await untilNodesReady(client, config.nodes, { cluster: name, signal });
  const kubernetesVersion = await versionOf(client);
  const lost = new AbortController();
  const watch = await watchCluster({ client, nodes, dockerFolder: host.disk?.folder, lost });
  return {
    engine: "k3d",
    kubeconfig,
    kubernetesVersion,
    lost: AbortSignal.any([processes.lost, lost.signal]),
    containers: { kind: "real", mirror },
    unexercised,
    async [Symbol.asyncDispose]() {
      await watch[Symbol.asyncDispose]();
      await removeCluster(name);
    },
  };
}

/** Writes the cluster's kubeconfig where only the current user can read it; gives its path. */
async function fetchKubeconfig(from: {
  k3d: string;
  name: string;
  folder: string;
  signal: AbortSignal;
}): Promise<string> {
  const { k3d, name, folder, signal } = from;
  const args = ["kubeconfig", "get", name];
  const { exitCode, stdout, stderr } = await tryRun(k3d, args, { cwd: folder, signal, timeoutMs: 60_000 });
  if (exitCode !== 0) {
    const why = lastLines(stripVTControlCharacters(stderr), 1);
    throw new InfrastructureError(`k3d gives no kubeconfig of the cluster: ${why}`);
  }
  const path = join(folder, "k3d.kubeconfig");
  await writeFile(path, stdout, { mode: 0o600 });
  return path;
}

async function versionOf(client: KubeClient): Promise<string> {
  const version = text(mapping(await client.request("GET", "/version")).gitVersion);
  if (version === undefined) throw new InfrastructureError("the cluster's API server states no version");
  return version;
}
