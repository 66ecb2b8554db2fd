import { basename, dirname } from "node:path/posix";
import { type Place, UsageError } from "../runner/errors.ts";
import type { Content } from "./content.ts";
import type { Deployer } from "./deployers.ts";
import { type Kustomizations, reachedFiles } from "./kustomizations.ts";
import type { DeclaredApplication, DeclaredApplicationSet } from "./manifests.ts";

/** Applications and ApplicationSets that nothing else deploys and that stand together. */
export interface RootGroup {
  /** The folder they stand in, or whose kustomization holds them together. */
  folder: string;
  members: readonly (DeclaredApplication | DeclaredApplicationSet)[];
}

const rootName = /^(?:argocd-)?(?:root(?:-?app(?:lication)?s?)?|apps?-of-apps?|bootstrap)$/i;

/**
 * Chooses the group that is the root by convention: the only one; or the only one that brings in further
 * Applications; or, among those that do, the only one with a root's name. Throws UsageError where there
 * is none, or where more than one could be it.
 */
export function chooseGroup(content: Content, deployers: readonly Deployer[]): RootGroup {
  const groups = groupRoots(content, deployers);
  const [only] = groups;
  if (!only) throw noRoot(content);
  if (groups.length === 1) return only;
  const leading = groups.filter((group) => leadsFurther(group, content, deployers));
  const [leader] = leading;
  if (leader && leading.length === 1) return leader;
  const candidates = leading.length > 0 ? leading : groups;
  const named = candidates.filter(hasRootName);
  const [byName] = named;
  if (byName && named.length === 1) return byName;
  throw ambiguous(candidates, content);
}

function groupRoots(content: Content, deployers: readonly Deployer[]): RootGroup[] {
  const patches = new Set([...content.kustomizations.values()].flatMap((one) => one.patches));
  const groups = new Map<string, RootGroup["members"][number][]>();
  for (const { manifest } of deployers) {
    const { file } = manifest.place;
    // What lacks a source is a patch of one that stands elsewhere.
    if (manifest.sources.length === 0 || patches.has(file)) continue;
    if (deployers.some((other) => other.manifest !== manifest && other.deploys(file))) continue;
    const folder = folderOf(file, content.kustomizations);
    groups.set(folder, [...(groups.get(folder) ?? []), manifest]);
  }
  return [...groups]
    .map(([folder, members]) => ({ folder, members }))
    .sort((a, b) => (a.folder < b.folder ? -1 : 1));
}

/** The folder of the one kustomization that a person would apply to bring this file in, else its own. */
function folderOf(file: string, kustomizations: Kustomizations): string {
  const included = new Set([...kustomizations.values()].flatMap((one) => one.includes));
  const outermost = [...kustomizations.keys()].filter(
    (folder) => !included.has(folder) && reachedFiles(folder, kustomizations).has(file),
  );
  const [one] = outermost;
  if (one !== undefined && outermost.length === 1) return one;
  return dirname(file) === "." ? "" : dirname(file);
}

function leadsFurther(group: RootGroup, { declared }: Content, deployers: readonly Deployer[]): boolean {
  if (group.members.some(({ kind }) => kind === "ApplicationSet")) return true;
  const others = [...declared.applications, ...declared.applicationSets]
    .filter((manifest) => !group.members.includes(manifest))
    .map((manifest) => manifest.place.file);
  const files = [...others, ...declared.templates];
  return deployers.some(({ manifest, deploys }) => group.members.includes(manifest) && files.some(deploys));
}

function hasRootName({ folder, members }: RootGroup): boolean {
  const names = members.flatMap(({ name, place }) => [name, basename(place.file).replace(/\.\w+$/, "")]);
  return [basename(folder), ...names].some((name) => rootName.test(name));
}

function noRoot({ scope, declared }: Content): UsageError {
  const where = scope === "" ? "the repository" : scope;
  const count = declared.applications.length + declared.applicationSets.length;
  const found =
    count === 0
      ? `none of the ${declared.filesRead} YAML and JSON files in ${where} holds an Application or ApplicationSet of Argo CD`
      : `each of the ${count} Applications and ApplicationSets in ${where} is deployed by another, or is only a patch`;
  return new UsageError(`no root Application: ${found}`, {
    fix:
      count === 0
        ? "Rehearse the folder that holds your Applications, or add a root Application."
        : "Name the roots in .rehearsal.yaml: roots: [path/to/root.yaml].",
  });
}

function ambiguous(groups: readonly RootGroup[], content: Content): UsageError {
  const candidates = groups.map((group) => `${pathTo(group)} (${describe(group.members)})`);
  const [first] = groups;
  const path = first === undefined ? "" : fromScope(pathTo(first), content.scope);
  return new UsageError(`${groups.length} places could be the root: ${candidates.join("; ")}`, {
    where: first?.members[0]?.place satisfies Place | undefined,
    fix: `Choose one or more in ${content.scope === "" ? "" : `${content.scope}/`}.rehearsal.yaml, such as: roots: [${path}].`,
  });
}

/** What to write under `roots`: the file where there is only one. */
function pathTo({ folder, members }: RootGroup): string {
  const files = new Set(members.map(({ place }) => place.file));
  const [file] = files;
  return file !== undefined && files.size === 1 ? file : folder || ".";
}

function describe(members: RootGroup["members"]): string {
  const shown = members
    .slice(0, 3)
    .map(({ kind, name, place }) => `${kind} ${name} at ${place.file}:${place.line}`);
  const rest = members.length - shown.length;
  return shown.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

function fromScope(path: string, scope: string): string {
  return scope !== "" && path.startsWith(`${scope}/`) ? path.slice(scope.length + 1) : path;
}
