import { describe, expect, it } from "vitest";
import type { Application, ApplicationSet } from "../argocd/application.ts";
import { application, type CommittedFiles, committed, ownUrl } from "../repository/tree-fixture.ts";
import { passing, underTest } from "./application-fixture.ts";
import { createBoard } from "./board.ts";
import { findPlaces } from "./places.ts";
import type { Reason } from "./reason.ts";
import type { Tracked } from "./tracked.ts";

const files: CommittedFiles = {
  "apps/shop.yaml": `# the shop\n${application("shop", "shop")}`,
  "shop/web.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\n",
  "shop/broken.yaml": "a:\n  - b\n  c: [\n",
  "sets/sites.yaml":
    "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata:\n  name: sites\n  namespace: argocd\nspec:\n  generators: []\n  template:\n    metadata:\n      name: 'site-{{ .path.basename }}'\n",
};

/** What is tracked of one object, failing for `reason`. */
function tracked(object: Application | ApplicationSet, reason?: Reason): Tracked {
  const own = { ...underTest, isRepository: (url: string) => url === ownUrl };
  const board = createBoard({ underTest: own, allowEmpty: [], settleMs: 0 });
  board.observe(object.kind as Tracked["kind"], object, false, 0);
  board.conclude(0);
  const [one] = board.all.values();
  if (!one) throw new Error("the board has what it was told of");
  one.final = reason;
  return one;
}

async function placesOf(one: Tracked, reason?: Reason) {
  await using repository = await committed(files);
  const places = await findPlaces(await repository.content(), new Map([[one.key, one]]));
  return { application: places.ofApplication(one), reason: reason && places.ofReason(reason, one) };
}

const shop = passing("shop", { "spec.source": { repoURL: ownUrl, path: "shop", targetRevision: "main" } });
const degraded: Reason = {
  code: "degraded",
  class: "change",
  message: "x",
  resource: { group: "apps", kind: "Deployment", namespace: "shop", name: "web" },
};
const manifests: Reason = { code: "manifests", class: "change", message: "x" };

describe("a place", () => {
  it("of an Application is where it is declared", async () => {
    expect((await placesOf(tracked(shop))).application).toEqual({ file: "apps/shop.yaml", line: 3 });
  });

  it("of a generated one is its ApplicationSet", async () => {
    const owners = [{ kind: "ApplicationSet", name: "sites" }];
    const blog = passing("site-blog", { "metadata.ownerReferences": owners });
    expect((await placesOf(tracked(blog))).application).toMatchObject({ file: "sets/sites.yaml" });
  });

  it("of a reason is the resource at fault, else the Application", async () => {
    expect((await placesOf(tracked(shop, degraded), degraded)).reason).toEqual({
      file: "shop/web.yaml",
      line: 2,
    });
    const unknown = { ...degraded, resource: { kind: "Secret", name: "made-by-a-chart" } };
    expect((await placesOf(tracked(shop, unknown), unknown)).reason).toEqual({
      file: "apps/shop.yaml",
      line: 3,
    });
  });

  it("of manifests that cannot be read is the file that does not parse", async () => {
    const { reason } = await placesOf(tracked(shop, manifests), manifests);
    expect(reason).toMatchObject({ file: "shop/broken.yaml" });
    expect(reason?.line).toBeGreaterThan(2);
  });

  it("is not looked for in another repository", async () => {
    const other = passing("shop", { "spec.source": { repoURL: "https://x.example/r", path: "shop" } });
    expect((await placesOf(tracked(other, manifests), manifests)).reason).toEqual({
      file: "apps/shop.yaml",
      line: 3,
    });
  });

  it("is none where nothing plain declares it", async () => {
    expect((await placesOf(tracked(passing("made-by-a-chart")))).application).toBeUndefined();
  });
});
