import { expect, test } from "vitest";
import { vendorNotes } from "./vendor-notes.ts";

const index = "index of https://charts.example/stable";

test("where upstream failed, what the cache stood in for is named with why", () => {
  const served = [
    { what: index, from: "cache", why: "it answers 503", count: 2 },
    { what: "app 1.2.3", from: "cache", count: 1 },
    { what: "other 1.2.3", from: "upstream", count: 1 },
  ] as const;
  expect(vendorNotes(served, { offline: false })).toEqual([
    `Other hosts failed, and the cache had to do; newer versions could not be seen: ${index} (it answers 503).`,
  ]);
  expect(vendorNotes(served.slice(1), { offline: false })).toEqual([]);
});

test("offline, that nobody was asked", () => {
  expect(vendorNotes([{ what: index, from: "cache", count: 2 }], { offline: true })).toEqual([
    "Rehearsed offline: no other host was asked for anything, and 1 thing of theirs came from the cache.",
  ]);
});
