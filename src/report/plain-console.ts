import type { ProgressNode } from "../rehearsal/snapshot.ts";
import { formatDuration } from "../runner/duration.ts";
import type { Log } from "../runner/log.ts";
import type { Palette } from "./palette.ts";
import { oneLine } from "./sanitise.ts";

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

/** A step says that it goes on this often. */
const stillMs = 30_000;

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
