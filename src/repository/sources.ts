import { isMapping, type Mapping, mappings, text } from "./untyped.ts";

/** Where an Application gets manifests from: a path in Git, a chart of a repository, or values for another source. */
export interface Source {
  repoURL: string;
  /** Within the repository, as it is written. */
  path?: string;
  chart?: string;
  targetRevision?: string;
  /** The name under which other sources reach files of this one, as `$ref/…`. */
  ref?: string;
  helm?: Mapping;
  kustomize?: Mapping;
  directory?: Mapping;
  plugin?: Mapping;
}

/** The sources of an Application's `spec`: `sources` wins where both are given, as in Argo CD. */
export function readSources(spec: Mapping): Source[] {
  const several = mappings(spec.sources);
  if (several.length > 0) return several.map(readSource);
  return isMapping(spec.source) ? [readSource(spec.source)] : [];
}

export function readSource(source: Mapping): Source {
  const read: Source = { repoURL: text(source.repoURL) ?? "" };
  for (const key of ["path", "chart", "targetRevision", "ref"] as const) {
    const value = text(source[key]);
    if (value !== undefined) read[key] = value;
  }
  for (const key of ["helm", "kustomize", "directory", "plugin"] as const) {
    const value = source[key];
    if (isMapping(value)) read[key] = value;
  }
  return read;
}
