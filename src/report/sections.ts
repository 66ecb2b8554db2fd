import type { Item, Section } from "./budget.ts";
import { codeBlock } from "./markdown.ts";
import { clip } from "./tree.ts";

/** In the order in which each gets its place where there is not enough for all. */
export const ranks = {
  failure: 0,
  weakened: 1,
  waiting: 2,
  note: 3,
  unproven: 4,
  diagnosis: 5,
  tree: 6,
  change: 7,
  evidence: 8,
} as const;

/** A section that is always shown whole; what it says has to be short. */
export function fixed(text: string): Section {
  return { opening: text, items: [], closing: "", ending: "" };
}

/** A section that a reader may unfold. `summary` is HTML, in which Markdown means nothing. */
export function folded(summary: string, items: readonly Item[]): Section {
  return { opening: `${unfold(summary)}\n`, items, closing: "", ending: "</details>" };
}

/** The same, of lines as they are. */
export function foldedLines(
  summary: string,
  lines: readonly string[],
  { rank, unit, width }: { rank: number; unit: string; width: number },
): Section {
  const block = codeBlock(lines.map((line) => clip(line, width)));
  return {
    opening: `${unfold(summary)}\n\n${block.opening}`,
    items: block.lines.map((text) => ({ text, rank, unit })),
    closing: block.closing,
    ending: "</details>",
  };
}

/** Lines as they are, in one piece that a reader may unfold. */
export function foldedBlock(summary: string, lines: readonly string[], width: number): string {
  const block = codeBlock(lines.map((line) => clip(line, width)));
  return [unfold(summary), "", block.opening, ...block.lines, block.closing, "", "</details>"].join("\n");
}

function unfold(summary: string): string {
  return `<details>\n<summary>${summary}</summary>`;
}
