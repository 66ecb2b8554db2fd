import type { GitHubContext } from "../github/context.ts";
import type { Annotation } from "../report/annotations.ts";
import type { Console } from "../report/plain-console.ts";
import type { ActionDefinition, InputsOf } from "./definition.ts";

/** What GitHub Actions is to the `post` step of an action. */
export interface PostEdge {
  /** As the runner started this; what no subprocess shall see is gone from `process.env`, not from here. */
  environment: NodeJS.ProcessEnv;
  /** Plain lines; `warn` is an annotation too, `debug` shows where the run has debug logging on. */
  log: Console;
  /** Aborts when the run is cancelled, with an InfrastructureError; ten seconds later the runner kills. */
  signal: AbortSignal;
  /** What the action saved for its `post` step; undefined where it did not get that far. */
  state(name: string): string | undefined;
  /** Fails the step with one line; what was to be said otherwise may still follow. The exit code is 1 by default. */
  fail(message: string, exitCode?: number): void;
}

/** What GitHub Actions is to an action with these inputs and outputs. */
export interface Edge<Inputs, Output extends string> extends PostEdge {
  inputs: Inputs;
  context: GitHubContext;
  setOutput(name: Output, value: string): void;
  /** For the `post` step of this very action. */
  saveState(name: string, value: string): void;
  /** On file and line, as many as GitHub shows. */
  annotate(annotations: readonly Annotation[]): void;
  /** A line of the log, whatever its origin. */
  print(line: string): void;
  /** Lines that the log shows folded. */
  group(title: string, lines: readonly string[]): void;
  /** Adds to the step's summary. Never throws: a summary changes no result. */
  writeSummary(markdown: string): Promise<void>;
}

/** The same for the action that `D` defines. */
export type ActionEdge<D extends ActionDefinition> = Edge<InputsOf<D>, D["outputs"][number]>;
