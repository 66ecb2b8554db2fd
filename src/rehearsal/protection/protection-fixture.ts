import { expect, test } from "vitest";
import type { World } from "../../mirror/world.ts";
import { emptyConfig } from "../../repository/config.ts";
import { memoryTree } from "../../repository/memory-tree-fixture.ts";
import type { ProtectedSetting } from "../../repository/protected-settings.ts";
import { ownUrl } from "../../repository/tree-fixture.ts";
import type { ConfigFrom } from "../request.ts";
import { type Guarded, guardSettings } from "./guard.ts";

export type Files = Record<string, string>;

/** What the guard says of a change between two trees. */
export async function guard(
  before: Files,
  after: Files,
  { allow = [], from = "base" }: { allow?: ProtectedSetting[]; from?: ConfigFrom } = {},
): Promise<Guarded> {
  const world = { urls: [ownUrl] } as unknown as World;
  return guardSettings(
    { world, base: memoryTree(before), merged: memoryTree(after) },
    { config: { ...emptyConfig(), allow }, configFrom: from },
  );
}

/** The names of what a change weakens. */
export async function settingsOf(before: Files, after: Files): Promise<string[]> {
  const { weakened } = await guard(before, after);
  return [...new Set(weakened.map(({ setting }) => setting))].toSorted();
}

export const valuesFile = "infrastructure/argocd/values.yaml";
export const configMap = (name: string, data: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata:\n${data.replace(/^/gm, "  ")}\n`;
export const project = (spec: string) =>
  `apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: apps}\nspec:\n${spec.replace(/^/gm, "  ")}\n`;

export interface Row {
  name: string;
  setting: ProtectedSetting;
  /** Of the safer side, and the weaker. */
  safe: string;
  weak: string;
}

/** Each is red from `safe` to `weak`, and passes from `weak` to `safe`. */
export function bothWays(file: string, rows: readonly Row[]): void {
  test.each(rows)("$setting: $name", async ({ setting, safe, weak }) => {
    expect(await settingsOf({ [file]: safe }, { [file]: weak })).toEqual([setting]);
    expect(await settingsOf({ [file]: weak }, { [file]: safe })).toEqual([]);
  });
}
