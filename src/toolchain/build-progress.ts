import { formatCount, formatTimeLeft } from "./wording.ts";

export interface BuildPlan {
  /** How many packages the programs are made of. */
  packages: number;
  /** Import paths of those that Go's build cache lacks; Go names just these as it compiles. */
  stale: ReadonlySet<string>;
  /** By the name of the file that Go makes: how many packages are linked into it. */
  programs: ReadonlyMap<string, number>;
}

export interface BuildState {
  /** Stale packages begun so far. */
  compiled: number;
  linked: ReadonlySet<string>;
  elapsedMs: number;
  /** What `elapsedMs` was when a package or program was added last. */
  changedMs: number;
}

/**
 * What linking one package's code counts, in compiled packages. More than it costs (a fiftieth), because the
 * packages compiled last are the slowest too: with this, the estimates of a cold build on 2 cores were right
 * within a third from its middle on.
 */
const linkWeight = 1 / 15;

/** Below this share of the work, its speed says nothing. */
const firstShare = 0.03;

/** Milliseconds left, at the speed so far; undefined while there is too little to go by. */
export function timeLeft(plan: BuildPlan, state: BuildState): number | undefined {
  const links = [...plan.programs].map(([name, packages]) => ({ name, work: packages * linkWeight }));
  const linked = links.filter((link) => state.linked.has(link.name));
  const total = plan.stale.size + sum(links.map((link) => link.work));
  const done = Math.min(state.compiled, plan.stale.size) + sum(linked.map((link) => link.work));
  if (done === 0 || done / total < firstShare) return undefined;
  const left = (state.changedMs * (total - done)) / done;
  return Math.max(0, left - (state.elapsedMs - state.changedMs));
}

/** `412 of 3,911 packages · 3 of 9 programs linked · about 6 min left` */
export function describeBuild(plan: BuildPlan, state: BuildState): string {
  const built = plan.packages - plan.stale.size + Math.min(state.compiled, plan.stale.size);
  const parts = [
    `${formatCount(built)} of ${formatCount(plan.packages)} packages`,
    `${state.linked.size} of ${plan.programs.size} programs linked`,
  ];
  const left = timeLeft(plan, state);
  if (left !== undefined && state.linked.size < plan.programs.size) parts.push(formatTimeLeft(left));
  return parts.join(" · ");
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
