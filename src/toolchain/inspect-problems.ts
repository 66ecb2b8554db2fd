import { minimumGo } from "./go.ts";
import type { Problem, SourceReport, ToolchainReport } from "./inspect-report.ts";
import { formatBytes } from "./wording.ts";

/** The first git that merges without a working tree (`git merge-tree --write-tree`). */
const minimumGit = { major: 2, minor: 38 } as const;
const minimumNode = 24;

/** What of a report keeps a rehearsal from starting, or is worth knowing before it does. */
export function findProblems(facts: Omit<ToolchainReport, "problems">): Problem[] {
  return [
    ...sourceProblems(facts),
    ...diskProblems(facts),
    ...gitProblems(facts.system.git),
    ...nodeProblems(facts.system.node),
    ...outdatedProblems(facts.outdated),
  ];
}

/** The source that the next start uses; undefined where it cannot start. */
export function chosenSource(sources: readonly SourceReport[]): SourceReport | undefined {
  if (sources.some(({ name, state }) => name === "directory" && state === "broken")) return undefined;
  return sources.find(({ state }) => state === "ready") ?? sources.find(({ state }) => state === "possible");
}

function sourceProblems({ sources }: Pick<ToolchainReport, "sources">): Problem[] {
  const broken = sources.filter(({ state }) => state === "broken");
  const chosen = chosenSource(sources);
  const problems = broken.map((source) => sourceProblem(source, chosen));
  if (chosen !== undefined || problems.some(({ severity }) => severity === "error")) return problems;
  return [
    ...problems,
    {
      severity: "error",
      what: "there is no toolchain, and neither an archive nor Go to make one",
      fix: `Install Go ${minimumGo.major}.${minimumGo.minor} or newer, or name a folder or an archive that has the programs.`,
    },
  ];
}

function sourceProblem({ name, detail }: SourceReport, chosen: SourceReport | undefined): Problem {
  switch (name) {
    case "directory":
      return {
        severity: "error",
        what: `the toolchain folder cannot be used: ${detail}`,
        fix: "Complete it, or leave the option out: we bring our own.",
      };
    case "cache":
      return {
        severity: "warning",
        what: `the cached toolchain is damaged: ${detail}`,
        fix: "The next start replaces it.",
      };
    case "archive":
      return {
        severity: chosen?.state === "ready" ? "warning" : "error",
        what: `the toolchain archive cannot be used: ${detail}`,
        fix: "Correct its address and checksum in the configuration, or leave them out.",
      };
    case "build":
      return {
        severity: chosen === undefined ? "error" : "warning",
        what: `the toolchain cannot be built here: ${detail}`,
        fix: `Install Go ${minimumGo.major}.${minimumGo.minor} or newer.`,
      };
  }
}

function diskProblems({ sources, disks }: Pick<ToolchainReport, "sources" | "disks">): Problem[] {
  const chosen = chosenSource(sources);
  const disk = disks[0];
  if (chosen?.needs === undefined || disk === undefined || disk.freeBytes >= chosen.needs) return [];
  const needs = formatBytes(chosen.needs);
  return [
    {
      severity: "warning",
      what: `making the toolchain takes up to ${needs} of disk, and ${formatBytes(disk.freeBytes)} is free in ${disk.folder}`,
      fix: "Free some space. What Go has compiled before is not needed again.",
    },
  ];
}

function gitProblems(git: string | undefined): Problem[] {
  const fix = `Install git ${minimumGit.major}.${minimumGit.minor} or newer.`;
  if (git === undefined) return [{ severity: "error", what: "git is not on the PATH", fix }];
  const [major = 0, minor = 0] = git.split(".").map(Number);
  if (major > minimumGit.major || (major === minimumGit.major && minor >= minimumGit.minor)) return [];
  return [{ severity: "error", what: `git ${git} cannot merge without a working tree`, fix }];
}

function nodeProblems(node: string): Problem[] {
  if (Number.parseInt(node, 10) >= minimumNode) return [];
  return [
    {
      severity: "error",
      what: `this is Node ${node}, and Rehearsal needs ${minimumNode}`,
      fix: "Start it by npm or npx: the package brings a Node of its own.",
    },
  ];
}

function outdatedProblems(outdated: ToolchainReport["outdated"]): Problem[] {
  if (outdated.length === 0) return [];
  const bytes = outdated.reduce((sum, entry) => sum + entry.bytes, 0);
  return [
    {
      severity: "warning",
      what: `toolchains of other versions take ${formatBytes(bytes)} of the cache`,
      fix: `Remove what no other checkout uses: ${outdated.map(({ folder }) => folder).join(" ")}`,
    },
  ];
}
