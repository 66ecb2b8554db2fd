import { dirname, join } from "node:path/posix";
import type { FilePlace } from "./locate.ts";
import { objectsIn } from "./manifests.ts";
import { readSources, type Source } from "./sources.ts";
import type { Tree } from "./tree.ts";
import { isMapping, mapping, mappings, text } from "./untyped.ts";
import { parseYaml, parseYamlFile, splitDocuments } from "./yaml-documents.ts";

/** What a template of a Helm chart in Git says of the Applications that it makes. */
export interface TemplatedSources {
  /** Those whose repository, chart and revision stand in it, or in the chart's own values. */
  sources: readonly { source: Source; place: FilePlace; name: string | undefined }[];
  /** Where only the rendering tells. */
  unknown: readonly FilePlace[];
}

/** In place of what only Helm knows. No URL, chart or version holds it. */
const hole = "__templated__";
const lookup = /^\{\{-?\s*\.Values\.([\w.]+)\s*(?:\|\s*(?:quote|squote|toString|trim)\s*)*-?\}\}$/;

/** Reads a template without rendering it: what is not literal and no plain value of the chart stays unknown. */
export async function templatedSources(file: string, tree: Tree): Promise<TemplatedSources> {
  const chart = chartFolder(file, tree);
  const values = mapping(parseYamlFile((await tree.read(join(chart, "values.yaml"))) ?? "")[0]?.value);
  const content = fill((await tree.read(file)) ?? "", values);
  const sources: { source: Source; place: FilePlace; name: string | undefined }[] = [];
  const unknown: FilePlace[] = [];
  for (const document of splitDocuments(content)) {
    if (!/\bargoproj\.io\//.test(document.text)) continue;
    const parsed = parseYaml(document);
    if (parsed.errors.length > 0) unknown.push({ file, line: document.firstLine });
    for (const { object, line } of objectsIn(parsed)) {
      const place = { file, line };
      const spec = mapping(object.spec);
      const isSet = object.kind === "ApplicationSet";
      if (!isSet && object.kind !== "Application") continue;
      const read = readSources(isSet ? mapping(mapping(spec.template).spec) : spec);
      const name = text(mapping(object.metadata).name);
      for (const source of read) {
        const literal = isLiteral(source, isSet);
        if (literal) sources.push({ source, place, name: name?.includes(hole) ? undefined : name });
        else unknown.push(place);
      }
      if (read.length === 0) unknown.push(place);
    }
  }
  return { sources, unknown };
}

/** Keeps the lines: a control structure that has one of its own leaves it empty. */
function fill(template: string, values: Record<string, unknown>): string {
  return template
    .replace(
      /^[ \t]*\{\{-?\s*(?:\/\*[\s\S]*?\*\/|if|else|end|range|with|define|include|template|block|\$\w+\s*:?=)[\s\S]*?\}\}[ \t]*$/gm,
      (control) => "\n".repeat(control.split("\n").length - 1),
    )
    .replace(/\{\{[\s\S]*?\}\}/g, (placeholder) => {
      const path = lookup.exec(placeholder)?.[1];
      const value = path === undefined ? undefined : text(at(values, path.split(".")));
      return value ?? hole;
    });
}

function at(values: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isMapping(inner) ? inner[key] : undefined), values);
}

/** The path may be unknown where the chart, or the revision, says all that is fetched. */
function isLiteral(source: Source, isSet: boolean): boolean {
  const parts = [source.repoURL, source.chart ?? "", source.targetRevision ?? ""];
  const helm = mapping(source.helm);
  const files = mappings([helm]).flatMap(({ valueFiles }) => (Array.isArray(valueFiles) ? valueFiles : []));
  return ![...parts, ...files.map(String)].some(
    (part) => part.includes(hole) || (isSet && part.includes("{{")),
  );
}

/** The folder of the chart that a template belongs to; of the innermost, where charts are nested. */
function chartFolder(file: string, tree: Tree): string {
  for (let folder = dirname(file); folder !== "."; folder = dirname(folder)) {
    if (tree.hasFile(join(folder, "Chart.yaml"))) return folder;
  }
  return "";
}
