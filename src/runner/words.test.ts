import { expect, test } from "vitest";
import { countOf, someOf } from "./words.ts";

test("counts in English", () => {
  expect([0, 1, 2].map((count) => countOf(count, "object"))).toEqual(["0 objects", "1 object", "2 objects"]);
});

test("names some, and counts the rest", () => {
  expect(someOf(["a", "b"], 2)).toBe("a, b");
  expect(someOf(["a", "b", "c", "d"], 2)).toBe("a, b and 2 more");
  expect(someOf([])).toBe("");
});
