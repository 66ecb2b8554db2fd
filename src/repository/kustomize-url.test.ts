import { expect, test } from "vitest";
import { parseKustomizeUrl } from "./kustomize-url.ts";

test.each([
  ["https://github.com/org/repo//path/to?ref=v1", "https://github.com/org/repo", "path/to", "v1"],
  ["https://github.com/org/repo/path/to?ref=v1&timeout=90s", "https://github.com/org/repo", "path/to", "v1"],
  ["github.com/org/repo/config/default/?version=v2", "https://github.com/org/repo", "config/default", "v2"],
  ["https://git.example.org/a/b/c.git/deploy", "https://git.example.org/a/b/c.git", "deploy", undefined],
  ["git::https://github.com/org/repo?ref=main", "https://github.com/org/repo", "", "main"],
  ["https://dev.azure.com/o/p/_git/repo/k8s", "https://dev.azure.com/o/p/_git/repo", "k8s", undefined],
  ["git@github.com:org/repo.git", "git@github.com:org/repo.git", "", undefined],
  ["ssh://git@git.example.org/org/repo//base?ref=x", "ssh://git@git.example.org/org/repo", "base", "x"],
  // A ref tells it from a file, whatever it is called.
  ["https://github.com/org/repo/a.yaml?ref=v1", "https://github.com/org/repo", "a.yaml", "v1"],
])("%s is a repository", (entry, url, folder, ref) => {
  expect(parseKustomizeUrl(entry)).toEqual({ kind: "git", url, folder, ref });
});

test.each([
  "https://raw.githubusercontent.com/org/repo/v1/crd.yaml",
  "https://github.com/org/repo/releases/download/v1/install.yaml",
])("%s is a file", (entry) => {
  expect(parseKustomizeUrl(entry)).toEqual({ kind: "file", url: entry });
});

test.each(["../base", "deployment.yaml", "charts/github.com", "a/b@c.yaml"])("%s is a path", (entry) => {
  expect(parseKustomizeUrl(entry)).toBeUndefined();
});
