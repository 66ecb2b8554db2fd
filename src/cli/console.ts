import { createLogUpdate } from "log-update";
import type { ProgressNode } from "../rehearsal/snapshot.ts";
import type { Palette } from "../report/palette.ts";
import { oneLine } from "../report/sanitise.ts";
import { drawTree } from "../report/tree.ts";
import { formatDuration } from "../runner/duration.ts";
import type { Log, Step } from "../runner/log.ts";

/** A log on a stream, with the tree of Applications as it grows. */
export interface Console extends Log {
  showTree(tree: readonly ProgressNode[]): void;
  /** Ends what is being redrawn; what it shows last stays. */
  close(): void;
}

export interface ConsoleOptions {
  stream: NodeJS.WriteStream;
  palette: Palette;
  verbose: boolean;
}

const redrawMs = 120;
const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/** In a pipe, a step says that it goes on this often. */
const stillMs = 30_000;

/** On a terminal: what is going on is redrawn in place. */
export function liveConsole({ stream, palette, verbose }: ConsoleOptions): Console {
  const update = createLogUpdate(stream);
  const steps = new Map<Step, { title: string; detail: string; since: number }>();
  let tree: readonly ProgressNode[] = [];
  let frame = 0;
  const draw = () => {
    frame = (frame + 1) % frames.length;
    const running = [...steps.values()].map(
      ({ title, detail, since }) =>
        `${palette.dim(frames[frame] ?? "")} ${title} ${palette.dim(`${formatDuration(Date.now() - since)}  ${detail}`)}`,
    );
    const rows = Math.max(5, (stream.rows ?? 24) - running.length - 3);
    const drawn = drawTree(tree, { ...palette, columns: stream.columns ?? 100, rows });
    update([...running, ...drawn].join("\n"));
  };
  const timer = setInterval(draw, redrawMs);
  const print = (line: string) => {
    update.clear();
    stream.write(`${line}\n`);
    draw();
  };
  return {
    step(title) {
      const state = { title, detail: "", since: Date.now() };
      const finish = (mark: string) => (detail?: string) => {
        if (!steps.delete(step)) return;
        print(
          `${mark} ${title} ${palette.dim(formatDuration(Date.now() - state.since))}${detail ? `  ${detail}` : ""}`,
        );
      };
      const step: Step = {
        update(detail) {
          state.detail = oneLine(detail);
        },
        done: finish(palette.good("✓")),
        failed: finish(palette.bad("✗")),
      };
      steps.set(step, state);
      return step;
    },
    info: (line) => print(oneLine(line)),
    warn: (line) => print(`${palette.bad("!")} ${oneLine(line)}`),
    debug: (line) => verbose && print(palette.dim(oneLine(line))),
    showTree(next) {
      tree = next;
    },
    close() {
      clearInterval(timer);
      if (tree.length > 0) draw();
      update.done();
    },
  };
}

/** In a pipe or a log file: one line for each thing that happened. */
export function plainConsole({ stream, palette, verbose }: ConsoleOptions): Console {
  const startedAt = Date.now();
  const told = new Map<string, string>();
  const timers = new Set<NodeJS.Timeout>();
  const print = (line: string) => {
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1).padStart(6);
    stream.write(`${palette.dim(`${seconds} s`)}  ${oneLine(line)}\n`);
  };
  const tell = (node: ProgressNode) => {
    const told_ = `${node.state} ${node.sync ?? ""} ${node.health ?? ""}`;
    const news = node.state === "passed" || node.state === "failed";
    if (news && told.get(node.key) !== told_) {
      told.set(node.key, told_);
      const status = [node.sync, node.health].filter(Boolean).join(", ");
      print(
        `${palette.mark(node.state)} ${node.name}${status ? `: ${status}` : ""}${node.detail ? ` – ${node.detail}` : ""}`,
      );
    }
    for (const child of node.children) tell(child);
  };
  return {
    step(title) {
      const since = Date.now();
      let detail = "";
      const still = setInterval(() => print(`${title} … ${detail}`), stillMs);
      timers.add(still);
      const finish = (mark: string) => (last?: string) => {
        clearInterval(still);
        if (!timers.delete(still)) return;
        print(`${mark} ${title} (${formatDuration(Date.now() - since)})${last ? `  ${last}` : ""}`);
      };
      return {
        update(next) {
          detail = next;
        },
        done: finish(palette.good("✓")),
        failed: finish(palette.bad("✗")),
      };
    },
    info: print,
    warn: (line) => print(`! ${line}`),
    debug: (line) => verbose && print(line),
    showTree: (tree) => tree.forEach(tell),
    close() {
      for (const timer of timers) clearInterval(timer);
    },
  };
}
