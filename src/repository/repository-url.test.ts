import { describe, expect, test } from "vitest";
import { httpsUrlOf, parseRepositoryUrl, sameRepository } from "./repository-url.ts";

describe("httpsUrlOf", () => {
  test.each([
    ["git@github.com:o/r.git", "https://github.com/o/r"],
    ["ssh://git@github.com/o/r.git", "https://github.com/o/r"],
    ["ssh://git@git.example.com:2222/o/r", "https://git.example.com/o/r"],
    ["git+ssh://git@github.com/o/r", "https://github.com/o/r"],
    ["ssh://git@ssh.github.com:443/o/r.git", "https://github.com/o/r"],
    ["git@ssh.dev.azure.com:v3/org/project/repo", "https://dev.azure.com/org/project/_git/repo"],
    ["https://user:token@GitHub.com/O/R.git/", "https://github.com/O/R"],
    ["https://git.example.com:8443/group/sub/r", "https://git.example.com:8443/group/sub/r"],
    ["https://github.com:443/o/r", "https://github.com/o/r"],
    ["http://gitea.lan:3000/o/r.git", "http://gitea.lan:3000/o/r"],
    ["git://example.com/o/r", "https://example.com/o/r"],
    ["git@[fd00::1]:o/r.git", "https://[fd00::1]/o/r"],
    ["  https://github.com/o/r \n", "https://github.com/o/r"],
  ])("%s is %s", (url, expected) => {
    expect(httpsUrlOf(url)).toBe(expected);
  });

  test.each(["/srv/git/r.git", "../r", "file:///srv/r.git", "C:\\repos\\r", "https://github.com", ""])(
    "%s has none",
    (url) => {
      expect(httpsUrlOf(url)).toBeUndefined();
    },
  );
});

describe("sameRepository", () => {
  test.each([
    "https://github.com/o/r",
    "https://github.com/o/r.git",
    "https://github.com/o/r/",
    "https://github.com/o/r.git/",
    "https://GITHUB.com/O/R.GIT",
    "https://user@github.com/o/r",
    "http://github.com/o/r",
    "git@github.com:o/r.git",
    "github.com:o/r",
    "ssh://git@github.com:22/o/r",
    "https://github.com/%6F/r",
  ])("%s is https://github.com/o/r", (url) => {
    expect(sameRepository(url, "https://github.com/o/r")).toBe(true);
    expect(sameRepository("https://github.com/o/r", url)).toBe(true);
  });

  test.each([
    "https://github.com/o/r2",
    "https://github.com/o/r.git2",
    "https://github.com/o",
    "https://github.com/o/r/x",
    "https://gitlab.com/o/r",
    "https://github.com:8443/o/r",
    "/o/r",
  ])("%s is not", (url) => {
    expect(sameRepository(url, "https://github.com/o/r")).toBe(false);
  });

  test("an ssh port says nothing about the https port", () => {
    expect(sameRepository("ssh://git@git.lan:2222/o/r", "https://git.lan:8443/o/r")).toBe(true);
  });

  test("local paths are compared as paths", () => {
    expect(sameRepository("file:///srv/r.git", "/srv/r/")).toBe(true);
    expect(sameRepository("/srv/r", "/srv/other")).toBe(false);
  });
});

test("a port that is the scheme's own is none", () => {
  expect(parseRepositoryUrl("ssh://git@host:22/r")?.port).toBeUndefined();
  expect(parseRepositoryUrl("ssh://git@host:23/r")?.port).toBe(23);
});
