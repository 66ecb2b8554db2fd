import { describe, expect, it } from "vitest";
import {
  child,
  condition,
  failedSync,
  generating,
  passing,
  result,
  underTest,
} from "./application-fixture.ts";
import { createBoard } from "./board.ts";
import { type ProgressNode, snapshot } from "./snapshot.ts";

function shown(
  objects: ReturnType<typeof passing | typeof generating>[],
  roots: string[] = [],
): ProgressNode[] {
  const board = createBoard({ underTest, allowEmpty: [], settleMs: 3_000 });
  for (const root of roots) board.expect("Application", "argocd", root, undefined, 0);
  for (const object of objects)
    board.observe(object.kind as "Application" | "ApplicationSet", object, false, 0);
  for (let now = 0; now <= 2_000; now += 100) board.conclude(now);
  return snapshot(board.all, 4_000);
}

function names(nodes: readonly ProgressNode[]): unknown[] {
  return nodes.map(({ name, children }) => (children.length === 0 ? name : [name, names(children)]));
}

describe("the tree", () => {
  it("shows each under what brought it", () => {
    const tree = shown([
      passing("root", { "status.resources": [child("shop"), child("sites", { kind: "ApplicationSet" })] }),
      passing("shop"),
      generating("sites", ["blog"]),
      passing("blog"),
      passing("stranger"),
    ]);
    expect(names(tree)).toEqual([["root", ["shop", ["sites", ["blog"]]]], "stranger"]);
  });

  it("shows Applications that bring themselves, and each other, once", () => {
    const brings = (name: string, ...others: string[]) =>
      passing(name, { "status.resources": others.map((other) => child(other)) });
    expect(names(shown([brings("root", "root", "shop"), brings("shop", "root")], ["root"]))).toEqual([
      ["root", ["shop"]],
    ]);
    expect(
      names(shown([brings("one", "two"), brings("two", "one")]))
        .flat(3)
        .sort(),
    ).toEqual(["one", "two"]);
  });
});

describe("a node", () => {
  it.each([
    ["passed", passing("a"), undefined],
    ["progressing", passing("a", { "status.health.status": "Progressing" }), "health is Progressing"],
    [
      "progressing",
      passing("a", { "status.conditions": [condition("ComparisonError", "app path does not exist")] }),
      "app path does not exist",
    ],
    [
      "progressing",
      passing("a", {
        "status.sync.status": "OutOfSync",
        "status.operationState": undefined,
        "spec.syncPolicy": {},
      }),
      "asking for a sync",
    ],
    [
      "failed",
      passing("a", { "status.operationState": failedSync([result("x is invalid: y")]) }),
      "x is invalid: y",
    ],
  ])("is %s", (state, application, detail) => {
    expect(shown([application])[0]).toMatchObject({ state, detail, sync: application.status?.sync?.status });
  });

  it("is waiting for another, or not seen yet", () => {
    const [root] = shown([
      passing("root", {
        "status.health.status": "Progressing",
        "status.resources": [child("shop", { health: { status: "Progressing" } })],
      }),
    ]);
    expect(root).toMatchObject({ state: "waiting", detail: "waits for shop" });
    expect(root?.children[0]).toMatchObject({ state: "unseen", sync: undefined, detail: "not there yet" });
  });

  it("counts seconds until it passes", () => {
    const [passed, open] = shown([passing("a"), passing("b", { "status.health.status": "Progressing" })]);
    expect([passed?.seconds, open?.seconds]).toEqual([0, 4]);
  });
});
