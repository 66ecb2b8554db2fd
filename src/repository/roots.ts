import { ChangeError } from "../runner/errors.ts";
import { type ConfiguredRoot, readConfiguredRoots } from "./configured-roots.ts";
import type { Content } from "./content.ts";
import { type Deployer, findDeployers } from "./deployers.ts";
import type { PlacedObject } from "./manifest-files.ts";
import type { DeclaredManifest } from "./manifests.ts";
import { chooseGroup } from "./root-groups.ts";
import { type RootPart, readGroup } from "./root-parts.ts";
import { mapping, text } from "./untyped.ts";

/** What a person would apply by hand to bring the whole repository into a cluster. */
export interface Roots {
  /** In the order in which to apply them. */
  parts: readonly RootPart[];
  origin: "configuration" | "convention";
  /** Applications and ApplicationSets that neither a root nor what it deploys brings in, as far as Git tells. */
  leftOut: readonly DeclaredManifest[];
}

export interface RootsRequest {
  content: Content;
  /** Empty where the configuration names none: then they are found by convention. */
  configured: readonly ConfiguredRoot[];
  isThisRepository: (url: string) => boolean;
}

/**
 * The root Applications of a repository: those that the configuration names, else those that no other
 * Application deploys. Namespaces and AppProjects that stand beside them, and AppProjects that they name,
 * come first. Throws UsageError where there is no root or several could be it, ChangeError where a
 * manifest that may be the root does not parse.
 */
export async function findRoots({ content, configured, isThisRepository }: RootsRequest): Promise<Roots> {
  const deployers = findDeployers(content, isThisRepository);
  if (configured.length === 0) refuseBroken(content, deployers);
  const parts =
    configured.length > 0
      ? await readConfiguredRoots(configured, content)
      : [await readGroup(chooseGroup(content, deployers), content)];
  const objects = parts.flatMap((part) => part.manifests);
  const projects = namedProjects(objects, content);
  return {
    parts: projects.length > 0 ? [{ kind: "manifests", manifests: projects }, ...parts] : parts,
    origin: configured.length > 0 ? "configuration" : "convention",
    leftOut: leftOut(objects, deployers),
  };
}

/** A manifest that nothing deploys may be the root; without it, its children would pass for roots. */
function refuseBroken(content: Content, deployers: readonly Deployer[]): void {
  const broken = content.declared.broken.find(({ file }) => !deployers.some(({ deploys }) => deploys(file)));
  if (!broken) return;
  throw new ChangeError(`this manifest does not parse: ${broken.message}`, {
    where: { file: broken.file, line: broken.line },
    fix: "Mend it, or name the roots in .rehearsal.yaml if it is not one of them.",
  });
}

/** The AppProjects that roots belong to but that stand elsewhere: without them, no root can be synced. */
function namedProjects(objects: readonly PlacedObject[], { declared }: Content): PlacedObject[] {
  const named = new Set(objects.flatMap(projectOf));
  for (const { manifest } of objects) {
    if (manifest.kind === "AppProject") named.delete(text(mapping(manifest.metadata).name) ?? "");
  }
  return [...named].flatMap((name) => {
    const project = declared.projects.find((one) => one.name === name);
    return project ? [{ place: project.place, manifest: project.manifest }] : [];
  });
}

function projectOf({ manifest }: PlacedObject): string[] {
  const spec = mapping(manifest.spec);
  const application = manifest.kind === "ApplicationSet" ? mapping(mapping(spec.template).spec) : spec;
  if (manifest.kind !== "Application" && manifest.kind !== "ApplicationSet") return [];
  const project = text(application.project);
  return project === undefined ? [] : [project];
}

function leftOut(roots: readonly PlacedObject[], deployers: readonly Deployer[]): DeclaredManifest[] {
  const key = ({ place }: Pick<PlacedObject, "place">) => `${place.file}:${place.line}`;
  const rootKeys = new Set(roots.map(key));
  const reached = new Set(deployers.filter(({ manifest }) => rootKeys.has(key(manifest))));
  // A Set visits what is added while it is walked.
  for (const deployer of reached) {
    for (const other of deployers) {
      if (deployer.deploys(other.manifest.place.file)) reached.add(other);
    }
  }
  return deployers.filter((deployer) => !reached.has(deployer)).map(({ manifest }) => manifest);
}
