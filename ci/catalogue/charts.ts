import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { compare } from "semver";
import { parse } from "yaml";
import { packageRoot } from "../../src/runner/package-root.ts";

/** A chart to try. */
export interface ChartTrial {
  chart: string;
  version: string;
  /** Absolute path of the archive. */
  archive: string;
  recipe: Recipe;
}

/** As `charts.yaml` beside this file explains. */
export interface Recipe {
  why?: string;
  values?: Record<string, unknown>;
  helm?: Record<string, unknown>;
  objects?: readonly Record<string, unknown>[];
  needs?: readonly string[];
  apart?: string;
}

/** The archives `name-version.tgz` of a folder, sorted; only the newest of each chart unless `all` are wanted. */
export async function findTrials(folder: string, all: boolean): Promise<ChartTrial[]> {
  const recipes = await readRecipes();
  const trials = (await readdir(folder)).flatMap((file) => {
    const [, chart, version] = /^(.+?)-(v?\d+\.\d+\.\d+.*)\.tgz$/.exec(file) ?? [];
    if (chart === undefined || version === undefined) return [];
    return [{ chart, version, archive: join(folder, file), recipe: recipes[chart] ?? {} }];
  });
  trials.sort((left, right) => left.chart.localeCompare(right.chart) || compare(right.version, left.version));
  const isNewest = ({ chart }: ChartTrial, index: number) => trials[index - 1]?.chart !== chart;
  if (!all) return trials.filter(isNewest);
  // The objects are of versions that the newest has, and an older one may not.
  return trials.map((trial, index) => {
    const { objects, ...recipe } = trial.recipe;
    return isNewest(trial, index) ? trial : { ...trial, recipe };
  });
}

async function readRecipes(): Promise<Record<string, Recipe>> {
  return parse(await readFile(join(packageRoot(), "ci/catalogue/charts.yaml"), "utf8")) as Record<
    string,
    Recipe
  >;
}

/** What is rehearsed together: `judged`, with what they need besides. */
export interface Batch {
  judged: readonly ChartTrial[];
  needed: readonly ChartTrial[];
}

/** Argo CD takes up each definition that appears by itself: more charts together would wait for each other's. */
const perBatch = 6;

/** One trial in a rehearsal of its own, with what it needs of all charts. */
export function alone(trial: ChartTrial, all: readonly ChartTrial[]): Batch {
  return batchOf([trial], all);
}

/** Puts trials together that do not disturb each other, at most one version of each chart. */
export function batchesOf(trials: readonly ChartTrial[], all: readonly ChartTrial[]): Batch[] {
  const shared: ChartTrial[][] = [];
  for (const trial of trials.filter(({ recipe }) => recipe.apart === undefined)) {
    const fitting = shared.find(
      (batch) => batch.length < perBatch && batch.every(({ chart }) => chart !== trial.chart),
    );
    if (fitting) fitting.push(trial);
    else shared.push([trial]);
  }
  const apart = trials.filter(({ recipe }) => recipe.apart !== undefined).map((trial) => [trial]);
  return [...shared, ...apart].map((judged) => batchOf(judged, all));
}

function batchOf(judged: readonly ChartTrial[], all: readonly ChartTrial[]): Batch {
  const names = new Set(judged.flatMap(({ recipe }) => recipe.needs ?? []));
  for (const { chart } of judged) names.delete(chart);
  // The newest stands first.
  return { judged, needed: [...names].flatMap((name) => all.find(({ chart }) => chart === name) ?? []) };
}
