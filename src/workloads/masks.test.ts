import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { createMasks } from "./masks.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** How programs print a value, each written down anew here. */
const encodings: Record<string, (value: string) => string> = {
  "as it is": (value) => value,
  JSON: (value) => JSON.stringify({ value }),
  "JSON within JSON": (value) => JSON.stringify(JSON.stringify({ value })),
  "JSON as Go has it": (value) =>
    JSON.stringify(value).replaceAll("<", "\\u003c").replaceAll(">", "\\u003e").replaceAll("&", "\\u0026"),
  base64,
  "base64 with a line's end": (value) => base64(`${value}\n`),
  "base64 without padding": (value) => base64(value).replaceAll("=", ""),
  base64url: (value) => Buffer.from(value).toString("base64url"),
  "base64 of base64": (value) => base64(base64(value)),
  "wrapped base64": (value) => base64(value).replace(/.{76}/g, "$&\n"),
  "base64 with a user": (value) => base64(`me:${value}`),
  "base64 within more": (value) => base64(`{"a":"${value}"}`),
  "base64 two further": (value) => base64(`xy${value}z`),
  URL: encodeURIComponent,
  form: (value) => new URLSearchParams({ value }).toString(),
  hexadecimal: (value) => Buffer.from(value).toString("hex"),
  "Go's bytes": (value) => `[${[...Buffer.from(value)].join(" ")}]`,
  YAML: (value) => stringify({ value }),
  "folded YAML": (value) => stringify({ value }, { lineWidth: 24, defaultStringType: "BLOCK_FOLDED" }),
  "quoted YAML": (value) => stringify({ value }, { defaultStringType: "QUOTE_SINGLE", lineWidth: 0 }),
  "one line": (value) => value.replace(/\s+/g, " "),
  "line by line": (value) =>
    value
      .split("\n")
      .map((line) => `| ${line}`)
      .join("\n"),
};

/** Printable, with all that has to be escaped somewhere. */
const letters = "abcdefgzABCZ0189 \n\t\"'\\/<>&%+=-_.:;,{}[]()$#@!?äß€";
const value = fc
  .array(fc.constantFrom(...letters), { minLength: 6, maxLength: 120 })
  .map((chars) => chars.join("").trim())
  .filter((text) => text.replace(/\s+/g, " ").length >= 6);
/** Of letters that stand in no value, and in no encoding of one. */
const around = fc.array(fc.constantFrom("ж", "щ", "ю"), { maxLength: 12 }).map((chars) => chars.join(""));

/** Six letters of it that stand together, wherever white space runs are one blank. */
function survivor(secret: string, text: string): string | undefined {
  for (const line of secret.split("\n").map((one) => one.replace(/\s+/g, " ").trim()))
    for (let at = 0; at + 6 <= line.length; at++)
      if (text.replace(/\s+/g, " ").includes(line.slice(at, at + 6))) return line.slice(at, at + 6);
  return undefined;
}

describe("masks", () => {
  it.each(Object.entries(encodings))("hide every value in any message: %s", (_, encode) => {
    fc.assert(
      fc.property(value, around, around, (secret, before, after) => {
        const masks = createMasks();
        masks.hide(secret);
        const shown = encode(secret);
        const text = masks.apply(`${before} ${shown} ${after}`);
        const lines = secret.split("\n").filter((line) => line.trim().length >= 6);
        if (lines.length > 0) expect(text).not.toContain(shown.trim());
        expect(survivor(secret, text)).toBeUndefined();
        expect(text.startsWith(before)).toBe(true);
        expect(text.endsWith(after)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("hide every one of several values, also where they overlap", () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 2, maxLength: 6 }), (secrets) => {
        const masks = createMasks();
        for (const secret of secrets) masks.hide(secret);
        const text = masks.apply(secrets.join("ж"));
        for (const secret of secrets) expect(survivor(secret, text)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
    const masks = createMasks();
    for (const secret of ["abcdefgh", "efghijklmn"]) masks.hide(secret);
    expect(masks.apply("1 abcdefghijklmn 2")).toBe("1 [redacted] 2");
  });

  const masks = createMasks();
  masks.hide("correct-horse-battery");
  it.each([
    ["cut at the end: correct-horse-b…", "cut at the end: [redacted]…"],
    ["cut at the end: correct-horse-b ...", "cut at the end: [redacted] ..."],
    ["at the end of the text: correct-hor", "at the end of the text: [redacted]"],
    ["…horse-battery, cut before", "…[redacted], cut before"],
    ['byte of ...|"a":"correct-h|..., bigger', 'byte of ...|"a":"[redacted]|..., bigger'],
    ["byte of ...|ect-horse|..., bigger", "byte of ...|[redacted]|..., bigger"],
    ["correct-ly said, and no battery", "correct-ly said, and no battery"],
  ])("know a value that is cut: %s", (text, shown) => expect(masks.apply(text)).toBe(shown));

  it("hide a file of thousands of lines, line by line", () => {
    const file = Array.from({ length: 20_000 }, (_, index) => `  line "${index}" of a large file`).join("\n");
    const of = createMasks();
    of.hide(file);
    expect(of.apply('a line "17" of a large file b')).toBe("a [redacted] b");
    expect(of.apply(JSON.stringify({ a: 'line "17" of a large file' }))).toBe('{"a":"[redacted]"}');
    expect(of.apply(`a ${base64(file.trim())} b`)).toMatch(/^a \[redacted\]=* b$/);
  });

  it("are fast on much text and many values", () => {
    const many = createMasks();
    for (let index = 0; index < 500; index++) many.hide(`secret-number-${index}-${"x".repeat(index % 50)}`);
    const text = "I0101 00:00:00.000000 1 handler.go:1] GET /api/v1/pods … 200\n".repeat(50_000);
    const start = performance.now();
    expect(many.apply(text)).toBe(text);
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
