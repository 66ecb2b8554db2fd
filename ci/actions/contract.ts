import type { ActionDefinition } from "../../src/actions/definition.ts";
import type { ActionManifest } from "./manifest.ts";

/** Which of its files an action has, and where its bundles lie from its folder. */
export interface ActionFiles {
  /** Of `main.ts`. */
  lines: number;
  hasPost: boolean;
  main: string;
  post: string;
}

const mostLines = 40;

/** Where an `action.yml`, the definition behind it, and its files say different things. */
export function contractProblems(
  manifest: ActionManifest,
  definition: ActionDefinition,
  files: ActionFiles,
): string[] {
  return [
    ...inputProblems(manifest, definition),
    ...difference(Object.keys(manifest.outputs), definition.outputs).map((one) => `output ${one}`),
    ...entryProblems(manifest, files),
  ];
}

function inputProblems(manifest: ActionManifest, definition: ActionDefinition): string[] {
  const missing = difference(Object.keys(manifest.inputs), Object.keys(definition.inputs));
  const different = Object.entries(definition.inputs).flatMap(([name, defined]) => {
    const declared = manifest.inputs[name];
    if (declared === undefined) return [];
    return [
      ...(declared.default === defined.default
        ? []
        : [
            `${name}: its default is ${show(declared.default)} there and ${show(defined.default)} in the definition`,
          ]),
      ...((declared.required ?? false) === defined.required
        ? []
        : [`${name}: it is ${defined.required ? "" : "not "}required by the definition alone`]),
    ];
  });
  return [...missing, ...different].map((one) => `input ${one}`);
}

function entryProblems({ runs }: ActionManifest, files: ActionFiles): string[] {
  return [
    ...(runs.main === files.main ? [] : [`runs.main is ${runs.main} and has to be ${files.main}`]),
    ...(runs.post === (files.hasPost ? files.post : undefined)
      ? []
      : [`runs.post is ${show(runs.post)} and has to be ${show(files.hasPost ? files.post : undefined)}`]),
    ...(files.lines <= mostLines ? [] : [`main.ts has ${files.lines} lines, and ${mostLines} are allowed`]),
  ];
}

function difference(declared: readonly string[], defined: readonly string[]): string[] {
  return [
    ...declared.filter((name) => !defined.includes(name)).map((name) => `${name} is not in the definition`),
    ...defined.filter((name) => !declared.includes(name)).map((name) => `${name} is in the definition alone`),
  ];
}

function show(text: string | undefined): string {
  return text === undefined ? "absent" : JSON.stringify(text);
}
