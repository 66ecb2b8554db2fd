import { pipeline } from "node:stream/promises";
import { stripVTControlCharacters } from "node:util";
import { InfrastructureError } from "../../runner/errors.ts";
import { startPiped } from "../../runner/piped-process.ts";
import { lastLines, tryRun } from "../../runner/process.ts";
import { answerOf } from "./docker.ts";

const importTimeoutMs = 10 * 60_000;

export interface ImportRequest {
  k3d: string;
  cluster: string;
  images: readonly string[];
  /** Containers of the nodes. */
  nodes: readonly string[];
  containerdStore: boolean;
  /** The working directory: a file in it with an image's name would be taken for the image. */
  folder: string;
  signal: AbortSignal;
}

/** Those that an archive can carry: it has no digests, so nobody would find an image by one afterwards. */
export function importable(images: readonly string[]): string[] {
  return images.filter((image) => !image.includes("@"));
}

/** Brings images of Docker's into the nodes of a cluster. Throws InfrastructureError. */
export async function importImages(request: ImportRequest): Promise<void> {
  const { images, nodes, containerdStore } = request;
  if (images.length === 0) return;
  // k3d has `ctr` import all platforms, and containerd's store has but one of them: https://github.com/k3d-io/k3d/issues/1538
  if (containerdStore) for (const node of nodes) await pipeImages(images, node, request.signal);
  else await importByK3d(request);
}

async function importByK3d({ k3d, cluster, images, folder, signal }: ImportRequest): Promise<void> {
  // The mode `direct` streams into the nodes; the default would start the tools container once more.
  const args = ["image", "import", "--mode", "direct", "--cluster", cluster, "--", ...images];
  const { exitCode, stdout, stderr } = await tryRun(k3d, args, {
    cwd: folder,
    signal,
    timeoutMs: importTimeoutMs,
  });
  const said = stripVTControlCharacters(`${stdout}\n${stderr}`);
  const unknown = /Image '(.+)' is not a file and couldn't be found/.exec(said)?.[1]; // no failure to k3d
  if (exitCode === 0 && unknown === undefined) return;
  const why =
    unknown === undefined ? lastLines(stderr === "" ? said : stderr, 3) : `Docker has no ${unknown}`;
  throw new InfrastructureError(
    `images could not be imported into the cluster: ${stripVTControlCharacters(why)}`,
  );
}

/** Streams images from Docker into one node's containerd, for its platform only. */
export async function pipeImages(
  images: readonly string[],
  node: string,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const save = startPiped("docker", ["save", "--", ...images]);
  const load = startPiped("docker", ["exec", "--interactive", node, "ctr", "image", "import", "-"]);
  load.stdout.resume();
  const stop = () => [save, load].forEach((process) => void process.kill());
  const timer = setTimeout(stop, importTimeoutMs);
  signal.addEventListener("abort", stop);
  try {
    await pipeline(save.stdout, load.stdin).catch(() => undefined); // whichever failed says why below
    const [saved, loaded] = await Promise.all([save.ended, load.ended]);
    signal.throwIfAborted();
    const failed = [saved, loaded].find(({ exitCode }) => exitCode !== 0);
    if (failed)
      throw new InfrastructureError(
        `${images.join(", ")} could not be imported into ${node}: ${answerOf(failed.stderr)}`,
      );
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    stop();
  }
}
