import { expect, test } from "vitest";
import { either, nearest } from "./nearest.ts";

test("names that a slip of the hand may have meant, the closest first", () => {
  const keys = ["timeout", "toolchain", "settle", "roots"];
  expect(nearest("timout", keys)).toEqual(["timeout"]);
  expect(nearest("tiemout", keys)).toEqual(["timeout"]);
  expect(nearest("Roots", keys)).toEqual(["roots"]);
  expect(nearest("root", ["roots", "rooms", "egress"])).toEqual(["roots", "rooms"]);
  expect(nearest("nothing-like-it", keys)).toEqual([]);
});

test("either", () => {
  expect([either([]), either(["a"]), either(["a", "b"]), either(["a", "b", "c"])]).toEqual([
    "",
    "a",
    "a or b",
    "a, b or c",
  ]);
});
