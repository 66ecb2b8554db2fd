import { expect, test } from "vitest";
import { isRange, resolveVersion } from "./version-range.ts";

const versions = ["1.0.0", "1.2.0", "1.2.9", "2.0.0", "2.1.0-rc.1", "v3.0.0", "v3.1.4", "nightly"];

test.each([
  ["1.2.0", "1.2.0"],
  ["v1.2.0", "1.2.0"],
  ["3.1.4", "v3.1.4"],
  ["1.x", "1.2.9"],
  ["~1.2.0", "1.2.9"],
  ["^1", "1.2.9"],
  [">=1, <2", "1.2.9"],
  [">=1 <2 || 2.x", "2.0.0"],
  [">=1.0.0, <2, !=1.2.9", "1.2.0"],
  ["2.1.0-rc.1", "2.1.0-rc.1"],
  [">=2.1.0-rc.0 <3", "2.1.0-rc.1"],
  ["*", "v3.1.4"],
  [undefined, "v3.1.4"],
  ["nightly", "nightly"],
  ["4.x", undefined],
  ["main", undefined],
])("%s is %s", (written, version) => {
  expect(resolveVersion(written, versions)).toBe(version);
});

test("only what is no version is a range", () => {
  expect(["1.2.3", "v1.2.3", "1.2.3-rc.1"].map(isRange)).toEqual([false, false, false]);
  expect(["1.2", "1.x", "^1.2.3", "main"].map(isRange)).toEqual([true, true, true, true]);
});
