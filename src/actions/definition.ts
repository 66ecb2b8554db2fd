import type { z } from "zod";
import { parseDuration } from "../runner/duration.ts";
import { isExpected, messageOf, UsageError } from "../runner/errors.ts";
import { inputVariable } from "./environment.ts";

/**
 * One input of an action. `T` is what the action gets. `action.yml` states the same default and whether the
 * input is required; ci/actions.ts holds the two together.
 */
export interface Input<T> {
  kind: "text" | "choice" | "duration" | "flag" | "lines" | "secret" | "json";
  /** As written in action.yml. One with `${{` is an expression that the runner evaluates. */
  default: string | undefined;
  required: boolean;
  /** What is accepted, as a sentence of an error and of the README has it. */
  accepts: string;
  /** Given the trimmed text, which is never empty. Throws UsageError, or anything whose message says why not. */
  parse(text: string): T;
  /** Where neither the workflow nor the default says anything. */
  absent: T;
}

/** Inputs and outputs of an action, as data. */
export interface ActionDefinition {
  inputs: Readonly<Record<string, Input<unknown>>>;
  outputs: readonly string[];
}

/** What the action gets: the inputs, parsed. */
export type InputsOf<D extends ActionDefinition> = {
  readonly [Name in keyof D["inputs"]]: D["inputs"][Name] extends Input<infer T> ? T : never;
};

export function defineAction<
  const Inputs extends Readonly<Record<string, Input<unknown>>>,
  const Outputs extends readonly string[],
>(definition: { inputs: Inputs; outputs: Outputs }): { inputs: Inputs; outputs: Outputs } {
  return definition;
}

/** Any text. */
export function text(): Input<string | undefined>;
export function text(fallback: string): Input<string>;
export function text(fallback?: string): Input<string | undefined> {
  return optional("text", "any text", (given) => given, fallback);
}

/** A short name that is safe in a file name and in Markdown. */
export function name(fallback: string): Input<string> {
  const parse = (given: string) => (/^[\w.-]{1,64}$/.test(given) ? given : refuse());
  const accepts = "a name of letters, digits, dots, dashes and underscores, 64 at most";
  return { kind: "text", accepts, default: fallback, required: false, parse, absent: fallback };
}

/** One of a few words. */
export function choice<const Word extends string>(words: readonly Word[]): Input<Word | undefined>;
export function choice<const Word extends string>(
  words: readonly Word[],
  fallback: NoInfer<Word>,
): Input<Word>;
export function choice<const Word extends string>(
  words: readonly Word[],
  fallback?: Word,
): Input<Word | undefined> {
  const accepts = `one of ${words.join(", ")}`;
  const parse = (given: string) => words.find((word) => word === given) ?? refuse();
  return optional("choice", accepts, parse, fallback);
}

/** Milliseconds, written like `90s`, `10m` or `1h30m`. */
export function duration(): Input<number | undefined>;
export function duration(fallback: string): Input<number>;
export function duration(fallback?: string): Input<number | undefined> {
  return optional("duration", "a duration like 90s, 10m or 1h30m", parseDuration, fallback);
}

/** True or false, in the spellings of YAML 1.2 and no other. */
export function flag(fallback: boolean): Input<boolean> {
  const parse = (given: string) => {
    if (["true", "True", "TRUE"].includes(given)) return true;
    return ["false", "False", "FALSE"].includes(given) ? false : refuse();
  };
  const accepts = "true or false";
  return { kind: "flag", accepts, default: String(fallback), required: false, parse, absent: fallback };
}

/** Several texts, one a line; empty lines count for nothing. */
export function lines(): Input<readonly string[]> {
  const parse = (given: string) =>
    given
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
  return {
    kind: "lines",
    accepts: "one or several lines",
    default: undefined,
    required: false,
    parse,
    absent: [],
  };
}

/** A text that is masked in the log before anything else happens. With a default, it is never empty. */
export function secret(): Input<string | undefined>;
export function secret(fallback: string): Input<string>;
export function secret(fallback?: string): Input<string | undefined> {
  return optional("secret", "a secret", (given) => given, fallback);
}

/** JSON that `schema` accepts. */
export function json<T>(schema: z.ZodType<T>): Input<T | undefined> {
  const parse = (given: string) => {
    const { success, data, error } = schema.safeParse(JSON.parse(given));
    if (success) return data;
    const [issue] = error.issues;
    throw new Error(issue ? `${issue.path.join(".") || "it"}: ${issue.message}` : error.message);
  };
  return optional("json", "JSON", parse, undefined);
}

/** The same input, which the workflow has to give. */
export function required<T>(input: Input<T>): Input<NonNullable<T>> {
  return {
    ...input,
    required: true,
    default: undefined,
    parse: (given) => input.parse(given) ?? refuse(),
    absent: undefined as never, // `loadInputs` refuses what is required and absent
  };
}

/**
 * Reads the inputs as the runner hands them over (`INPUT_<NAME>`). An empty one was not given: that is what
 * an expression without a value leaves. Throws UsageError with the input, what was found, what is accepted.
 */
export function loadInputs<D extends ActionDefinition>(
  definition: D,
  environment: NodeJS.ProcessEnv,
): InputsOf<D> {
  const entries = Object.entries(definition.inputs).map(([name, input]) => [
    name,
    loadInput(name, input, environment),
  ]);
  return Object.fromEntries(entries);
}

/** The texts of the inputs that are secret, to be masked. */
export function secretsOf(definition: ActionDefinition, environment: NodeJS.ProcessEnv): string[] {
  return Object.entries(definition.inputs)
    .filter(([, input]) => input.kind === "secret")
    .map(([name]) => givenText(name, environment))
    .filter(Boolean);
}

function givenText(name: string, environment: NodeJS.ProcessEnv): string {
  return (environment[inputVariable(name)] ?? "").trim();
}

function loadInput(name: string, input: Input<unknown>, environment: NodeJS.ProcessEnv): unknown {
  const given = givenText(name, environment) || staticDefault(input);
  if (given === undefined) {
    if (!input.required && !isExpression(input.default)) return input.absent;
    throw new UsageError(`the input ${name} is empty`, { fix: `Give it ${input.accepts}.` });
  }
  try {
    return input.parse(given);
  } catch (error) {
    throw refused(name, input, given, error);
  }
}

function staticDefault(input: Input<unknown>): string | undefined {
  return isExpression(input.default) ? undefined : input.default;
}

function isExpression(text: string | undefined): boolean {
  return text?.includes("${{") ?? false;
}

/** Shown of what was found. */
const longestShown = 80;

function refused(name: string, input: Input<unknown>, given: string, cause: unknown): UsageError {
  const found = given.length > longestShown ? `${given.slice(0, longestShown)}…` : given;
  const shown = input.kind === "secret" ? "" : `: ${JSON.stringify(found)}`;
  const why = cause instanceof Refusal || isExpected(cause) ? "" : ` (${messageOf(cause)})`;
  return new UsageError(`the input ${name} is not ${input.accepts}${shown}${why}`, {
    fix: `Give it ${input.accepts}.`,
    cause,
  });
}

/** Nothing more to say than what is accepted. */
class Refusal extends Error {}

function refuse(): never {
  throw new Refusal();
}

function optional<T>(
  kind: Input<T>["kind"],
  accepts: string,
  parse: (text: string) => T,
  fallback: string | undefined,
): Input<T | undefined> {
  return { kind, accepts, default: fallback, required: false, parse, absent: undefined };
}
