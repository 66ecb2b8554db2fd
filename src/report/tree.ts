import type { ProgressNode } from "../rehearsal/snapshot.ts";
import { oneLine } from "./sanitise.ts";

export type TreeState = ProgressNode["state"];

export interface TreeStyle {
  /** Marks each state; colours are the caller's. */
  mark(state: TreeState): string;
  dim(text: string): string;
  columns: number;
  /** Where there are more lines, those that passed are folded away. */
  rows: number;
}

interface Row {
  node: ProgressNode;
  prefix: string;
}

/** Draws the tree, one line a node, none longer than the terminal is wide. */
export function drawTree(roots: readonly ProgressNode[], style: TreeStyle): string[] {
  const all = roots.flatMap((root) => flatten(root, "", ""));
  const shown = all.length <= style.rows ? all : fold(all, style.rows - 1);
  const width = Math.max(0, ...shown.map(({ node, prefix }) => prefix.length + oneLine(node.name).length));
  const lines = shown.map(({ node, prefix }) => drawRow(node, prefix, width, style));
  const folded = all.length - shown.length;
  return folded > 0
    ? [
        ...lines,
        style.dim(clip(`  … and ${folded} more, of which ${countPassed(all, shown)} passed`, style.columns)),
      ]
    : lines;
}

function flatten(node: ProgressNode, prefix: string, childPrefix: string): Row[] {
  const children = node.children.flatMap((child, index) => {
    const last = index === node.children.length - 1;
    return flatten(child, `${childPrefix}${last ? "└─ " : "├─ "}`, `${childPrefix}${last ? "   " : "│  "}`);
  });
  return [{ node, prefix }, ...children];
}

/** What fails comes first, then what moves; what passed needs nobody's attention. */
function fold(rows: readonly Row[], count: number): Row[] {
  const order: readonly TreeState[] = ["failed", "progressing", "waiting", "unseen", "passed"];
  const kept = new Set(
    rows
      .toSorted((left, right) => order.indexOf(left.node.state) - order.indexOf(right.node.state))
      .slice(0, count),
  );
  return rows.filter((row) => kept.has(row));
}

function countPassed(all: readonly Row[], shown: readonly Row[]): number {
  const visible = new Set(shown);
  return all.filter((row) => !visible.has(row) && row.node.state === "passed").length;
}

function drawRow(node: ProgressNode, prefix: string, width: number, style: TreeStyle): string {
  const set = node.kind === "ApplicationSet";
  const name = oneLine(node.name).padEnd(width - prefix.length);
  const status = set
    ? "ApplicationSet"
    : `${(node.sync ?? "–").padEnd(9)} ${(node.health ?? "–").padEnd(11)}`;
  const time = (node.seconds === undefined ? "" : `${node.seconds.toFixed(0)} s`).padStart(5);
  // The mark and the blank after it take two columns.
  const head = clip(`${prefix}${name}  ${status.padEnd(21)} ${time}`, style.columns - 2);
  const room = style.columns - head.length - 6;
  const detail = node.detail && room > 12 ? `  ${style.dim(clip(oneLine(node.detail), room))}` : "";
  return `${style.mark(node.state)} ${head}${detail}`;
}

export function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`;
}
