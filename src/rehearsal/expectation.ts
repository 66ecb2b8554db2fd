import {
  type Application,
  type ApplicationSet,
  type ApplicationSource,
  sourcesOf,
} from "../argocd/application.ts";

/** What is under rehearsal, as far as an Application's sources need to know. */
export interface UnderTest {
  /** Full SHA of the merge result. */
  merge: string;
  baseBranch: string;
  baseIsDefault: boolean;
  /** Whether a URL, in any spelling, is the rehearsed repository's. */
  isRepository(url: string): boolean;
}

/** What a source has to be synced at. */
export type SourceExpectation =
  /** It follows the rehearsed branch: the merge result, and nothing else. */
  | { kind: "merge"; source: ApplicationSource; revision: string }
  /** The rehearsed repository at a tag, commit or branch of its own, which keeps its meaning. */
  | { kind: "pinned"; source: ApplicationSource }
  /** Another repository or a chart. */
  | { kind: "elsewhere"; source: ApplicationSource };

/** The expectation for each source of an Application, in the order of its spec. */
export function expectationsOf(application: Application, underTest: UnderTest): SourceExpectation[] {
  return sourcesOf(application).map((source) => {
    if (source.chart || !underTest.isRepository(source.repoURL)) return { kind: "elsewhere", source };
    if (!followsMerge(source.targetRevision ?? "", underTest)) return { kind: "pinned", source };
    return { kind: "merge", source, revision: underTest.merge };
  });
}

/** The same for each Git generator of an ApplicationSet, at any depth: what it lists decides what is there. */
export function expectationsOfSet({ spec }: ApplicationSet, underTest: UnderTest): SourceExpectation[] {
  return gitGenerators(spec.generators).map(({ repoURL, revision = "" }) => {
    const source = { repoURL, targetRevision: revision };
    if (!underTest.isRepository(repoURL)) return { kind: "elsewhere", source };
    if (!followsMerge(revision, underTest)) return { kind: "pinned", source };
    return { kind: "merge", source, revision: underTest.merge };
  });
}

interface GitGenerator {
  repoURL: string;
  revision?: string;
}

/** Matrix and merge generators hold others. */
function gitGenerators(generators: readonly Record<string, unknown>[] = []): GitGenerator[] {
  return generators.flatMap((generator) => [
    ...(generator.git ? [generator.git as GitGenerator] : []),
    ...["matrix", "merge"].flatMap((kind) => {
      const nested = generator[kind] as { generators?: Record<string, unknown>[] } | undefined;
      return gitGenerators(nested?.generators);
    }),
  ]);
}

function followsMerge(revision: string, { merge, baseBranch, baseIsDefault }: UnderTest): boolean {
  if (revision === "" || revision === "HEAD") return baseIsDefault;
  return revision === baseBranch || revision === `refs/heads/${baseBranch}` || revision === merge;
}

/** The revisions that a comparison or a sync was made at, in the order of the sources. */
export function revisionsOf(result: { revision?: string; revisions?: string[] } | undefined): string[] {
  if (result?.revisions && result.revisions.length > 0) return result.revisions;
  return result?.revision ? [result.revision] : [];
}

/** Whether what Argo CD compared or synced is what is under rehearsal. Of nothing, it never is. */
export function areAsExpected(
  revisions: readonly string[],
  expectations: readonly SourceExpectation[],
): boolean {
  if (revisions.length === 0 || revisions.length !== expectations.length) return false;
  return expectations.every((expected, index) => {
    const revision = revisions[index];
    return expected.kind === "merge"
      ? revision === expected.revision
      : revision !== undefined && revision !== "";
  });
}
