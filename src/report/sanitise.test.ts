import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forTerminal, oneLine } from "./sanitise.ts";

const esc = "\u001b";

describe("a text of unknown origin", () => {
  it.each([
    [`${esc}[31mred${esc}[0m`, "red"],
    [`${esc}[2J${esc}[1;1Hcleared`, "cleared"],
    [`${esc}]0;title\u0007x`, "x"],
    [`${esc}]8;;https://x.example${esc}\\link${esc}]8;;${esc}\\`, "link"],
    [`${esc}cx`, "x"],
    [`${esc}[?25lx`, "x"],
    ["a\rb", "a b"],
    ["a\u0008b\u0007c", "a b c"],
    ["a\u009b31mb", "a 31mb"],
    ["a\tb", "a b"],
    ["evil\u202egnp.exe", "evilgnp.exe"],
    ["a\u200bb\ufeff", "ab"],
    ["a\u00adb\u{e0041}c\u3164d", "abcd"],
    ["a\ud800b", "a\ufffdb"],
    ["línea ✓ 日本", "línea ✓ 日本"],
    ["one\ntwo", "one\ntwo"],
  ])("%j is printed as %j", (text, printed) => {
    expect(forTerminal(text)).toBe(printed);
  });

  it("leaves no escape behind, however it is nested or cut off", () => {
    const parts = [esc, "[", "]", "31m", "\u0007", "\\", "x", "\n", "\u009b"];
    // Every text of five of these parts: what remains of one sequence must not make another.
    for (let index = 0; index < parts.length ** 5; index++) {
      let text = "";
      for (let rest = index, place = 0; place < 5; place++, rest = Math.floor(rest / parts.length))
        text += parts[rest % parts.length];
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not remain
      if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(forTerminal(text)))
        expect(forTerminal(text), JSON.stringify(text)).toBe("");
    }
  });

  it("gives the runner of GitHub Actions no command", () => {
    expect(forTerminal("::add-mask::x\n  ::stop-commands::y")).toBe(": :add-mask::x\n  : :stop-commands::y");
    expect(forTerminal("x ##[error]y")).toBe("x ## [error]y");
    expect(forTerminal("std::string a::b")).toBe("std::string a::b");
  });
});

describe("a line of a log", () => {
  /** How actions/runner finds a command: ActionCommand.TryParseV2 and TryParse, but for what it knows of names. */
  function commandOf(line: string): string | undefined {
    const trimmed = line.replace(/^[\s\u0085]+/, "");
    const end = trimmed.startsWith("::") ? trimmed.indexOf("::", 2) : -1;
    if (end >= 0) return trimmed.slice(2, end);
    const start = line.indexOf("##[");
    return start >= 0 && line.indexOf("]", start) >= 0 ? line.slice(start + 3) : undefined;
  }

  const parts = [
    ...[
      "::",
      ":",
      "##[",
      "##",
      "#",
      "[",
      "]",
      "error",
      "add-mask",
      "stop-commands",
      " ",
      "\n",
      "\r",
      "\t",
      "x",
    ],
    ...[
      "\u0085",
      "\u2028",
      "\u00a0",
      "\u00ad",
      "\u200b",
      "\ufeff",
      "\u001b[0m",
      "\u001b]0;",
      "\u0007",
      "\u001b",
    ],
  ];
  const anything = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.array(fc.constantFrom(...parts), { maxLength: 12 }).map((some) => some.join("")),
    },
    fc.string({ unit: "binary", maxLength: 60 }),
  );

  it.each([
    ["of many", forTerminal],
    ["of one", oneLine],
  ])("%s is no command to the runner, whatever was in it", (_, sanitise) => {
    fc.assert(
      fc.property(anything, (text) => {
        for (const line of sanitise(text).split(/\r\n|\r|\n/)) expect(commandOf(line)).toBeUndefined();
      }),
      { numRuns: 3_000 },
    );
  });

  it("keeps what is harmless", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii" }), (text) => {
        fc.pre(!text.includes("::") && !text.includes("##["));
        expect(forTerminal(text)).toBe(text);
      }),
    );
  });

  it.each(["\n", " ", "\u2028", "\u001b]", "\u001b[", ":", "\t:"])("takes no time for many of %j", (text) => {
    const begun = performance.now();
    oneLine(text.repeat(100_000));
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});

it("fits on one line", () => {
  expect(oneLine(`  a\n\n b\r\n\u2028c ${esc}[0m `)).toBe("a b c");
});
