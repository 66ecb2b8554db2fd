import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { extract } from "tar";
import { parseAllDocuments } from "yaml";
import { ApiError, type KubeClient, type KubeObject } from "../kubernetes/client.ts";
import type { World } from "../mirror/world.ts";
import { gitAt } from "../repository/git.ts";
import type { RootPart } from "../repository/root-parts.ts";
import type { Roots } from "../repository/roots.ts";
import { ChangeError, type Place } from "../runner/errors.ts";
import { lastLines, tryRun } from "../runner/process.ts";
import type { Toolchain } from "../toolchain/toolchain.ts";

/** An object of a root, with where it stands. */
export interface AppliedRoot {
  kind: string;
  name: string;
  namespace: string;
  place: Place;
}

export interface ApplyRequest {
  client: KubeClient;
  roots: Roots;
  world: World;
  toolchain: Toolchain;
  /** Argo CD's, for objects that name none. */
  namespace: string;
  /** A private folder. */
  folder: string;
  signal: AbortSignal;
}

/**
 * Applies the roots as their owner would by hand, unchanged, and in order. Gives the Applications and
 * ApplicationSets among them. Throws ChangeError where the API refuses one.
 */
export async function applyRoots(request: ApplyRequest): Promise<AppliedRoot[]> {
  const applied: AppliedRoot[] = [];
  for (const part of request.roots.parts) {
    for (const { manifest, place } of await render(part, request)) {
      const namespace = manifest.metadata.namespace ?? request.namespace;
      const object = isNamespaced(manifest)
        ? { ...manifest, metadata: { ...manifest.metadata, namespace } }
        : manifest;
      await applyOne(request.client, object, place);
      if (manifest.kind === "Application" || manifest.kind === "ApplicationSet") {
        applied.push({ kind: manifest.kind, name: manifest.metadata.name, namespace, place });
      }
    }
  }
  return applied;
}

function isNamespaced({ kind }: KubeObject): boolean {
  return kind !== "Namespace" && !kind.startsWith("Cluster");
}

async function applyOne(client: KubeClient, object: KubeObject, place: Place): Promise<void> {
  try {
    await client.apply(object);
  } catch (error) {
    const refused = error instanceof ApiError && error.status >= 400 && error.status < 500;
    if (!refused || error.status === 429) throw error;
    const what = `${object.kind} ${object.metadata.name}`;
    throw new ChangeError(`the API refuses ${what}: ${error.message}`, { where: place, cause: error });
  }
}

interface Rendered {
  manifest: KubeObject;
  place: Place;
}

async function render(part: RootPart, request: ApplyRequest): Promise<Rendered[]> {
  if (part.kind === "manifests") {
    return part.manifests.map(({ manifest, place }) => ({ manifest: asObject(manifest, place), place }));
  }
  const { world, folder, toolchain, signal } = request;
  const tree = join(folder, "tree");
  const archive = join(folder, "tree.tar");
  await mkdir(tree, { recursive: true });
  await gitAt(world.gitDir).run(["archive", "--format=tar", `--output=${archive}`, world.merge], { signal });
  await extract({ file: archive, cwd: tree });
  const built = await tryRun(toolchain.program("kustomize"), ["build", join(tree, part.folder)], { signal });
  if (built.exitCode !== 0) {
    const reason = lastLines(built.stderr, 2).replaceAll(`${tree}/`, "");
    throw new ChangeError(`kustomize cannot build ${part.folder}: ${reason}`, { where: part.place });
  }
  return parseAllDocuments(built.stdout).map((document) => {
    const manifest = document.toJS() as Record<string, unknown>;
    const name = (manifest.metadata as { name?: string } | undefined)?.name;
    const source = part.manifests.find(
      (object) =>
        object.manifest.kind === manifest.kind &&
        (object.manifest.metadata as { name?: string })?.name === name,
    );
    const place = source?.place ?? part.place;
    return { manifest: asObject(manifest, place), place };
  });
}

function asObject(manifest: Record<string, unknown>, place: Place): KubeObject {
  const { apiVersion, kind, metadata } = manifest as {
    apiVersion?: unknown;
    kind?: unknown;
    metadata?: { name?: unknown };
  };
  if (typeof apiVersion === "string" && typeof kind === "string" && typeof metadata?.name === "string") {
    return manifest as KubeObject;
  }
  throw new ChangeError(
    `a root needs apiVersion, kind and metadata.name; one of kind ${JSON.stringify(kind ?? null)} has not`,
    { where: place },
  );
}
