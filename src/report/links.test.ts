import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { linksOf } from "./links.ts";
import { context } from "./report-fixture.ts";

const head = context.head ?? "";
const links = linksOf(context);
const top = `https://github.com/gitops-rehearsal/homelab/blob/${head}/`;

describe("a link to a place", () => {
  it.each([
    [{ file: "a/b.yaml", line: 3 }, "a/b.yaml#L3"],
    [{ file: "a b/c#d?e%2f.yaml" }, "a%20b/c%23d%3Fe%252f.yaml"],
    [{ file: "a(b)'c'!*[d]|`e`.yaml" }, "a%28b%29%27c%27!%2A%5Bd%5D%7C%60e%60.yaml"],
    [{ file: "日本/ü.yaml" }, "%E6%97%A5%E6%9C%AC/%C3%BC.yaml"],
  ])("%j leads to %s", (place, path) => expect(links.toPlace(place)).toBe(`${top}${path}`));

  it.each(["../x", "a/../../x", "/x", "a//b", ".", "a/./b", "", "a/.. /b", "\ud800"])(
    "that leaves the repository or is none is none: %j",
    (file) => expect(links.toPlace({ file })).toBeUndefined(),
  );

  it("stays in the repository at the head, whatever the path", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (file) => {
        const url = links.toPlace({ file, line: 1 });
        if (url === undefined) return;
        expect(new URL(url).href.startsWith(top), url).toBe(true);
        expect(url).toMatch(/^[\w!#$%&+,./:;=?@~-]+$/);
      }),
    );
  });

  it("is of an Enterprise Server where the report is", () => {
    const own = linksOf({ ...context, serverUrl: "https://git.example.com:8443/" });
    expect(own.toPlace({ file: "a" })).toBe(
      `https://git.example.com:8443/gitops-rehearsal/homelab/blob/${head}/a`,
    );
  });

  it("is none without a full SHA, or to what is no web address", () => {
    for (const wrong of [{ head: undefined }, { head: "main" }, { serverUrl: "javascript:alert(1)//" }])
      expect(linksOf({ ...context, ...wrong }).toPlace({ file: "a" })).toBeUndefined();
    expect(linksOf({ ...context, runUrl: "javascript:alert(1)" }).run).toBeUndefined();
    expect(links.toCommit("main")).toBeUndefined();
  });
});
