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

it("fits on one line", () => {
  expect(oneLine(`  a\n\n b\r\n\u2028c ${esc}[0m `)).toBe("a b c");
});
