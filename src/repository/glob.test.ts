import { expect, test } from "vitest";
import { matchesGlob } from "./glob.ts";

test.each([
  ["apps/*", "apps/blog", true],
  ["apps/*", "apps/blog/base", false],
  ["apps/*", "apps", false],
  ["apps/**", "apps/blog/base", true],
  ["**/config.yaml", "config.yaml", true],
  ["**/config.yaml", "a/b/config.yaml", true],
  ["apps/?ne", "apps/one", true],
  ["apps/[ab]*", "apps/blog", true],
  ["apps/[!ab]*", "apps/blog", false],
  ["apps/{blog,wiki}", "apps/wiki", true],
  ["apps/{blog,wiki}", "apps/shop", false],
  ["a.b", "axb", false],
  ["a\\*b", "a*b", true],
  ["a\\*b", "axb", false],
  ["[", "[", true],
])("within folders, %s against %s: %s", (pattern, path, matches) => {
  expect(matchesGlob(pattern, path, { star: "within-folder" })).toBe(matches);
});

test.each([
  ["*.yaml", "a/b.yaml", true],
  ["{a,b}.yaml", "b.yaml", true],
  ["*/skip/*", "x/skip/y/z.yaml", true],
])("anywhere, %s against %s: %s", (pattern, path, matches) => {
  expect(matchesGlob(pattern, path, { star: "anything" })).toBe(matches);
});
