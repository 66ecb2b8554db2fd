import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Budget, compose, type Section } from "./budget.ts";
import { counted } from "./view.ts";

function section(name: string, rank: number, texts: readonly string[]): Section {
  const items = texts.map((text) => ({ text, rank, unit: "line" }));
  return { opening: `<${name}>`, items, closing: "", ending: `</${name}>` };
}

const leftOut: Budget["leftOut"] = (counts) => `left out: ${counted(counts)}`;
const budget = (limit: number): Budget => ({ limit, size: (text) => text.length, leftOut });

describe("a document", () => {
  it("is whole where there is room", () => {
    expect(compose([section("a", 1, ["1", "2"]), section("b", 0, ["3"])], budget(2_000))).toBe(
      "<a>\n1\n2\n\n</a>\n\n<b>\n3\n\n</b>",
    );
  });

  it("gives up the last ranks first, from their end, and says so where it does", () => {
    const texts = Array.from({ length: 10 }, (_, index) => `${index}`.repeat(100));
    const text = compose([section("a", 1, texts), section("b", 0, texts)], budget(2_500));
    expect(text).toContain("9".repeat(100));
    expect(text).toMatch(/<a>\n0+\n1+\n[\s\S]*left out: \d lines\n\n<\/a>/);
    expect(text.slice(text.indexOf("<b>"))).not.toContain("left out");
  });

  it("is never larger than its budget, with everything closed", () => {
    const texts = fc.array(fc.string({ maxLength: 300 }), { maxLength: 30 });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), texts), { maxLength: 6 }), fc.nat(10_000), (parts, more) => {
        const sections = parts.map(([rank, lines], index) => section(`s${index}`, rank, lines));
        const limit = 3_000 + more;
        const text = compose(sections, budget(limit));
        expect(text.length).toBeLessThanOrEqual(limit);
        for (const { opening, ending } of sections) {
          expect(text).toContain(opening);
          expect(text).toContain(ending);
        }
      }),
    );
  });
});
