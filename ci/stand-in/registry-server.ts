import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { docker, tryDocker } from "../../src/engine/k3d/docker.ts";
import { InfrastructureError } from "../../src/runner/errors.ts";
import { type Log, silentLog } from "../../src/runner/log.ts";
import { standIn } from "./build.ts";

/** A registry beside the clusters that answers for every other, so that images are really pulled. */
export interface Registry extends AsyncDisposable {
  /** A configuration of k3d by which nodes take whatever they lack from here. */
  k3dConfig: string;
}

/** Pushing takes its time: what one run has pushed, the next finds. */
const volume = "rehearsal-stand-in-registry";
const readyMs = 30_000;

/**
 * Makes the images of the stand-in where they are missing, and starts a registry that has them all. Needs a
 * Docker Engine. Throws InfrastructureError where that fails, and leaves no container behind then.
 */
export async function startRegistry(options: { log?: Log; signal?: AbortSignal } = {}): Promise<Registry> {
  const { log = silentLog, signal } = options;
  const { node, registry, images } = await standIn({ log, ...(signal ? { signal } : {}) });
  const name = `stand-in-registry-${randomBytes(4).toString("hex")}`;
  const bridge = await bridgeAddress();
  const remove = async () => void (await tryDocker(["rm", "--force", name]));
  try {
    // 127.0.0.1 to push without TLS, the bridge's own address to pull from any of Docker's networks.
    await docker([
      ...["run", "--detach", "--name", name, "--volume", `${volume}:/var/lib/registry`],
      ...["--publish", "127.0.0.1::5000", "--publish", `${bridge}::5000`, registry],
    ]);
    const ports = (await docker(["port", name, "5000/tcp"])).trim().split("\n");
    const portAt = (address: string) => ports.find((line) => line.startsWith(`${address}:`));
    const [push, pull] = [portAt("127.0.0.1"), portAt(bridge)];
    if (push === undefined || pull === undefined)
      throw new InfrastructureError(`the registry's ports are not as asked for: ${ports.join(", ")}`);
    await untilAnswering(push, signal);
    for (const image of Object.values(images).flat()) {
      signal?.throwIfAborted();
      await pushAs(image, push);
    }
    return { k3dConfig: configOf(node, `http://${pull}`), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** This machine's address on Docker's default network, which containers of every network reach. */
export async function bridgeAddress(): Promise<string> {
  const format = "{{(index .IPAM.Config 0).Subnet}}"; // the gateway is told only where it was configured
  const subnet = await docker(["network", "inspect", "bridge", "--format", format]);
  return subnet.trim().replace(/\.0\/\d+$/, ".1");
}

/** Docker takes connections on a published port before the program behind it listens, and cuts them off. */
async function untilAnswering(authority: string, signal: AbortSignal | undefined): Promise<void> {
  for (const deadline = Date.now() + readyMs; Date.now() < deadline; await sleep(100)) {
    signal?.throwIfAborted();
    const response = await fetch(`http://${authority}/v2/`).catch(() => undefined);
    if (response?.ok) return;
  }
  throw new InfrastructureError(`the registry of the stand-in does not answer at ${authority}`);
}

/** A mirror is asked for the path without the host: `library/busybox` for `busybox`. */
async function pushAs(image: string, authority: string): Promise<void> {
  const parts = image.split("/");
  const host = parts.length > 1 && /[.:]/.test(parts[0] ?? "") ? parts.shift() : undefined;
  const path = host === undefined && parts.length === 1 ? `library/${parts[0]}` : parts.join("/");
  const target = `${authority}/${path}`;
  await docker(["tag", image, target]);
  await docker(["push", "--quiet", target]);
  await docker(["rmi", target]);
}

function configOf(node: string, mirror: string): string {
  return `apiVersion: k3d.io/v1alpha5
kind: Simple
image: ${node}
registries:
  config: |
    mirrors:
      "*":
        endpoint: [${mirror}]
`;
}
