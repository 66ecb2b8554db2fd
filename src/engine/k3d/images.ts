import { setTimeout as sleep } from "node:timers/promises";
import { InfrastructureError } from "../../runner/errors.ts";
import { asStep, type Log } from "../../runner/log.ts";
import { answerOf, tryDocker } from "./docker.ts";
import { isCacheable, isInDocker, loadFromCache, saveToCache } from "./image-cache.ts";

const pullTimeoutMs = 10 * 60_000;
const pauseMs = 3_000;

/** Images that k3d itself starts besides the nodes, as it names them; its variables replace them. */
export function helperImages(
  options: { k3dVersion: string; loadBalancer: boolean },
  environment: NodeJS.ProcessEnv,
): string[] {
  const tag = environment.K3D_HELPER_IMAGE_TAG || options.k3dVersion.replace(/^v/, "");
  const tools = environment.K3D_IMAGE_TOOLS || `ghcr.io/k3d-io/k3d-tools:${tag}`;
  const proxy = environment.K3D_IMAGE_LOADBALANCER || `ghcr.io/k3d-io/k3d-proxy:${tag}`;
  return options.loadBalancer ? [tools, proxy] : [tools];
}

export interface ImageRequest {
  images: readonly string[];
  /** The folder of archives; absolute. */
  cache: string | undefined;
  log: Log;
  signal: AbortSignal;
}

/**
 * Sees to it that Docker has the images: those that it lacks come from the cache, else from their registry,
 * and go into the cache then. Throws InfrastructureError with the registry's answer.
 */
export async function provideImages({ images, cache, log, signal }: ImageRequest): Promise<void> {
  const wanted = [...new Set(images)];
  const present = await Promise.all(wanted.map((image) => isInDocker(image, signal)));
  const missing = wanted.filter((_, index) => !present[index]);
  if (missing.length === 0) return;
  await asStep(
    log,
    `Fetching ${missing.length === 1 ? "an image" : `${missing.length} images`}`,
    async (step) => {
      // One after the other: Docker fetches the layers of each at once, and that fills a line.
      for (const [index, image] of missing.entries()) {
        step.update(`${image} (${index + 1} of ${missing.length})`);
        const folder = isCacheable(image) ? cache : undefined;
        if (folder !== undefined && (await loadFromCache(folder, image, { log, signal }))) continue;
        await pull(image, signal);
        if (folder !== undefined) await saveToCache(folder, image, { log, signal });
      }
    },
  );
}

async function pull(image: string, signal: AbortSignal): Promise<void> {
  const attempt = () => tryDocker(["pull", "--quiet", "--", image], { signal, timeoutMs: pullTimeoutMs });
  let result = await attempt();
  if (result.exitCode !== 0 && !isFinal(result.stderr)) {
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    result = await attempt();
  }
  if (result.exitCode === 0) return;
  throw new InfrastructureError(`the image ${image} could not be pulled: ${answerOf(result.stderr)}`, {
    fix: fixOf(result.stderr),
  });
}

/** Whether a registry's answer stays the same however often it is asked. */
export function isFinal(stderr: string): boolean {
  return /not found|manifest unknown|denied|unauthorized|no such host|invalid reference|toomanyrequests|no matching manifest|no space left/i.test(
    stderr,
  );
}

function fixOf(stderr: string): string {
  if (/toomanyrequests/i.test(stderr))
    return "Log in to the registry (docker login), or keep the images: k3d.imageCache in the configuration.";
  if (/no space left/i.test(stderr)) return "Free some disk: docker system prune removes unused images.";
  if (/not found|manifest unknown|invalid reference|no matching manifest/i.test(stderr))
    return "Correct the image's name.";
  return "Check the network, or log in to the registry (docker login).";
}
