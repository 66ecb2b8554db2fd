import type { ApplicationState, ArtefactVerdict, Verdict } from "../rehearsal/verdict.ts";
import { formatDuration } from "../runner/duration.ts";
import { countOf } from "../runner/words.ts";
import type { Item, Section } from "./budget.ts";
import { unprovenOf } from "./grouping.ts";
import { words } from "./markdown.ts";
import { folded, foldedLines, ranks } from "./sections.ts";
import { clip, drawTree } from "./tree.ts";
import { verdictTree } from "./verdict-tree.ts";
import { named, placed, said, someNamed, type View } from "./view.ts";

/** Everything that a reader may unfold. */
export function detailSections(verdict: Verdict, view: View): Section[] {
  return [
    ...tree(verdict, view),
    ...changes(verdict, view),
    ...unproven(verdict, view),
    ...notes(verdict, view),
    ...evidence(verdict, view),
  ];
}

const marks = { passed: "✓", progressing: "●", waiting: "◌", failed: "✗", unseen: "·" } as const;
const stateOrder: readonly ApplicationState[] = ["failed", "missing", "unfinished", "waiting", "passed"];

function tree(verdict: Verdict, { scale }: View): Section[] {
  const { applications } = verdict;
  if (applications.length === 0) return [];
  const states = Map.groupBy(applications, ({ state }) => state);
  const counts = stateOrder.flatMap((state) => {
    const count = states.get(state)?.length ?? 0;
    return count > 0 ? [`${count} ${state}`] : [];
  });
  const lines = drawTree(verdictTree(verdict), {
    mark: (state) => marks[state],
    dim: (text) => text,
    columns: scale.columns,
    rows: scale.rows,
  });
  return [
    foldedLines(`<b>${countOf(applications.length, "Application")}</b>: ${counts.join(", ")}`, lines, {
      rank: ranks.tree,
      unit: "row",
      width: scale.columns,
    }),
  ];
}

function changes({ changes, changed }: Verdict, view: View): Section[] {
  if (changed === 0) return [];
  const groups = Map.groupBy(changes, ({ applications }) => applications.join(" "));
  const items = [...groups.values()].flatMap((group) => {
    const names = group[0]?.applications ?? [];
    const head = names.length > 0 ? someNamed(names, view) : "Of no Application";
    return [
      item(`- ${head}`, ranks.change, "group"),
      ...group.map(({ path, kind }) => {
        const shown = kind === "deleted" ? named(path) : placed({ file: path }, view);
        return item(`  - ${kind} ${shown}`, ranks.change, "file");
      }),
    ];
  });
  const rest = changed - changes.length;
  const more = rest > 0 ? [item(`- and ${countOf(rest, "file")} more`, ranks.change, "group")] : [];
  return [folded(`<b>What changes</b>: ${countOf(changed, "file")}`, [...items, ...more])];
}

function unproven(verdict: Verdict, view: View): Section[] {
  const found = unprovenOf(verdict);
  if (found.length === 0) return [];
  const items = found.flatMap(({ why, objects, applications }) => [
    item(`- ${said(why, view)}: ${countOf(objects, "object")}`, ranks.unproven, "limit"),
    ...applications.map(({ name, resources }) =>
      item(`  - ${named(name)}: ${someNamed(resources, view)}`, ranks.unproven, "Application"),
    ),
  ]);
  const objects = found.reduce((sum, { objects }) => sum + objects, 0);
  const engine = verdict.engine ? ` on the ${verdict.engine.name} engine` : "";
  return [folded(`<b>Not proven</b>${engine}: ${countOf(objects, "object")}`, items)];
}

function notes({ notes }: Verdict, view: View): Section[] {
  if (notes.length === 0) return [];
  const items = notes.map((note) => item(`- ${said(note, view)}`, ranks.note, "note"));
  return [folded(`<b>${countOf(notes.length, "note")}</b>`, items)];
}

function evidence(verdict: Verdict, view: View): Section[] {
  const { evidence, repository } = verdict;
  const lines = [
    ...(repository
      ? [
          `The merge result is ${named(repository.merge)}, which exists in this rehearsal alone${evidence ? `; the mirror served it ${times(evidence.mergeServed)}` : ""}.`,
          ...roots(repository.roots, view),
        ]
      : []),
    ...timesOf(verdict),
    ...(evidence?.otherHosts ?? []).map(
      ({ host, outcome, count }) =>
        `Past the mirror: ${named(host)}, ${times(count)}, ${words(clip(outcome, 200))}`,
    ),
    ...fromOthers(evidence?.artefacts ?? [], view),
    ...(evidence?.refused ?? []).map((message) => `Refused: ${words(clip(message, 300))}`),
  ];
  const items = lines.map((line) => item(`- ${line}`, ranks.evidence, "line"));
  return [folded(`<b>${repository ? "Evidence and times" : "Times"}</b>`, items)];
}

/** What came through the mirror of other hosts than the repository's. */
function fromOthers(artefacts: readonly ArtefactVerdict[], view: View): string[] {
  const of = (wanted: ArtefactVerdict["from"], where: string) => {
    const names = artefacts.filter(({ from }) => from === wanted).map(({ what }) => what);
    return names.length === 0 ? [] : [`${where}: ${someNamed(names, view)}`];
  };
  return [...of("cache", "From the cache"), ...of("upstream", "Fetched from other hosts")];
}

function roots(all: NonNullable<Verdict["repository"]>["roots"], view: View): string[] {
  if (all.length === 0) return [];
  const shown = all
    .slice(0, view.scale.names)
    .map(({ kind, name, file, line }) => `${named(`${kind} ${name}`)} (${placed({ file, line }, view)})`);
  const more = all.length > shown.length ? ` and ${all.length - shown.length} more` : "";
  return [`Applied: ${shown.join(", ")}${more}`];
}

function timesOf({ startedAt, timings, argocd, usage }: Verdict): string[] {
  const at = (seconds: number | undefined, what: string) =>
    seconds === undefined ? [] : [`${what} after ${formatDuration(seconds * 1000)}`];
  const moments = [
    ...at(timings.clusterReady, "cluster ready"),
    ...at(timings.argocdReady, "Argo CD ready"),
    ...at(timings.applied, "roots applied"),
    ...at(timings.decided, "decided"),
    ...at(timings.total, "done"),
  ];
  return [
    `Began on ${words(startedAt.replace("T", " at ").replace(/(\.\d+)?Z$/, " UTC"))}: ${moments.join(", ")}.`,
    ...(argocd ? [`Argo CD is installed from ${words(clip(argocd.source, 200))}.`] : []),
    ...(usage
      ? [
          `It took ${(usage.peakMemoryBytes / 1e9).toFixed(1)} GB of memory and ${usage.cpuSeconds.toFixed(0)} s of CPU.`,
        ]
      : []),
  ];
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function item(text: string, rank: number, unit: string): Item {
  return { text, rank, unit };
}
