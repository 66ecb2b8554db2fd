import type { Content } from "./content.ts";
import { type Deploys, filesDeployedBy } from "./deployed-files.ts";
import { generatedSources } from "./generated-sources.ts";
import type { DeclaredApplication, DeclaredApplicationSet } from "./manifests.ts";

/** An Application or ApplicationSet, and the files of this repository that it deploys. */
export interface Deployer {
  manifest: DeclaredApplication | DeclaredApplicationSet;
  deploys: Deploys;
}

/** Every Application and ApplicationSet of a commit with what it deploys from this repository. */
export function findDeployers(content: Content, isThisRepository: (url: string) => boolean): Deployer[] {
  const { applications, applicationSets } = content.declared;
  return [...applications, ...applicationSets].map((manifest) => {
    const sources =
      manifest.kind === "Application" ? manifest.sources : generatedSources(manifest, content.tree);
    const parts = sources
      .filter((source) => isThisRepository(source.repoURL))
      .map((source) => filesDeployedBy(source, content));
    return { manifest, deploys: (file) => parts.some((deploys) => deploys(file)) };
  });
}
