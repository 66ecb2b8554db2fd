import { describe, expect, test } from "vitest";
import { readCatalogue } from "./catalogue.ts";

const ours = await readCatalogue([]);

function userStage(apiGroup: string, kind: string) {
  const text = JSON.stringify({
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name: "mine", annotations: { "gitops-rehearsal/plays": "said to be mine" } },
    spec: { resourceRef: { apiGroup, kind }, selector: {}, steps: [{ delete: true }] },
  });
  return [{ path: "stages/mine.yaml", text }];
}

describe("the catalogue", () => {
  test("has words for each stage of an operator, and a name for each that is its own", () => {
    const silent = ours.custom.filter(({ plays }) => plays === undefined || plays.length < 10);
    expect(silent.map(({ object }) => object.metadata.name)).toEqual([]);
    const names = ours.custom.map(({ object }) => object.metadata.name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test("plays no kind twice, nor one of Argo CD's own", () => {
    const kinds = ours.custom.map(({ group, kind }) => `${group}/${kind}`);
    expect(kinds.filter((kind, index) => kinds.indexOf(kind) !== index)).toEqual([]);
    expect(kinds.filter((kind) => /^argoproj\.io\/App/.test(kind))).toEqual([]);
    expect(kinds).toContain("cert-manager.io/Certificate");
  });

  test("writes the same for the same object, or it would write for ever", () => {
    const text = JSON.stringify(ours.custom.map(({ object }) => object.spec));
    expect(text).not.toMatch(/\bNow\b|uuid|rand/i);
  });

  test("leaves the place of a kind to a stage of the user's", async () => {
    const { custom, unexercised } = await readCatalogue(userStage("cert-manager.io/v1", "Certificate"));
    const played = custom.filter(({ group, kind }) => group === "cert-manager.io" && kind === "Certificate");
    expect(played).toMatchObject([{ file: "stages/mine.yaml" }]);
    expect(custom).toHaveLength(ours.custom.length);
    expect(unexercised).toContainEqual({ kinds: ["cert-manager.io/Certificate"], why: "said to be mine" });
  });

  test("does so at once for a kind that every API server has", async () => {
    const { builtIn, unexercised } = await readCatalogue(userStage("networking.k8s.io/v1", "Ingress"));
    const played = builtIn.filter(({ kind }) => kind === "Ingress");
    expect(played).toMatchObject([{ file: "stages/mine.yaml" }]);
    expect(unexercised).toContainEqual({ kinds: ["networking.k8s.io/Ingress"], why: "said to be mine" });
  });
});
