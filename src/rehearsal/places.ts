import { type Application, sourcesOf } from "../argocd/application.ts";
import type { Content } from "../repository/content.ts";
import { locateApplication, locator } from "../repository/locate.ts";
import { findYamlErrors } from "../repository/yaml-errors.ts";
import type { Place } from "../runner/errors.ts";
import type { Reason } from "./reason.ts";
import type { Tracked } from "./tracked.ts";

/** Where in Git the things of a verdict stand, as far as plain manifests tell. */
export interface Places {
  ofApplication(tracked: Tracked): Place | undefined;
  /** The resource at fault, the file that does not parse, or the Application itself. */
  ofReason(reason: Reason, tracked: Tracked): Place | undefined;
}

/** Reads what it takes to answer for every failure among `all`. */
export async function findPlaces(content: Content, all: ReadonlyMap<string, Tracked>): Promise<Places> {
  const locate = await locator(content);
  const unparsed = new Map<string, Place>();
  for (const tracked of all.values()) {
    if (tracked.final?.code !== "manifests" && tracked.suspicion?.reason.code !== "manifests") continue;
    for (const folder of foldersOf(tracked)) {
      const [error] = await findYamlErrors(content.tree, folder);
      if (error) unparsed.set(tracked.key, { file: error.file, line: error.line });
    }
  }

  function ofApplication({ kind, name, namespace, object }: Tracked): Place | undefined {
    if (kind === "ApplicationSet") return locate(kind, name, namespace);
    const owners = (object?.metadata.ownerReferences ?? []) as { kind: string; name: string }[];
    const set = owners.find((owner) => owner.kind === "ApplicationSet")?.name;
    return locateApplication(content.declared, name, set) ?? locate(kind, name, namespace);
  }

  return {
    ofApplication,
    ofReason({ resource, code }, tracked) {
      if (code === "manifests" && unparsed.has(tracked.key)) return unparsed.get(tracked.key);
      return (resource && locate(resource.kind, resource.name, resource.namespace)) ?? ofApplication(tracked);
    },
  };
}

/** The folders of this repository that an Application is made from. */
function foldersOf({ object, expectations, kind }: Tracked): string[] {
  if (kind !== "Application" || !object) return [];
  return sourcesOf(object as Application).flatMap((source, index) =>
    source.path !== undefined && expectations[index]?.kind !== "elsewhere" ? [source.path] : [],
  );
}
