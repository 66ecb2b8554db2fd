import { z } from "zod";
import { configSchema } from "./config-schema.ts";
import { either, nearest } from "./nearest.ts";
import { mapping } from "./untyped.ts";

export interface ExplainedIssue {
  /** The key at fault. */
  path: PropertyKey[];
  message: string;
  fix: string | undefined;
}

/** Says of the first thing that is wrong with a configuration what was found and what is accepted. */
export function explainIssue(issue: z.core.$ZodIssue | undefined, config: unknown): ExplainedIssue {
  if (!issue) throw new Error("a refused configuration without an issue");
  if (issue.code === "unrecognized_keys") return explainKey(issue.path, issue.keys[0] ?? "");
  const found = valueAt(config, issue.path);
  const key = issue.path.length === 0 ? "the configuration" : dotted(issue.path);
  if (issue.code === "invalid_value") {
    const accepted = issue.values.map(String);
    const [near] = nearest(String(found), accepted, 1);
    return {
      path: issue.path,
      message: `${key} is ${describe(found)}; accepted is ${either(accepted)}`,
      fix: near === undefined ? undefined : `Did you mean ${near}?`,
    };
  }
  const fix =
    typeof found === "number" && issue.code === "invalid_type" ? numberFix(issue.message) : undefined;
  // Somebody may have written the password itself.
  const isSecret = /From$/.test(String(issue.path.at(-1)));
  const shown = isSecret && found !== undefined ? "something else" : describe(found);
  return { path: issue.path, message: `${key} is ${shown}; accepted is ${issue.message}`, fix };
}

function explainKey(path: readonly PropertyKey[], key: string): ExplainedIssue {
  const all = dottedKeys(z.toJSONSchema(configSchema, { io: "input" }));
  const prefix = path.length === 0 ? "" : `${dotted(path)}.`;
  const siblings = all.filter((one) => one.startsWith(prefix) && !one.slice(prefix.length).includes("."));
  const names = siblings.map((one) => one.slice(prefix.length));
  const [near] = nearest(key, names, 1);
  const elsewhere = all.filter((one) => one !== `${prefix}${key}` && one.split(".").at(-1) === key);
  return {
    path: [...path, key],
    message: `${prefix}${key} is not a key`,
    fix:
      near !== undefined
        ? `Did you mean ${prefix}${near}?`
        : elsewhere.length > 0
          ? `Did you mean ${either(elsewhere)}?`
          : `The keys here are ${names.join(", ")}.`,
  };
}

function dottedKeys(schema: unknown, prefix = ""): string[] {
  return Object.entries(mapping(mapping(schema).properties)).flatMap(([key, value]) => [
    `${prefix}${key}`,
    ...dottedKeys(value, `${prefix}${key}.`),
  ]);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

function describe(found: unknown): string {
  if (found === null || found === undefined) return "empty";
  if (Array.isArray(found)) return found.length === 0 ? "an empty list" : "a list";
  if (typeof found === "object") return "a mapping";
  return typeof found === "string" ? `"${found}"` : `the ${typeof found} ${found}`;
}

function numberFix(accepted: string): string | undefined {
  if (accepted.includes("duration")) return "Add its unit: ms, s, m or h.";
  return accepted.includes("quotes") ? "Put it in quotes." : undefined;
}

/** `argocd.version`, `roots[1]`. */
export function dotted(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");
}
