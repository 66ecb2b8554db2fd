import { expect, test } from "vitest";
import { replaceSshUrls } from "./ssh-urls.ts";

const urls = ["https://github.com/o/r", "https://git.lan:8443/team/lab"];

test.each([
  ["repoURL: git@github.com:o/r.git", "repoURL: https://github.com/o/r.git"],
  ["repoURL: git@github.com:o/r", "repoURL: https://github.com/o/r"],
  ['"git@GitHub.com:O/R.git",', '"https://github.com/o/r.git",'],
  ["ssh://git@github.com/o/r.git/", "https://github.com/o/r.git"],
  ["[ssh://git@github.com:22/o/r]", "[https://github.com/o/r]"],
  ["ssh://github.com/o/r", "https://github.com/o/r"],
  ["ssh://git@git.lan:2222/team/lab.git", "https://git.lan:8443/team/lab.git"],
  ["git@github.com:o/r.git//base?ref=main", "https://github.com/o/r.git//base?ref=main"],
  ["ssh://git@github.com/o/r//base?ref=v1", "https://github.com/o/r//base?ref=v1"],
  ["git::git@github.com:o/r.git", "git::https://github.com/o/r.git"],
])("%s becomes %s", (text, expected) => {
  expect(replaceSshUrls(text, urls)).toBe(expected);
});

test.each([
  "git@github.com:o/r2.git",
  "git@github.com:o/r.git2",
  "git@github.com:o/r/sub",
  "git@github.com:other/o/r.git",
  "git@gitlab.com:o/r.git",
  "git@github.com:o/*",
  "https://git@github.com/o/r.git",
  "someone@example.com: o/r",
  "xgit@github.com.evil:o/r",
])("%s stays", (text) => {
  expect(replaceSshUrls(text, urls)).toBe(text);
});
