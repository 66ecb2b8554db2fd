import { createLogUpdate } from "log-update";
import type { ProgressNode } from "../rehearsal/snapshot.ts";
import type { Console, ConsoleOptions } from "../report/plain-console.ts";
import { oneLine } from "../report/sanitise.ts";
import { drawTree } from "../report/tree.ts";
import { formatDuration } from "../runner/duration.ts";
import type { Step } from "../runner/log.ts";

const redrawMs = 120;
const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

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
