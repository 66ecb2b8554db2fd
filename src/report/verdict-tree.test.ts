import { describe, expect, it } from "vitest";
import type { ProgressNode } from "../rehearsal/snapshot.ts";
import { application, failed, verdict } from "../rehearsal/verdict-fixture.ts";
import { verdictTree } from "./verdict-tree.ts";

function names(nodes: readonly ProgressNode[]): unknown[] {
  return nodes.map(({ name, children }) => (children.length > 0 ? { [name]: names(children) } : name));
}

describe("the tree of a verdict", () => {
  it("shows each under what brought it", () => {
    const of = verdict(
      [
        application("root"),
        failed("shop"),
        application("blog", { parent: "sites" }),
        application("zoo", { parent: "root" }),
        application("gone", { parent: "elsewhere" }),
      ],
      {
        applicationSets: [
          {
            ...{ name: "sites", namespace: "argocd", state: "passed", parent: "root", generated: 1 },
            reason: undefined,
          },
        ],
      },
    );
    expect(names(verdictTree(of))).toEqual([{ root: ["zoo", { sites: ["blog"] }] }, "shop", "gone"]);
  });

  it("says of each how it stood", () => {
    const [shop, root] = verdictTree(
      verdict([
        failed("shop", { message: "no" }),
        application("root", { state: "waiting", waitsFor: ["shop"], seconds: undefined }),
      ]),
    );
    expect(shop).toMatchObject({ state: "failed", detail: "no", sync: "Synced", health: "Healthy" });
    expect(root).toMatchObject({ state: "waiting", detail: "waits for shop", seconds: undefined });
  });

  it("is flat where they bring each other in a circle, or too deep", () => {
    const circle = ["a", "b", "c"].map((name, index) => application(name, { parent: "cab"[index] }));
    expect(names(verdictTree(verdict(circle)))).toEqual(["a", "b", "c"]);
    const deep = Array.from({ length: 5_000 }, (_, index) =>
      application(`a${index}`, { parent: index === 0 ? undefined : `a${index - 1}` }),
    );
    expect(verdictTree(verdict(deep))).toHaveLength(5_000 - 11);
  });
});
