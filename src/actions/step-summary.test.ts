import { describe, expect, test } from "vitest";
import { fitting } from "./step-summary.ts";

describe("fitting", () => {
  test("leaves alone what fits", () => {
    expect(fitting("one\ntwo\n", 8)).toBe("one\ntwo\n");
  });

  test("cuts at a line, counts bytes, and says so", () => {
    const text = "ä".repeat(30).concat("\n").repeat(10);
    const cut = fitting(text, 200);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(200);
    expect(cut).toBe(`${"ä".repeat(30)}\n${"ä".repeat(30)}\n\n_The rest did not fit._\n`);
  });

  test("adds nothing where there is no room", () => {
    expect(fitting("x".repeat(50), 10)).toBe("");
  });
});
