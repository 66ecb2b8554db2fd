import type { ActionDefinition } from "./definition.ts";

/** Credentials of the job, and the files by which a process changes the environment of later steps. */
const ofTheJob = [
  "ACTIONS_RUNTIME_TOKEN",
  "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
  "ACTIONS_ID_TOKEN_REQUEST_URL",
  "GITHUB_ENV",
  "GITHUB_PATH",
] as const;

/** Takes out of `process.env` what no subprocess needs, as those handle what a pull request wrote. */
export function withhold(definition: ActionDefinition = { inputs: {}, outputs: [] }): void {
  const secrets = Object.entries(definition.inputs)
    .filter(([, input]) => input.kind === "secret")
    .map(([name]) => inputVariable(name));
  for (const name of [...ofTheJob, ...secrets]) delete process.env[name];
}

/** The variable that carries an input, by the runner's own rule: a hyphen stays. */
export function inputVariable(name: string): string {
  return `INPUT_${name.replaceAll(" ", "_").toUpperCase()}`;
}
