import type { ActionDefinition } from "../../src/actions/definition.ts";
import type { ActionManifest } from "./manifest.ts";

/**
 * The README of an action with its tables of inputs and outputs up to date. They stand between markers
 * (`<!-- inputs -->`, `<!-- /inputs -->`); a README that has none gets them at its end.
 */
export function withTables(readme: string, manifest: ActionManifest, definition: ActionDefinition): string {
  const start = readme.trim() === "" ? `# ${manifest.name}\n\n${manifest.description}\n` : readme;
  const withInputs = between(start, "inputs", inputTable(manifest, definition));
  return between(withInputs, "outputs", outputTable(manifest));
}

function inputTable(manifest: ActionManifest, definition: ActionDefinition): string {
  const rows = Object.entries(manifest.inputs).map(([name, input]) => [
    `\`${name}\``,
    input.description,
    definition.inputs[name]?.accepts ?? "",
    input.required ? "required" : input.default === undefined ? "" : `\`${input.default}\``,
  ]);
  return rows.length === 0 ? "No inputs." : table(["Input", "What it does", "Accepts", "Default"], rows);
}

function outputTable(manifest: ActionManifest): string {
  const rows = Object.entries(manifest.outputs).map(([name, output]) => [`\`${name}\``, output.description]);
  return rows.length === 0 ? "No outputs." : table(["Output", "What it says"], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function between(text: string, name: string, content: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const block = `${open}\n\n${content}\n\n${close}`;
  const start = text.indexOf(open);
  const end = text.indexOf(close, start);
  if (start < 0 || end < 0)
    return `${text.trimEnd()}\n\n## ${name === "inputs" ? "Inputs" : "Outputs"}\n\n${block}\n`;
  return text.slice(0, start) + block + text.slice(end + close.length);
}
