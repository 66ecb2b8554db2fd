import pc from "picocolors";
import type { TreeState } from "./tree.ts";

/** How states and emphasis look; plain where the output takes no colour. */
export interface Palette {
  mark(state: TreeState): string;
  good(text: string): string;
  bad(text: string): string;
  strong(text: string): string;
  dim(text: string): string;
}

export function paletteFor(colour: boolean): Palette {
  const colours = pc.createColors(colour);
  const marks: Record<TreeState, string> = {
    passed: colours.green("✓"),
    progressing: colours.cyan("●"),
    waiting: colours.yellow("◌"),
    failed: colours.red("✗"),
    unseen: colours.dim("·"),
  };
  return {
    mark: (state) => marks[state],
    good: colours.green,
    bad: colours.red,
    strong: colours.bold,
    dim: colours.dim,
  };
}
