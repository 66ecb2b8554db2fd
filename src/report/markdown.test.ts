import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostile } from "./hostile-fixture.ts";
import { code, codeBlock, htmlCode, link, words } from "./markdown.ts";
import { madeOf, render } from "./render-fixture.ts";
import { visible } from "./sanitise.ts";

/** Texts of what means something, in any order, beside texts of anything. */
const fragments = [
  ...hostile,
  ..."`~*_[]()<>{}|\\!#$@:&-+=^.;/'\" \n\t1a".split(""),
  ...["```", "~~~", "$$", "$`", "`$", "@a", "#1", "GH-1", "http://a.b", "www.a.b", "a@b.co", "deadbeef"],
  ...[
    "<b>",
    "</code>",
    "<!--",
    "-->",
    "]]>",
    "<?x",
    "&#64;",
    "&amp;",
    "[^1]",
    "[a]: http://b",
    "* * *",
    "1. ",
  ],
  ...["> [!NOTE]", "| - |", "\u200b", "\u2028", "\u00a0", "é", "日本", "👩‍👩‍👧", ":+1:", "#", "@", ":"],
];
const anything = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(fc.constantFrom(...fragments), { maxLength: 8 }).map((some) => some.join("")),
  },
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ unit: "grapheme-ascii", maxLength: 60 }),
);
const runs = { numRuns: Number(process.env.PROPERTY_RUNS ?? 200) };

/** The text as it has to be read: seen, on one line. */
function oneLined(text: string): string {
  return visible(text).replace(/\s+/g, " ").trim();
}

const summary = {
  markdown: (text: string) => `<details>\n<summary>A ${text} Z</summary>\n\nx\n\n</details>`,
  elements: ["details", "summary", "p"],
};

/** In what each stands, what of it is an element, and how to read the text between what stands around it. */
const contexts: Record<string, { markdown: (text: string) => string; elements: string[] }> = {
  "a paragraph": { markdown: (text) => `A (${text}) Z`, elements: ["p"] },
  "a line of its own": { markdown: (text) => `AZ\n\n${text}\n`, elements: ["p", "p"] },
  "a list": { markdown: (text) => `- ${text}\n- AZ`, elements: ["ul", "li", "li"] },
  "a heading": { markdown: (text) => `### A ${text} Z`, elements: ["h3"] },
  "a quote": { markdown: (text) => `> A ${text} Z`, elements: ["blockquote", "p"] },
  emphasis: { markdown: (text) => `_A ${text} Z_`, elements: ["p", "em"] },
  "a table": {
    markdown: (text) => `| A | B |\n|---|---|\n| ${text} | Z |`,
    elements: ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"],
  },
  "a summary": summary,
};

describe("words", () => {
  it.each(Object.entries(contexts))(
    "in %s are read as they were given, and are nothing else",
    (_, context) => {
      fc.assert(
        fc.property(anything, (text) => {
          const rendered = render(context.markdown(words(text)));
          const own = rendered.elements.filter((name) => name !== "span");
          if (oneLined(text) !== "") expect(own, rendered.html).toEqual(context.elements);
          expect(rendered.text).toContain(oneLined(text));
          expect([...rendered.addresses, ...rendered.comments, ...madeOf(rendered)], rendered.html).toEqual(
            [],
          );
        }),
        runs,
      );
    },
  );

  it("stay as they are where nothing is meant by them", () => {
    const text = 'PreSync hook "migrate" failed: exit code 1 (2 of 3), at 10 % of 4/5; it\'s final.';
    expect(words(text)).toBe(text);
  });

  it.each([
    ["@octocat", "&#64;&#8203;octocat"],
    ["GH-12", "GH-&#8203;12"],
    ["in deadbeefdeadbeef", "in deadbe&#8203;efdead&#8203;beef"],
    ["a www.example.com", "a www&#8203;.example.com"],
    ["1. x", "&#49;. x"],
    ["a $ b", "a <span>$</span> b"],
  ])("%j are written %j", (text, markdown) => {
    // The same mention may be written with or without an entity; that it is parted is what counts.
    expect(words(text).replace("@", "&#64;")).toBe(markdown);
  });
});

describe("code", () => {
  it("in a line is read as it was given, and nothing else comes of it", () => {
    fc.assert(
      fc.property(anything, (text) => {
        const empty = oneLined(text) === "";
        for (const markdown of [
          `A ${code(text)} Z`,
          code(text),
          `- ${code(text)}`,
          link(code(text), "https://x"),
        ]) {
          const rendered = render(markdown);
          expect(rendered.elements.filter((name) => !["p", "ul", "li", "a"].includes(name))).toEqual(
            empty ? [] : ["code"],
          );
          expect(rendered.text).toContain(oneLined(text));
          expect(rendered.addresses.filter((address) => address !== "https://x")).toEqual([]);
          expect([...rendered.comments, ...madeOf(rendered)]).toEqual([]);
        }
      }),
      runs,
    );
  });

  it("in a summary likewise, between tags", () => {
    const { markdown, elements } = summary;
    fc.assert(
      fc.property(anything, (text) => {
        const rendered = render(markdown(htmlCode(text)));
        expect(rendered.elements.filter((element) => element !== "code")).toEqual(elements);
        expect(rendered.text).toContain(oneLined(text));
        expect([...rendered.addresses, ...rendered.comments, ...madeOf(rendered)]).toEqual([]);
      }),
      runs,
    );
  });

  it("in a block keeps its lines, whatever fences are in them", () => {
    fc.assert(
      fc.property(fc.array(anything, { minLength: 1, maxLength: 5 }), (lines) => {
        const block = codeBlock(lines);
        const rendered = render(["A", "", block.opening, ...block.lines, block.closing, "", "Z"].join("\n"));
        expect(rendered.elements).toEqual(["p", "pre", "code", "p"]);
        for (const line of lines)
          expect(rendered.text).toContain(
            visible(line)
              .replace(/[\n\u2028\u2029]/g, " ")
              .trimEnd(),
          );
        expect(rendered.text.split("\n")).toHaveLength(lines.length + 3);
      }),
      runs,
    );
  });
});
