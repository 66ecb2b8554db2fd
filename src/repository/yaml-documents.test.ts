import { describe, expect, test } from "vitest";
import { parseYamlFile, splitDocuments } from "./yaml-documents.ts";

describe("splitDocuments", () => {
  test("keeps the line on which each document starts", () => {
    const file = "# licence\n---\na: 1\n---\n# only a comment\n--- # named\nb: 2\n";
    expect(splitDocuments(file)).toEqual([
      { text: "a: 1\n", firstLine: 3 },
      { text: "b: 2\n", firstLine: 7 },
    ]);
  });

  test("keeps content on the marker's line, and CRLF", () => {
    expect(splitDocuments("--- {a: 1}\r\n---\r\nb: 2\r\n")).toEqual([
      { text: " {a: 1}\r\n", firstLine: 1 },
      { text: "b: 2\r\n", firstLine: 3 },
    ]);
  });

  test("leaves dashes within a document alone", () => {
    const file = "a: |\n  ---\n  text\nb: ---x\n----: 1\n";
    expect(splitDocuments(file)).toEqual([{ text: file, firstLine: 1 }]);
  });
});

describe("parseYamlFile", () => {
  test("says where a document is broken, counted from the top of the file", () => {
    const [fine, tabs, twice] = parseYamlFile("a: 1\n---\nb:\n\tc: 1\n---\nx: 1\ny: 2\nx: 3\n");
    expect(fine?.value).toEqual({ a: 1 });
    expect(tabs?.errors[0]).toEqual({ line: 4, message: "Tabs are not allowed as indentation" });
    expect(twice?.errors).toEqual([{ line: 8, message: "the key x stands twice in one mapping" }]);
    expect(twice?.value).toBeUndefined();
  });

  test("refuses an unquoted template and an alias without its anchor", () => {
    expect(parseYamlFile("a: {{ .Values.x }}\n")[0]?.errors[0]?.line).toBe(1);
    expect(parseYamlFile("a: *nothing\n")[0]?.errors).toHaveLength(1);
  });

  test("merges, and reads the booleans of YAML 1.1 as Kubernetes does", () => {
    const [document] = parseYamlFile("base: &b {recurse: yes}\nuse: {<<: *b}\ntext: 'yes'\n");
    expect(document?.value).toEqual({ base: { recurse: true }, use: { recurse: true }, text: "yes" });
  });

  test("does not let aliases explode", () => {
    const levels = [..."bcdefghi"].map((name, index) => {
      const before = "abcdefgh"[index];
      return `${name}: &${name} [${Array(9).fill(`*${before}`).join(", ")}]`;
    });
    const [document] = parseYamlFile(`a: &a [x, x, x, x, x, x, x, x, x]\n${levels.join("\n")}\n`);
    expect(document?.value).toBeUndefined();
    expect(document?.errors[0]?.message).toMatch(/alias/i);
  });
});
