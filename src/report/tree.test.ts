import { describe, expect, it } from "vitest";
import type { ProgressNode } from "../rehearsal/snapshot.ts";
import { paletteFor } from "./palette.ts";
import { clip, drawTree } from "./tree.ts";

function node(name: string, changes: Partial<ProgressNode> = {}): ProgressNode {
  return {
    key: `Application/argocd/${name}`,
    name,
    kind: "Application",
    state: "passed",
    sync: "Synced",
    health: "Healthy",
    detail: undefined,
    seconds: 4.2,
    children: [],
    ...changes,
  };
}

const plain = paletteFor(false);

function draw(roots: readonly ProgressNode[], { columns = 100, rows = 40 } = {}): string[] {
  return drawTree(roots, { ...plain, columns, rows });
}

describe("the tree", () => {
  it("draws one line a node, with sync, health and seconds below each other", () => {
    const set = node("sites", {
      kind: "ApplicationSet",
      sync: undefined,
      health: undefined,
      children: [node("blog"), node("zoo")],
    });
    const slow = node("shop", {
      state: "progressing",
      health: "Progressing",
      detail: "Deployment web is Progressing",
      seconds: 12,
    });
    expect(
      draw([
        node("root", { children: [set, slow] }),
        node("new", { state: "unseen", sync: undefined, health: undefined }),
      ]),
    ).toEqual([
      "✓ root        Synced    Healthy       4 s",
      "✓ ├─ sites    ApplicationSet          4 s",
      "✓ │  ├─ blog  Synced    Healthy       4 s",
      "✓ │  └─ zoo   Synced    Healthy       4 s",
      "● └─ shop     Synced    Progressing  12 s  Deployment web is Progressing",
      "· new         –         –             4 s",
    ]);
  });

  it("never draws a line wider than the terminal", () => {
    const deep = node("a-name-that-is-very-long-indeed-and-goes-on", {
      detail: "x".repeat(300),
      children: [node("another-one-that-is-as-long-as-the-first", { detail: "y" })],
    });
    for (const columns of [10, 20, 40, 59, 60, 61, 80, 120])
      for (const line of draw([deep], { columns })) expect(line.length).toBeLessThanOrEqual(columns);
    expect(draw([deep], { columns: 30 })[0]).toMatch(/…$/);
  });

  it("folds away what passed where there are more lines than rows", () => {
    const many = Array.from({ length: 20 }, (_, index) => node(`app-${index}`));
    const roots = [
      ...many.slice(0, 10),
      node("bad", { state: "failed" }),
      node("slow", { state: "progressing" }),
      ...many.slice(10),
    ];
    const lines = draw(roots, { rows: 5 });
    expect(lines).toHaveLength(5);
    expect(lines.map((line) => line.split(/\s+/)[1])).toEqual(["app-0", "app-1", "bad", "slow", "…"]);
    expect(lines[4]).toBe("  … and 18 more, of which 18 passed");
    expect(draw(roots, { rows: 22 })).toHaveLength(22);
  });

  it("prints no escape sequence of a name", () => {
    const [line] = draw([node("a\u001b[31mb", { detail: "c\u001b]0;x\u0007\nd" })]);
    expect(line).toBe("✓ ab  Synced    Healthy       4 s  c d");
  });

  it("is nothing without nodes", () => {
    expect(draw([])).toEqual([]);
  });
});

it("clips a text to a length", () => {
  expect([clip("abc", 3), clip("abcd", 3), clip("abc", 1), clip("abc", 0)]).toEqual(["abc", "ab…", "…", "…"]);
});
