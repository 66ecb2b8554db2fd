import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { alone, batchesOf, type ChartTrial, findTrials, type Recipe } from "./charts.ts";

function trial(chart: string, version = "1.0.0", recipe: Recipe = {}): ChartTrial {
  return { chart, version, archive: `${chart}-${version}.tgz`, recipe };
}

function names(trials: readonly ChartTrial[]): string[] {
  return trials.map(({ chart, version }) => `${chart} ${version}`);
}

test("archives are sorted by name and from the newest version on; only that counts unless all are wanted", async () => {
  const folder = await mkdtemp(join(tmpdir(), "archives-"));
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
  for (const name of ["web-1.9.0", "web-1.10.0", "web-ui-2.0.0", "cert-manager-v1.21.1"])
    await writeFile(join(folder, `${name}.tgz`), "");
  await writeFile(join(folder, "index.yaml"), "");
  expect(names(await findTrials(folder, true))).toEqual([
    "cert-manager v1.21.1",
    "web 1.10.0",
    "web 1.9.0",
    "web-ui 2.0.0",
  ]);
  const newest = await findTrials(folder, false);
  expect(names(newest)).toEqual(["cert-manager v1.21.1", "web 1.10.0", "web-ui 2.0.0"]);
  expect(newest[0]?.recipe.values).toEqual({ crds: { enabled: true } });
});

test("versions of one chart are never rehearsed together, nor is what has to be apart", () => {
  const all = [trial("a", "2.0.0"), trial("a"), trial("b"), trial("c", "1.0.0", { apart: "it is alone" })];
  const batches = batchesOf(all, all).map(({ judged }) => names(judged));
  expect(batches).toEqual([["a 2.0.0", "b 1.0.0"], ["a 1.0.0"], ["c 1.0.0"]]);
});

test("what a chart needs comes in its newest version, unless it is tried there anyway", () => {
  const needing = trial("b", "1.0.0", { needs: ["a"] });
  const all = [trial("a", "2.0.0"), trial("a"), needing];
  expect(names(alone(needing, all).needed)).toEqual(["a 2.0.0"]);
  expect(batchesOf([needing, trial("a")], all)[0]?.needed).toEqual([]);
});
