import { describe, expect, it } from "vitest";
import { UsageError } from "../../runner/errors.ts";
import { waiverExpression } from "./waivers.ts";

describe("the expression of waivers", () => {
  it.each([
    ["monitoring/node-exporter", "monitoring/node-exporter", true],
    ["monitoring/node-exporter", "monitoring/node-exporter-2", false],
    ["monitoring/node-exporter", "my-monitoring/node-exporter", false],
    ["*/node-exporter", "anywhere/node-exporter", true],
    ["monitoring/*", "monitoring/anything", true],
    ["monitoring/*", "monitoring/../other/x", false],
    ["a.b/c", "axb/c", false],
  ])("%s and %s: %s", (waiver, name, matches) =>
    expect(new RegExp(waiverExpression(["other/one", waiver]) ?? "").test(name)).toBe(matches),
  );

  it("is none of no waivers", () => expect(waiverExpression([])).toBeUndefined());

  it.each(["x", "a/b/c", 'a/b") || ("', "a/(b)", "/b", "a/"])("is none of %s", (text) =>
    expect(() => waiverExpression([text])).toThrow(UsageError),
  );
});
