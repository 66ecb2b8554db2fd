import type { World } from "../mirror/world.ts";
import { type ChangedFile, changedFiles, mergeBases } from "../repository/changed-files.ts";
import { type Content, readContent } from "../repository/content.ts";
import { findIrrelevance } from "../repository/relevance.ts";
import { openTree } from "../repository/tree.ts";
import type { OwnedProcesses } from "../runner/owned-processes.ts";
import { type MadeWorld, makeWorld } from "./make-world.ts";
import { guardSettings } from "./protection/guard.ts";
import type { RehearsalRequest } from "./request.ts";
import type { Stopwatch } from "./stopwatch.ts";
import { declaredSources, describeChanges } from "./touched.ts";
import type { TrustedConfig } from "./trusted-config.ts";
import { type Verdict, verdictSchema, type WeakenedSetting } from "./verdict.ts";

/** A change, as far as Git alone tells. Nothing has been started yet. */
export interface ExaminedChange {
  /** With the configuration that can be trusted. */
  request: RehearsalRequest;
  world: World;
  /** What the merge result declares. */
  content: Content;
  /** What an engine is told. */
  settings: TrustedConfig["settings"];
  /** From the base to the merge result. */
  changed: readonly ChangedFile[];
  weakened: readonly WeakenedSetting[];
  notes: readonly string[];
  /** The verdict, where it needs no cluster: nothing that Argo CD could notice, or what nobody allowed. */
  verdict: Verdict | undefined;
}

/**
 * Before anything is started: makes the world after the merge, and looks whether it is to be rehearsed at all.
 * Throws the user's errors.
 */
export async function examineChange(
  asked: RehearsalRequest,
  processes: OwnedProcesses,
  clock: Stopwatch,
): Promise<ExaminedChange> {
  const signal = AbortSignal.any([asked.signal, processes.lost]);
  const made = await makeWorld(asked, { folder: processes.folder, signal });
  const { world, trusted } = made;
  const request = { ...asked, config: trusted.config };
  const { gitDir, base, mergedTree, merge } = world;
  const content = await readContent(await openTree(gitDir, merge), request.checkout.scope);
  const changed = await changedFiles(gitDir, base, mergedTree, signal);
  const notes = [...trusted.notes, ...world.notes];
  const examined = { request, world, content, settings: trusted.settings, changed };

  const irrelevant = request.onlyIfRelevant ? await irrelevance(request, made, changed, signal) : undefined;
  if (irrelevant !== undefined) {
    const verdict = settledVerdict(examined, clock, {
      result: "passed",
      summary: `Nothing to rehearse: ${irrelevant}.`,
      ...{ irrelevant, notes },
    });
    return { ...examined, weakened: [], notes, verdict };
  }
  const guarded = await guardSettings(made, request);
  const all = [...notes, ...guarded.notes];
  const verdict =
    guarded.refused &&
    settledVerdict(examined, clock, { ...guarded.refused, weakened: guarded.weakened, notes: all });
  return { ...examined, weakened: guarded.weakened, notes: all, verdict };
}

async function irrelevance(
  { config }: RehearsalRequest,
  { world, base, merged }: MadeWorld,
  changed: readonly ChangedFile[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const { gitDir, head } = world;
  const ancestors = await mergeBases(gitDir, world.base, head, signal);
  const own = await Promise.all(ancestors.map((ancestor) => changedFiles(gitDir, ancestor, head, signal)));
  return findIrrelevance({
    changed: [...changed, ...own.flat()],
    ...{ base, merged },
    ignore: config.relevance.ignore,
    k3dConfig: config.k3d.config?.path,
  });
}

/** A verdict on a change for which nothing was started. */
function settledVerdict(
  { world, content, changed }: Pick<ExaminedChange, "world" | "content" | "changed">,
  clock: Stopwatch,
  what: Pick<Verdict, "result" | "summary" | "notes"> & Partial<Verdict>,
): Verdict {
  return {
    schema: verdictSchema,
    error: undefined,
    repository: { ...repositoryOf(world), roots: [] },
    irrelevant: undefined,
    ...describeChanges(changed, declaredSources(content), content, world),
    weakened: [],
    engine: undefined,
    argocd: undefined,
    applications: [],
    applicationSets: [],
    evidence: undefined,
    startedAt: clock.startedAt,
    timings: clock.timings(),
    usage: undefined,
    ...what,
  };
}

/** What a verdict says of the two sides of the merge. */
export function repositoryOf({ urls, baseBranch, base, head, merge }: World) {
  return { url: urls[0] ?? "", baseBranch, base, head, merge };
}
