import { describe, expect, test } from "vitest";
import { defineAction, flag, required, text } from "../../src/actions/definition.ts";
import { contractProblems } from "./contract.ts";
import type { ActionManifest } from "./manifest.ts";
import { withTables } from "./tables.ts";

const definition = defineAction({
  inputs: { path: text("."), needs: required(text()), logs: flag(true) },
  outputs: ["result"],
});

const manifest: ActionManifest = {
  name: "Rehearse",
  description: "Rehearses.",
  branding: { icon: "play", color: "orange" },
  inputs: {
    path: { description: "The folder.", default: "." },
    needs: { description: "All jobs | as JSON.", required: true },
    logs: { description: "Keep them.", default: "true" },
  },
  outputs: { result: { description: "How it ended." } },
  runs: { using: "node24", main: "../../dist/rehearse.js" },
};

const files = {
  lines: 5,
  hasPost: false,
  main: "../../dist/rehearse.js",
  post: "../../dist/rehearse-post.js",
};

describe("contractProblems", () => {
  test("finds nothing where all agree", () => {
    expect(contractProblems(manifest, definition, files)).toEqual([]);
  });

  test("compares names in both directions", () => {
    const { path, ...inputs } = manifest.inputs;
    const other = { ...manifest, inputs: { ...inputs, root: { description: "Another." } }, outputs: {} };
    expect(contractProblems(other, definition, files)).toEqual([
      "input root is not in the definition",
      "input path is in the definition alone",
      "output result is in the definition alone",
    ]);
  });

  test("compares defaults and what is required", () => {
    const inputs = {
      ...manifest.inputs,
      needs: { description: "All jobs." },
      logs: { description: "Keep them.", default: "false" },
    };
    expect(contractProblems({ ...manifest, inputs }, definition, files)).toEqual([
      "input needs: it is required by the definition alone",
      'input logs: its default is "false" there and "true" in the definition',
    ]);
  });

  test("wants the entries that are built, and main.ts short", () => {
    expect(contractProblems(manifest, definition, { ...files, lines: 41, hasPost: true })).toEqual([
      'runs.post is absent and has to be "../../dist/rehearse-post.js"',
      "main.ts has 41 lines, and 40 are allowed",
    ]);
  });
});

describe("withTables", () => {
  test("writes between the markers, and nothing else", () => {
    const readme =
      "# Mine\n\n<!-- inputs -->\nold\n<!-- /inputs -->\nrest\n<!-- outputs -->\n<!-- /outputs -->\nend\n";
    const written = withTables(readme, manifest, definition);
    expect(written).toContain("| `path` | The folder. | any text | `.` |");
    expect(written).toContain("| `needs` | All jobs \\| as JSON. | any text | required |");
    expect(written).toContain("| `result` | How it ended. |");
    expect(written).not.toContain("\nold\n");
    expect(written.startsWith("# Mine\n\n<!-- inputs -->\n")).toBe(true);
    expect(written.endsWith("<!-- /outputs -->\nend\n")).toBe(true);
    expect(withTables(written, manifest, definition)).toBe(written);
  });

  test("starts a README that is not there", () => {
    const written = withTables("", manifest, definition);
    expect(written).toContain("# Rehearse\n\nRehearses.\n\n## Inputs\n");
    expect(withTables(written, manifest, definition)).toBe(written);
  });
});
