import { globSync } from "node:fs";
import { packageRoot } from "../src/runner/package-root.ts";
import type { Workshop } from "./stand-in/cache.ts";
import { goTools, pythonTools } from "./tools.ts";

export interface Check {
  name: string;
  command: readonly [string, ...string[]];
}

/**
 * The checks of all that GitHub reads, for one run each, and the names of those that this machine cannot do,
 * with the reason. `dist` has to be built: actionlint looks for what an action names.
 */
export async function workflowChecks(workshop: Workshop): Promise<{ checks: Check[]; skipped: string[] }> {
  const cwd = packageRoot();
  const workflows = globSync("{.github,examples}/workflows/*.yml", { cwd }).toSorted();
  const actions = globSync(["action.yml", "actions/*/action.yml"], { cwd }).toSorted();
  const go = await goTools(workshop);
  const python = await pythonTools(workshop);
  const names = {
    actionlint: "actionlint finds nothing in the workflows",
    zizmor: "zizmor finds nothing in the workflows and actions",
    workflows: "the workflows match their schema",
    actions: "the actions match their schema",
    settings: "the settings of services match their schemas",
  };
  const checks: Check[] = [];
  const skipped: string[] = [];
  if ("unavailable" in go) skipped.push(`${names.actionlint} (${go.unavailable})`);
  else {
    // Whether shellcheck and pyflakes are installed differs from machine to machine.
    const flags = ["-config-file", ".github/actionlint.yaml", "-shellcheck=", "-pyflakes="];
    checks.push({ name: names.actionlint, command: [...go.actionlint, ...flags, ...workflows] });
  }
  if ("unavailable" in python) {
    const missing = [names.zizmor, names.workflows, names.actions];
    skipped.push(...missing.map((name) => `${name} (${python.unavailable})`));
    return { checks, skipped };
  }
  const pedantic = ["--persona", "pedantic", "--offline", "--no-progress", "--config", ".github/zizmor.yml"];
  checks.push({ name: names.zizmor, command: [...python.zizmor, ...pedantic, ...workflows, ...actions] });
  const matches = (schema: string, files: readonly string[]): Check["command"] => [
    ...python["check-jsonschema"],
    "--builtin-schema",
    `vendor.${schema}`,
    ...files,
  ];
  checks.push({ name: names.workflows, command: matches("github-workflows", workflows) });
  checks.push({ name: names.actions, command: matches("github-actions", actions) });
  for (const [schema, pattern] of [
    ["renovate", "{renovate.json,.github/renovate.json}"],
    ["dependabot", ".github/dependabot.yml"],
  ] as const) {
    const files = globSync(pattern, { cwd });
    if (files.length > 0)
      checks.push({ name: `${names.settings}: ${schema}`, command: matches(schema, files) });
  }
  return { checks, skipped };
}
