import { pipeline } from "node:stream/promises";
import { InfrastructureError } from "../../runner/errors.ts";
import { type PipedProcess, startPiped } from "../../runner/piped-process.ts";
import { answerOf } from "./docker.ts";

const importTimeoutMs = 10 * 60_000;

/** Those that an archive can carry: it has no digests, so nobody would find an image by one afterwards. */
export function importable(images: readonly string[]): string[] {
  return images.filter((image) => !image.includes("@"));
}

/**
 * Streams images of Docker's into the containerd of each of the nodes, given by their containers. Not with
 * `k3d image import`: it has `ctr` import all platforms, of which Docker's newer store holds but one
 * (https://github.com/k3d-io/k3d/issues/1538), and it fails where `ctr` ends before it has read the padding
 * at the end of the archive. Throws InfrastructureError.
 */
export async function importImages(
  images: readonly string[],
  nodes: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (images.length === 0) return;
  for (const node of nodes) await pipeImages(images, node, signal); // together they would only share the disk
}

async function pipeImages(images: readonly string[], node: string, signal: AbortSignal): Promise<void> {
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
    const why = failureOf(saved, loaded);
    if (why !== undefined)
      throw new InfrastructureError(`${images.join(", ")} could not be imported into ${node}: ${why}`);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    stop();
  }
}

type Ended = Awaited<PipedProcess["ended"]>;

/**
 * Why images did not reach a node, of how the one that saved and the one that loaded them ended; undefined
 * where they did. A saver whose reader has gone says nothing: `ctr` leaves before the padding at the end of an
 * archive, and is content only with a whole one.
 */
export function failureOf(saved: Ended, loaded: Ended): string | undefined {
  if (saved.exitCode !== 0 && !/broken pipe|closed pipe|EPIPE/i.test(saved.stderr))
    return answerOf(saved.stderr);
  return loaded.exitCode === 0 ? undefined : answerOf(loaded.stderr);
}
